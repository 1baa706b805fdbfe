"""The pages of a running service in headless Chromium: accessibility (axe-core), width, keyboard, search, and a call from the page.

usage: pages.py URL [FOLDER]   (TOKEN in the environment; screenshots go to FOLDER)

Speaks WebDriver to chromedriver directly. Every page is seen at 1280 and at 390 pixels, light and dark, with all its parts open.
"""

import base64
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

import axe_playwright_python
import requests

AXE = (pathlib.Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")
WAIT_S = 60
# Words that stand in texts, paths or with other accents, and what has to be found.
SEARCHES = (
    ("estorno", "/docs#estornarLancamento"), ("registrarlote", "/docs#registrarLote"), ("LOTE", "/docs#registrarLote"),
    ("duravel", "/docs/guias/acompanhar-sem-perder"), ("401", "/problemas#nao-autenticado"), ("token", "/docs#autenticacao"),
    ("webhook", "/docs/eventos#lancamentosRegistrados"), ("TRNAMT", "/docs/guias/importar-arquivo"),
    ("idempotência", "/docs/guias/repetir-com-seguranca"), ("retry", "/docs/guias/repetir-com-seguranca"),
    ("saldo", "/docs#saldoDoDia"), ("extrato", "/docs#listarLancamentos"),
)
ENTER, TAB, ESCAPE = "\ue007", "\ue004", "\ue00c"


class Browser:
    def __init__(self, driver, profile):
        self.driver = driver
        options = {
            "binary": next(path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if os.path.exists(path)),
            # Root cannot use the sandbox; only our own pages are opened.
            "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", f"--user-data-dir={profile}"],
        }
        capabilities = {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}
        answer = requests.post(f"{driver}/session", json={"capabilities": capabilities}, timeout=60).json()["value"]
        if "sessionId" not in answer:
            sys.exit(f"chromium did not start: {answer}")
        self.session = f"{driver}/session/{answer['sessionId']}"
        self.call("timeouts", {"script": 120_000})

    def call(self, path, body=None):
        answer = requests.post(f"{self.session}/{path}", json=body or {}, timeout=150)
        value = answer.json()["value"]
        if answer.status_code != 200:
            sys.exit(f"{path}: {value['message']}")
        return value

    def end(self):
        requests.delete(self.session, timeout=30)

    def tool(self, command, **parameters):
        return self.call("goog/cdp/execute", {"cmd": command, "params": parameters})

    def show(self, width, scheme):
        self.tool("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        self.tool("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, url):
        # An address that differs in its fragment alone would not be loaded again.
        self.call("url", {"url": "about:blank"})
        self.call("url", {"url": url})

    def run(self, script, *arguments):
        return self.call("execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script, what):
        end = time.monotonic() + WAIT_S
        while not (value := self.run(f"return {script}")):
            if time.monotonic() > end:
                shown = self.run("return document.body.innerText")
                sys.exit(f"not within {WAIT_S} s: {what}\nThe page shows:\n{shown[:4000]}")
            time.sleep(0.05)
        return value

    def keys(self, *keys):
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def messages(self):
        log = self.call("se/log", {"type": "browser"})
        return [entry["message"] for entry in log if entry["level"] in ("SEVERE", "WARNING")]

    def axe(self, passes_min=20):
        # Of rules that hold, axe reports one element only.
        script = AXE + "; axe.run({ resultTypes: ['violations'] }).then(arguments[0]);"
        results = self.call("execute/async", {"script": script, "args": []})
        assert len(results["passes"]) > passes_min, "axe has checked nothing"
        return results["violations"]

    def shoot(self, path):
        answer = requests.get(f"{self.session}/screenshot", timeout=60)
        path.write_bytes(base64.b64decode(answer.json()["value"]))

    def findings(self, place):
        """What is wrong with the page as it is shown now: its width, and the violations that axe reports."""
        found = []
        wide = self.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            found.append(f"{place}: {wide} pixels wider than the window")
        for violation in self.axe():
            nodes = [node["html"][:160] for node in violation["nodes"][:3]]
            found.append(f"{place}: {violation['id']} ({len(violation['nodes'])}): {violation['help']}: {nodes}")
        return found


def look(browser, url, pages, folder):
    """Every page at every width and in every scheme."""
    found = []
    for scheme in SCHEMES:
        for width in WIDTHS:
            browser.show(width, scheme)
            for page in pages:
                place = f"{page} at {width}, {scheme}"
                browser.open(url + page)
                if folder:
                    browser.shoot(pathlib.Path(folder) / f"{page.strip('/').replace('/', '-')}-{width}-{scheme}.png")
                browser.run("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
                found += browser.findings(place)
                found += [f"{place}: {message}" for message in browser.messages() if "favicon" not in message]
    return found


def use(browser, url):
    """What people do with the pages, with the keyboard."""
    browser.show(1280, "light")
    browser.open(url + "/docs/eventos")
    browser.keys(TAB)
    assert browser.run("return document.activeElement.className") == "skip", "the first stop is no way past the contents"
    browser.keys("/")
    assert browser.run("return document.activeElement.id") == "busca", "/ does not lead to the search"
    options = "[...document.querySelectorAll('#achados [role=option]')].map((option) => option.entry)"
    search = "const field = document.getElementById('busca'); field.value = arguments[0]; field.dispatchEvent(new Event('input'))"
    for words, path in SEARCHES:
        browser.run(f"document.getElementById('achados').replaceChildren(); {search}", words)
        found = browser.wait(f"{options}.length && {options}", f"results of {words}")
        assert any(entry["p"] == path for entry in found), f"{words}: {found}"
        assert len({entry["t"] for entry in found if entry["k"] != "titulo"}) == sum(entry["k"] != "titulo" for entry in found), found
        # A member of just this name precedes headings that only mention it.
        others = [entry for entry in found if entry["k"] == "titulo" or entry["plain"] != words.lower()]
        assert sorted(others, key=lambda entry: entry["k"] != "titulo") == others, f"{words}: members before headings: {others}"
    browser.run(search, "")
    browser.keys(*"saldo_final")
    # Results of the first letters alone are shown meanwhile.
    browser.wait("document.querySelector('#achados [role=option]')?.textContent.includes('saldo_final')", "results of a search")
    browser.keys(ENTER)
    browser.wait("location.pathname.endsWith('/docs') && location.hash.endsWith('.saldo_final')", "the page of a result")
    shown = "document.getElementById(decodeURIComponent(location.hash.slice(1)))"
    browser.wait(f"{shown} && {shown}.checkVisibility()", "a result that is shown")

    browser.show(390, "light")
    browser.open(url + "/docs")
    visible = "getComputedStyle(document.querySelector('.contents')).display !== 'none'"
    assert not browser.run(f"return {visible}"), "the contents cover a phone"
    browser.run("document.querySelector('.menu').click()")
    browser.wait(visible, "the menu")
    browser.keys(ESCAPE)
    browser.wait(f"!({visible})", "the end of the menu")


def call(browser, url, token):
    """A call from the page, with a token that nothing keeps."""
    browser.show(1280, "light")
    browser.open(url + "/docs")
    form = "document.querySelector('#registrarLancamento').closest('article').querySelector('.try form')"
    send = f"{form}.closest('details').open = true; {form}.querySelector('button').click()"
    key = f"{form}.querySelector('[name=Idempotency-Key]').value = arguments[0]"
    status = f"{form}.querySelector('.answer strong')?.textContent"
    browser.run(send)
    assert browser.wait(status, "an answer").startswith("401"), "a call without a token"
    browser.run("document.getElementById('token').value = arguments[0]", token)
    for expected in ("201", "200"):
        browser.run(f"{key}; {form}.querySelector('.answer').replaceChildren(); {send}", f"pagina-{browser.session[-8:]}")
        answer = browser.wait(status, "an answer")
        assert answer.startswith(expected), f"{answer}, not {expected}"
    kept = "return [localStorage.length, sessionStorage.length, document.cookie, location.href.includes(arguments[0])]"
    assert browser.run(kept, token) == [0, 0, "", False], "the token was stored"
    browser.call("refresh")
    assert browser.run("return document.getElementById('token').value") == "", "the token outlives the page"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def started():
    port = free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = ["chromedriver", f"--port={port}", "--log-level=WARNING"]
        # In a group of its own, so that the browser's processes end with it.
        driver = subprocess.Popen(command, env=os.environ | {"HOME": folder, "TMPDIR": folder}, start_new_session=True)
        try:
            end = time.monotonic() + WAIT_S
            while True:
                try:
                    requests.get(f"http://127.0.0.1:{port}/status", timeout=5)
                    break
                except requests.ConnectionError:
                    if time.monotonic() > end:
                        sys.exit("chromedriver does not answer")
                    time.sleep(0.1)
            browser = Browser(f"http://127.0.0.1:{port}", f"{folder}/profile")
            yield browser
            browser.end()
        finally:
            # SIGTERM may be blocked, which processes inherit.
            os.killpg(driver.pid, signal.SIGKILL)
            driver.wait(30)


def main(url, folder=None):
    index = requests.get(f"{url}/docs/busca.json", timeout=30).json()
    pages = list(dict.fromkeys(entry["p"].split("#")[0] for entry in index))
    assert len(pages) >= 10, pages
    with started() as browser:
        use(browser, url)
        call(browser, url, os.environ["TOKEN"])
        # The form is tried without a token on purpose, and the browser reports the 401.
        browser.messages()
        found = look(browser, url, pages, folder)
    if found:
        sys.exit(f"{len(found)} findings:\n" + "\n".join(found))
    print(json.dumps({"pages": len(pages), "views": len(pages) * len(WIDTHS) * len(SCHEMES), "findings": 0}))


if __name__ == "__main__":
    main(*sys.argv[1:])
