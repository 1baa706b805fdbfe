"""The merchant's page in headless Chromium, used with clicks and keys as a person does, beside the API's own answers.

usage: painel.py [FOLDER]   (LANCAMENTOS_URL, CONSOLIDADO_URLS, TOKEN and AUTH_HS256_SECRET in the environment, as in
.local/endpoints.env; screenshots go to FOLDER)

The page's origin has to be allowed by lancamentos (http.cors.origens). Entries are registered in accounts of this run.
"""

import base64
import datetime
import decimal
import hashlib
import hmac
import json
import os
import pathlib
import re
import sys
import tempfile
import time
import uuid
import zoneinfo

import requests
from pages import ENTER, SCHEMES, TAB, WIDTHS, started

LANCAMENTOS = os.environ["LANCAMENTOS_URL"]
CONSOLIDADOS = os.environ["CONSOLIDADO_URLS"].split(",")
CONSOLIDADO = CONSOLIDADOS[0]
TOKEN = os.environ["TOKEN"]
SCOPES = "lancamentos:escrever lancamentos:ler consolidado:ler"
TODAY = datetime.datetime.now(zoneinfo.ZoneInfo("America/Sao_Paulo")).date()
ACCOUNT = f"painel{uuid.uuid4().hex[:8]}.loja"
VIEWS = ("mes", "lancamentos", "categorias", "contas", "registrar", "importar")
HOSTILE = "<img src=x onerror=\"window.ran=1\">"
TURNED = "abc\u202eotxet"
# Less than the 10 s after which the page looks again without the stream.
LIVE_MAX_S = 5
FULL_DAY_ENTRIES = 20_000
LOTE_ENTRIES = 10_000
FIRST_ROWS_MAX_S = 60
SEARCH_MAX_S = 120
HOME, RIGHT = "\ue011", "\ue014"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def token(seconds, scope=SCOPES, contas=("*",)):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    claims = {"sub": "painel", "contas": list(contas), "scope": scope, "exp": int(time.time()) + seconds}
    signed = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
    key = os.environ["AUTH_HS256_SECRET"].encode()
    return (signed + b"." + part(hmac.digest(key, signed, hashlib.sha256))).decode()


def ask(url, **query):
    answer = requests.get(url, params=query, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer


def register(key=None, **entry):
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key or uuid.uuid4().hex}
    answer = requests.post(f"{LANCAMENTOS}/v1/lancamentos", json={"conta": ACCOUNT} | entry, headers=headers, timeout=60)
    assert answer.status_code == 201, answer.text
    return answer.json()


def consolidated(ids):
    """Waits until the entries are in the balances."""
    for start in range(0, len(ids), 60):
        headers = {"Authorization": f"Bearer {TOKEN}", "Prefer": "wait=30"}
        query = {"conta": ACCOUNT, "apos": ",".join(ids[start:start + 60])}
        answer = requests.get(f"{CONSOLIDADO}/v1/consolidados/{TODAY}", params=query, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text


def month(day):
    first = day.replace(day=1)
    return first, (first + datetime.timedelta(days=32)).replace(day=1) - datetime.timedelta(days=1)


def reais(text):
    """An amount of the API as the page writes it, without the signs before it."""
    whole, cents = text.lstrip("-").split(".")
    groups = [whole[max(0, end - 3):end] for end in range(len(whole), 0, -3)]
    return f"R$\u00a0{'.'.join(reversed(groups))},{cents}"


def seen(text):
    """An amount as a text of the page: with the sign that the eye sees."""
    return ("\u2212" if text.startswith("-") else "") + reais(text)


class Person:
    """Someone before the page."""

    def __init__(self, browser, downloads):
        self.browser = browser
        self.downloads = pathlib.Path(downloads)
        browser.tool("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))

    def open(self, view, **query):
        pairs = "&".join(f"{name}={value}" for name, value in query.items())
        self.browser.run("location.hash = '#/none'")
        self.browser.run("location.hash = arguments[0]", f"#/{view}?{pairs}")
        titles = {"mes": "", "lancamentos": "Lançamentos", "categorias": "Categorias", "contas": "Contas", "registrar": "Registrar",
                  "importar": "Importar"}
        self.browser.wait(f"document.querySelector('nav [aria-current]')?.hash.startsWith('#/{view}') && "
                          f"document.querySelector('h1').textContent.startsWith('{titles[view]}')", f"the view {view}")

    def find(self, script, what):
        return self.browser.wait(script, what)[ELEMENT]

    def click(self, script, what):
        """Clicks an element. A change that arrives meanwhile may have replaced it: then it is found again."""
        for last in (False, False, False, True):
            try:
                return self.browser.call(f"element/{self.find(script, what)}/click")
            except SystemExit as error:
                if last or "stale element" not in str(error.code):
                    raise

    def button(self, text, within="document"):
        self.click(f"[...{within}.querySelectorAll('button, a')].find((one) => one.textContent.startsWith('{text}') && !one.disabled)", text)

    def field(self, label):
        return self.find(f"[...document.querySelectorAll('label')].find((one) => one.textContent === '{label}')?.control", label)

    def write(self, label, text):
        field = self.field(label)
        self.browser.call(f"element/{field}/clear")
        self.browser.call(f"element/{field}/value", {"text": text})

    def tab_to(self, script, what):
        for _ in range(60):
            self.browser.keys(TAB)
            if self.browser.run(f"return document.activeElement === ({script})"):
                return
        sys.exit(f"the keyboard does not lead to {what}")

    def text(self, selector="main"):
        return self.browser.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def download(self, name):
        """The file that the page hands over by its button, which keeps the focus."""
        self.button("Baixar CSV")
        end = time.monotonic() + 30
        while not (file := self.downloads / name).exists() and time.monotonic() < end:
            time.sleep(0.1)
        focused = "document.activeElement.textContent === 'Baixar CSV' && !document.activeElement.hasAttribute('aria-disabled')"
        self.browser.wait(focused, "the button that asked for the file, with the focus")
        return file.read_bytes()

    def see(self, text, selector="main"):
        self.browser.wait(f"document.querySelector('{selector}')?.innerText.includes({json.dumps(text)})", f"{text} in {selector}")


def prepare():
    """Some days of a shop."""
    ids = []
    for back in range(0, 70, 7):
        day = str(TODAY - datetime.timedelta(days=back))
        ids.append(register(tipo="credito", valor=f"{1000 + back}.50", data=day, descricao="Vendas", categoria="vendas")["id"])
        ids.append(register(tipo="debito", valor=f"{200 + 11 * back}.25", data=day, descricao="Mercadoria", categoria="compras")["id"])
    yesterday = str(TODAY - datetime.timedelta(days=1))
    ids.append(register(tipo="debito", valor="9999.99", data=yesterday, descricao=HOSTILE, categoria="<b>aluguel</b>")["id"])
    ids.append(register(tipo="credito", valor="0.01", data=yesterday, descricao=TURNED)["id"])
    consolidated(ids)


def sign_in(person):
    browser = person.browser
    browser.open(f"{CONSOLIDADO}/")
    browser.wait("location.pathname.endsWith('/painel')", "the page behind /")
    browser.wait("document.querySelector('dialog[open] textarea')", "the question for a token")
    assert not browser.axe(passes_min=8), "findings in the sign-in"
    person.write("Token de acesso", "nada")
    person.button("Entrar")
    person.see("não foi aceito", "dialog")
    person.write("Token de acesso", TOKEN)
    person.button("Entrar")
    browser.wait("document.querySelector('main table')", "the month")
    kept = "return [localStorage.length, document.cookie, location.href.includes(arguments[0])]"
    assert browser.run(kept, TOKEN) == [0, "", False], "the token left the tab's session"
    # The link of `up`: nothing of it stays in the address.
    browser.open(f"{CONSOLIDADO}/painel#token={TOKEN}")
    browser.wait("document.querySelector('main table')", "the month behind the link")
    assert browser.run(kept, TOKEN) == [0, "", False], "the token stayed in the address"
    browser.call("refresh")
    browser.wait("document.querySelector('main table')", "the month after a reload")


def see_month(person):
    browser = person.browser
    person.open("mes", conta=ACCOUNT)
    first, last = month(TODAY)
    person.see("Saldo final")
    expected = ask(f"{CONSOLIDADO}/v1/consolidados", conta=ACCOUNT, de=first, ate=last).json()
    browser.wait(f"document.querySelectorAll('main tbody tr').length === {len(expected['dias'])}", "a row for each day")
    cells = browser.run("return [...document.querySelectorAll('main tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent))")
    for row, day in zip(cells, expected["dias"], strict=True):
        shown = [row[1], row[2], row[3], row[5]]
        wanted = [day["saldo_inicial"], day["total_creditos"], day["total_debitos"], day["saldo_final"]]
        assert [text.replace("menos ", "") for text in shown] == [seen(amount) for amount in wanted], (row, day)
    cards = browser.run("return [...document.querySelectorAll('.cards .big')].map((one) => one.textContent.replace('menos ', ''))")
    totals = expected["totais"]
    assert cards[0] == seen(totals["saldo_inicial"]) and cards[1] == seen(totals["total_creditos"]), cards
    assert cards[2] == seen(totals["total_debitos"]) and cards[4] == seen(totals["saldo_final"]), cards
    previous = month(first - datetime.timedelta(days=1))
    answer = ask(f"{CONSOLIDADO}/v1/consolidados", conta=ACCOUNT, de=previous[0], ate=previous[1]).json()
    before = decimal.Decimal(answer["totais"]["total_creditos"])
    change = decimal.Decimal(totals["total_creditos"]) - before
    compared = browser.run("return document.querySelectorAll('.cards .compared')[1].textContent")
    share = re.search(r"([0-9.]+(?:,[0-9]+)?)% a (mais|menos)", compared)
    assert before > 0 and (share is None) == (change == 0), (compared, before, change)
    if share:
        percent, exact = decimal.Decimal(share[1].replace(".", "").replace(",", ".")), 100 * abs(change) / before
        # Three digits are shown.
        assert abs(percent - exact) <= exact / 190 and share[2] == ("mais" if change > 0 else "menos"), (compared, before, change)

    assert person.download(f"saldos-{first}-a-{last}.csv").count(b"\r\n") == len(expected["dias"]) + 1, "the CSV of the month"

    # The chart, with the keyboard alone.
    person.tab_to("document.querySelector('.chart')", "the chart")
    browser.keys(HOME)
    for day in expected["dias"]:
        figures = browser.run("return document.querySelector('.figures').textContent")
        wanted = [f"entradas {seen(day['total_creditos'])}", f"saídas {seen(day['total_debitos'])}", f"saldo {seen(day['saldo_final'])}"]
        assert all(text in figures for text in wanted), (figures, day)
        browser.keys(RIGHT)
    heights = browser.run("return [...document.querySelectorAll('rect.in')].map((bar) => Number(bar.getAttribute('height')))")
    inflows = [float(day["total_creditos"]) for day in expected["dias"]]
    # Bars below half a pixel are not drawn.
    largest = max(inflows)
    tallest = max(heights)
    drawn = [value for value in inflows if value / largest * tallest > 1]
    assert len(heights) >= len(drawn) > 0
    for value, height in zip(drawn, heights, strict=False):
        assert abs(value / largest - height / tallest) < 0.02, (value, height)
    browser.keys(HOME, ENTER)
    browser.wait("location.hash.startsWith('#/lancamentos')", "the entries of a day, by Enter")
    assert f"de={first}" in browser.run("return location.hash")

    person.open("mes", conta=ACCOUNT, ano=TODAY.year, agrupar="mes")
    browser.wait("document.querySelectorAll('main tbody tr').length === 12", "a row for each month")
    person.open("mes", conta=ACCOUNT, ano=TODAY.year, agrupar="semana")
    browser.wait("document.querySelectorAll('main tbody tr').length >= 52", "a row for each week")


def print_month(person):
    """Paper names the account, and has the whole chart and one total, after the days."""
    browser = person.browser
    person.open("mes", conta=ACCOUNT)
    person.see("Saldo final")
    browser.run("""
        addEventListener('beforeprint', () => {
            window.drawn = document.querySelector('.chart svg').viewBox.baseVal.width;
            window.named = document.getElementById('impresso').textContent;
        }, { once: true });
    """)
    screen = browser.run("return document.querySelector('.chart svg').viewBox.baseVal.width")
    browser.tool("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)
    drawn, named = browser.run("return [window.drawn, window.named]")
    assert 600 < drawn < 720 < screen, (drawn, screen)
    assert ACCOUNT in named and TODAY.strftime("%d/%m/%Y") in named, named
    after = browser.run("return document.querySelector('.chart svg').viewBox.baseVal.width")
    assert after == screen, f"the chart of the screen has {after} of {screen} after the print"
    browser.tool("Emulation.setEmulatedMedia", media="print")
    try:
        shown = browser.run("return getComputedStyle(document.querySelector('tfoot')).display")
        assert shown == "table-row-group", "the total is at the foot of each page"
    finally:
        browser.tool("Emulation.setEmulatedMedia", media="")


def see_change(person):
    """An entry registered elsewhere shows without a reload, on the page of each instance. Returns how long it takes, in seconds."""
    browser = person.browser
    times = []
    for url in reversed(CONSOLIDADOS):
        browser.open(f"{url}/painel#token={TOKEN}")
        browser.wait("document.querySelector('main table')", "the month")
        person.open("mes", conta=ACCOUNT)
        browser.wait("document.getElementById('ao-vivo').textContent === 'Ao vivo'", "the stream")
        person.see("Saldo final")
        browser.run("window.stayed = true")
        before = ask(f"{url}/v1/consolidados/{TODAY}", conta=ACCOUNT).json()
        start = time.monotonic()
        entry = register(tipo="credito", valor="77.77", descricao="De outro lugar")
        credits = f"{decimal.Decimal(before['total_creditos']) + decimal.Decimal('77.77')}"
        browser.wait(
            f"[...document.querySelectorAll('tr.today td')].some((cell) => cell.textContent === '{reais(credits)}')", "the new entry")
        times.append(round(time.monotonic() - start, 2))
        assert times[-1] < LIVE_MAX_S, f"{url} showed the entry after {times[-1]} s"
        assert browser.run("return window.stayed"), "the page was loaded again"
        consolidated([entry["id"]])
    return times


def see_registered(person):
    """Waits for the balance after the entry. A service that is held up answers that the outcome is unknown: then the form is sent again,
    as the page asks."""
    unknown = "document.querySelector('form').textContent.includes('Não se sabe se foi registrado')"
    shown = "document.querySelector('form').textContent.includes('Saldo em')"
    person.browser.wait(f"{shown} || {unknown}", "the balance after the entry")
    if person.browser.run(f"return {unknown}"):
        person.button("Registrar", "document.querySelector('form')")
        person.see("Saldo em", "form")


def fill_form(person):
    browser = person.browser
    person.open("registrar", conta=ACCOUNT)
    person.write("Conta", "não vale!")
    person.write("Valor", "abc")
    person.button("Registrar", "document.querySelector('form')")
    person.see("1.234,56", "form")
    assert browser.run("return document.activeElement.getAttribute('aria-invalid')") == "true", "the field with the fault has no focus"
    person.write("Valor", "1.234,56")
    person.button("Registrar", "document.querySelector('form')")
    browser.wait("document.querySelector('[name=conta]').getAttribute('aria-invalid') === 'true'", "the service's fault beside its field")
    assert browser.run("return document.querySelector('[name=valor]').value") == "1.234,56", "typed text was lost"

    # The access ends while someone types.
    browser.open(f"{CONSOLIDADO}/painel#token={token(6)}")
    person.open("registrar", conta=ACCOUNT)
    person.write("Valor", "1.234,56")
    person.write("Descrição", "Venda no balcão")
    browser.wait("document.querySelector('dialog[open] textarea')", "the question after the token's end")
    person.write("Token de acesso", token(3600))
    person.button("Entrar")
    browser.wait("!document.querySelector('dialog')", "the end of the question")
    assert browser.run("return document.querySelector('[name=descricao]').value") == "Venda no balcão", "typed text was lost"

    button = person.find("document.querySelector('form [type=submit]')", "the button")
    point = {"type": "pointer", "id": "mouse", "actions": [
        {"type": "pointerMove", "origin": {ELEMENT: button}, "x": 0, "y": 0}, *[
            {"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp", "pointerDown", "pointerUp")]]}
    browser.call("actions", {"actions": [point]})
    see_registered(person)
    found = ask(f"{LANCAMENTOS}/v1/lancamentos", conta=ACCOUNT, limite=500).json()["itens"]
    made = [entry for entry in found if entry.get("descricao") == "Venda no balcão"]
    assert len(made) == 1 and made[0]["valor"] == "1234.56", made
    assert made[0]["chave"].startswith("painel-"), made


def see_entries(person):
    browser = person.browser
    first = TODAY - datetime.timedelta(days=90)
    query = {"conta": ACCOUNT, "de": str(first), "ate": str(TODAY)}
    person.open("lancamentos", **query)
    entries = ask(f"{LANCAMENTOS}/v1/lancamentos", **query, ordem="data", limite=500).json()["itens"]
    browser.wait(f"document.querySelectorAll('main tbody tr').length === {len(entries)}", "every entry")
    balance = 0
    for entry in reversed(entries):
        balance += round(float(entry["valor"]) * 100) * (1 if entry["tipo"] == "credito" else -1)
        entry["saldo"] = f"{'-' if balance < 0 else ''}{abs(balance) // 100}.{abs(balance) % 100:02}"
    rows = browser.run("return [...document.querySelectorAll('main tbody tr')].map((row) => row.lastElementChild.textContent.replace('menos ', ''))")
    assert rows == [seen(entry["saldo"]) for entry in entries], "running balances"

    assert browser.run("return window.ran") is None and browser.run("return document.querySelectorAll('main img').length") == 0
    texts = browser.run("return [...document.querySelectorAll('main tbody bdi')].map((one) => one.textContent)")
    assert HOSTILE in texts and TURNED in texts, "texts of others are shown as they are"

    # Two filters, written one directly after the other.
    browser.run("""
        for (const [label, text] of [['Categoria', 'vendas'], ['Texto', 'Vendas']]) {
            const field = [...document.querySelectorAll('label')].find((one) => one.textContent === label).control;
            field.value = text;
            field.dispatchEvent(new Event('input', { bubbles: true }));
        }
    """)
    browser.wait("location.hash.includes('categoria=vendas') && location.hash.includes('texto=Vendas')", "both filters in the address")
    person.open("lancamentos", **query)

    person.write("Texto", "balcao")
    browser.wait("document.querySelectorAll('main tbody tr').length === 1", "the filtered list")
    person.see("Venda no balcão")
    browser.call("refresh")
    browser.wait("document.querySelectorAll('main tbody tr').length === 1", "the filter in the address")

    person.button("Venda no balcão")
    person.see("painel-", "dialog")
    person.button("Estornar")
    person.see("Estornar este lançamento?", "dialog")
    assert not browser.axe(passes_min=8), "findings in the dialog"
    assert browser.run("return document.activeElement.textContent") == "Não", "the safe answer has no focus"
    person.button("Sim, estornar")
    person.see("Estornado.", "dialog")
    person.button("Fechar")
    found = ask(f"{LANCAMENTOS}/v1/lancamentos", conta=ACCOUNT, limite=500).json()["itens"]
    assert sum("estornado_por" in entry for entry in found) == sum("estorno_de" in entry for entry in found) == 1, "the reversal"

    person.open("lancamentos", **query)
    shown = person.download(f"lancamentos-{query['de']}-a-{query['ate']}.csv")
    expected = requests.get(
        f"{LANCAMENTOS}/v1/lancamentos", params=query | {"ordem": "data", "separador": "ponto-e-virgula"},
        headers={"Authorization": f"Bearer {TOKEN}", "Accept": "text/csv"}, timeout=60).content
    assert shown == expected and expected.count(b"\r\n") > 20, "the CSV of the page is not the API's"


def correct_entry(person):
    """A wrong amount: the entry is reversed on its own day, and the form holds everything of it."""
    day = str(TODAY - datetime.timedelta(days=2))
    wrong = register(tipo="debito", valor="1500.00", data=day, descricao="Conta de luz", categoria="energia", referencia="NF 7")
    person.open("lancamentos", conta=ACCOUNT, de=day, ate=day)
    person.button("Conta de luz")
    person.button("Corrigir", "document.querySelector('dialog')")
    person.see("Corrigir este lançamento?", "dialog")
    person.button("Sim, estornar e corrigir")
    person.see("O lançamento errado foi estornado.", "form")
    person.write("Valor", "150,00")
    person.button("Registrar", "document.querySelector('form')")
    see_registered(person)
    assert "valor=" not in person.browser.run("return location.hash"), "a reload brings back what is registered"
    found = ask(f"{LANCAMENTOS}/v1/lancamentos", conta=ACCOUNT, de=day, ate=day, limite=500).json()["itens"]
    reversal, = [entry for entry in found if entry.get("estorno_de") == wrong["id"]]
    assert reversal["descricao"] == "Estorno: Conta de luz", reversal
    right, = [entry for entry in found if entry["valor"] == "150.00"]
    kept = ("conta", "tipo", "data", "descricao", "categoria", "referencia", "natureza")
    assert [right[name] for name in kept] == [wrong[name] for name in kept], (right, wrong)


def see_more(person):
    """More entries than are shown at first: the first one that the button brings has its focus."""
    account, count = ACCOUNT.replace(".loja", ".muitos"), 150
    entry = {"conta": account, "tipo": "credito", "valor": "1.00", "data": str(TODAY)}
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/x-ndjson"}
    answer = requests.post(f"{LANCAMENTOS}/v1/lancamentos/lote", data="\n".join([json.dumps(entry)] * count), headers=headers, timeout=60)
    assert answer.text.count('"status":201') == count, answer.text
    person.open("lancamentos", conta=account, de=TODAY, ate=TODAY)
    person.browser.wait("document.querySelectorAll('main tbody tr').length === 100", "the newest entries")
    person.button("Mostrar mais")
    person.browser.wait(f"document.querySelectorAll('main tbody tr').length === {count}", "every entry")
    place = person.browser.run("return [...document.querySelectorAll('main tbody .link')].indexOf(document.activeElement)")
    assert place == 100, f"the focus is at {place}"


def fill_day(account, day):
    """Registers so many entries of one day that no list can show them all, and waits until they are in the balance."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/x-ndjson"}
    lines = [json.dumps({
        "conta": account, "tipo": "debito" if number % 3 == 0 else "credito", "valor": f"{1 + number % 977}.{number % 100:02}",
        "data": str(day), "descricao": f"Venda {number}"}) for number in range(FULL_DAY_ENTRIES)]
    for start in range(0, FULL_DAY_ENTRIES, LOTE_ENTRIES):
        body = "\n".join(lines[start:start + LOTE_ENTRIES])
        answer = requests.post(f"{LANCAMENTOS}/v1/lancamentos/lote", data=body, headers=headers, timeout=300)
        assert answer.text.count('"status":201') == LOTE_ENTRIES, answer.text[:500]
    end = time.monotonic() + 120
    while True:
        balance = ask(f"{CONSOLIDADO}/v1/consolidados/{day}", conta=account).json()
        if balance["quantidade_creditos"] + balance["quantidade_debitos"] == FULL_DAY_ENTRIES:
            return
        assert time.monotonic() < end, balance
        time.sleep(0.1)


def see_full_day(person):
    """A day with 20,000 entries: the newest ones show at once, more on request, and a search reaches the oldest.

    Returns how long the first rows and the search take, in seconds.
    """
    browser = person.browser
    account, day = f"cheia{uuid.uuid4().hex[:8]}.loja", TODAY - datetime.timedelta(days=3)
    fill_day(account, day)
    query = {"conta": account, "de": str(day), "ate": str(day)}

    def expect_rows(count):
        browser.wait(f"document.querySelectorAll('main tbody tr').length === {count}", f"{count} rows")
        balance = decimal.Decimal(ask(f"{CONSOLIDADO}/v1/consolidados/{day}", conta=account).json()["saldo_final"])
        expected = []
        for entry in ask(f"{LANCAMENTOS}/v1/lancamentos", **query, ordem="data", limite=count).json()["itens"]:
            expected.append(seen(f"{balance:.2f}"))
            balance -= decimal.Decimal(entry["valor"]) * (1 if entry["tipo"] == "credito" else -1)
        rows = browser.run(
            "return [...document.querySelectorAll('main tbody tr')].map((row) => row.lastElementChild.textContent.replace('menos ', ''))")
        assert rows == expected, "running balances of a full day"

    start = time.monotonic()
    person.open("lancamentos", **query)
    browser.wait("document.querySelector('main tbody tr')", "the first rows")
    first = round(time.monotonic() - start, 2)
    expect_rows(100)
    person.button("Mostrar mais")
    expect_rows(200)
    person.write("Texto", "Venda 0")
    start = time.monotonic()
    browser.wait("document.querySelectorAll('main tbody tr').length === 1", "the oldest entry")
    search = round(time.monotonic() - start, 2)
    person.see("Venda 0")
    assert first < FIRST_ROWS_MAX_S and search < SEARCH_MAX_S, f"a full day shows after {first} s, its oldest entry after {search} s"
    return [first, search]


def see_categories(person):
    query = {"conta": ACCOUNT, "de": str(TODAY - datetime.timedelta(days=90)), "ate": str(TODAY)}
    person.open("categorias", **query)
    groups = ask(f"{LANCAMENTOS}/v1/lancamentos/totais", **query, por="categoria").json()["itens"]
    largest = max(groups, key=lambda group: float(group["total_debitos"]))
    person.see(reais(largest["total_debitos"]))
    assert person.download(f"categorias-{query['de']}-a-{query['ate']}.csv").count(b"\r\n") > 3, "the CSV of the categories"
    row = person.browser.run("return document.querySelector('main tbody tr').textContent")
    assert largest["categoria"] in row and reais(largest["total_debitos"]) in row, row


def compare_accounts(person):
    person.open("contas")
    person.write("Procurar", ACCOUNT.split(".")[0])
    person.see(ACCOUNT)
    links = person.browser.run("return [...document.querySelectorAll('main tbody a')].map((one) => one.innerText.split('\\n'))")
    assert [ACCOUNT.split(".")[-1], ACCOUNT] in links, links
    for name in (ACCOUNT, ACCOUNT.split(".")[0] + " (grupo)"):
        person.write("Procurar", ACCOUNT.split(".")[0])
        person.click(f"document.querySelector('[aria-label=\"Comparar {name}\"]')", f"the choice of {name}")
    person.see("Lado a lado")
    person.browser.wait("document.querySelectorAll('section thead th').length === 3", "two accounts side by side")


def import_file(person):
    browser = person.browser
    day = TODAY.strftime("%Y%m%d")
    lines = [
        "OFXHEADER:100", "DATA:OFXSGML", "VERSION:102", "CHARSET:1252", "", "<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>BRL<BANKACCTFROM>"
        "<BANKID>341<ACCTID>12345-6</BANKACCTFROM><BANKTRANLIST>",
        f"<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>{day}<TRNAMT>150,75<FITID>N1<MEMO>Venda no cartao</STMTTRN>",
        f"<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>{day}<TRNAMT>-30.00<FITID>N2<MEMO>Tarifa &amp; taxas</STMTTRN>",
        f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{day}<TRNAMT>0.00<FITID>N3<MEMO>Aviso</STMTTRN>",
        "</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>", ""]
    text = "\n".join(lines)
    file = person.downloads / "extrato.ofx"
    file.write_text(text, encoding="cp1252")
    person.open("importar", conta=ACCOUNT)
    person.write("Conta", ACCOUNT)
    browser.call(f"element/{person.field('Arquivo OFX ou CSV')}/value", {"text": str(file)})
    person.see("2 novos, 0 já registrados, 1 com erro")
    person.see("Tarifa & taxas")
    # What would be registered is beside what the file says.
    person.see(f"novo: entrada de {reais('150.75')} em {TODAY.strftime('%d/%m/%Y')}")
    person.see(f"novo: saída de {reais('30.00')} em {TODAY.strftime('%d/%m/%Y')}")
    # Another account: the same file is looked through for it.
    other = ACCOUNT.replace(".loja", ".outra")
    for account in (other, ACCOUNT):
        person.write("Conta", account)
        browser.keys(TAB)
        person.see(f"Registrar 2 lançamentos novos em {account}")
    before = len(ask(f"{LANCAMENTOS}/v1/lancamentos", conta=ACCOUNT, limite=500).json()["itens"])
    person.button("Registrar 2 lançamentos novos")
    person.see("2 lançamentos registrados")
    # Dropped in, the second time.
    browser.run("""
        const data = new DataTransfer();
        data.items.add(new File([arguments[0]], 'extrato.ofx'));
        document.querySelector('.drop').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    """, text)
    person.see("0 novos, 2 já registrados, 1 com erro")
    after = len(ask(f"{LANCAMENTOS}/v1/lancamentos", conta=ACCOUNT, limite=500).json()["itens"])
    assert after == before + 2, (before, after)


def use_keyboard(person):
    """From the top of the page to a registered entry without a mouse."""
    browser = person.browser
    browser.open(f"{CONSOLIDADO}/painel#token={TOKEN}")
    browser.wait("document.querySelector('main table')", "the month")
    browser.keys(TAB)
    assert browser.run("return document.activeElement.className") == "skip", "the first stop is no way to the content"
    browser.keys(ENTER)
    assert browser.run("return document.activeElement.id") == "conteudo", "the way to the content leads elsewhere"
    browser.run("document.activeElement.blur(); scrollTo(0, 0)")
    person.tab_to("[...document.querySelectorAll('nav a')].find((one) => one.textContent === 'Registrar')", "Registrar")
    browser.keys(ENTER)
    browser.wait("document.querySelector('h1')?.textContent === 'Registrar'", "the form")
    for name, text in (("conta", ACCOUNT), ("valor", "5,00"), ("descricao", "Por teclado")):
        person.tab_to(f"document.querySelector('[name={name}]')", name)
        browser.keys(*text)
    browser.keys(ENTER)
    person.see("registrada em", "form")


def see_scopes(person):
    """What a token does not allow is not shown."""
    for scope, shown in (("consolidado:ler", ["Mês", "Contas"]), ("lancamentos:escrever", ["Registrar", "Importar"])):
        person.browser.open(f"{CONSOLIDADO}/painel#token={token(3600, scope)}")
        person.browser.wait("document.querySelector('nav a')", "the views")
        names = person.browser.run("return [...document.querySelectorAll('nav a')].map((one) => one.textContent)")
        assert names == shown, names


def look(person, folder):
    """Every view at every width and in every scheme."""
    browser = person.browser
    browser.open(f"{CONSOLIDADO}/painel#token={TOKEN}")
    browser.wait("document.querySelector('main table')", "the month")
    found = []
    for scheme in SCHEMES:
        for width in WIDTHS:
            browser.show(width, scheme)
            for view in VIEWS:
                person.open(view, conta=ACCOUNT)
                if view not in ("registrar", "importar"):
                    browser.wait("document.querySelector('main table')", f"the table of {view}")
                # Every figure of these is on the screen, also of a phone.
                if view in ("mes", "lancamentos"):
                    hidden = browser.run("const table = document.querySelector('.scroll'); return table.scrollWidth - table.clientWidth")
                    assert hidden <= 0, f"{hidden} px of the table of {view} are hidden at {width} px"
                place = f"{view} at {width}, {scheme}"
                if folder:
                    browser.shoot(pathlib.Path(folder) / f"painel-{view}-{width}-{scheme}.png")
                found += browser.findings(place)
    return found


def main(folder=None):
    start = time.monotonic()
    prepare()
    with tempfile.TemporaryDirectory() as downloads, started() as browser:
        browser.show(1280, "light")
        person = Person(browser, downloads)
        sign_in(person)
        see_month(person)
        print_month(person)
        live = see_change(person)
        fill_form(person)
        see_entries(person)
        correct_entry(person)
        see_more(person)
        full_day = see_full_day(person)
        see_categories(person)
        compare_accounts(person)
        import_file(person)
        use_keyboard(person)
        see_scopes(person)
        found = look(person, folder)
        # Refusals that are asked for on purpose are in the log too; a policy that was broken or a script that failed must not be.
        found += [message for message in browser.messages() if "Content Security Policy" in message or "Uncaught" in message]
    if found:
        sys.exit(f"{len(found)} findings:\n" + "\n".join(found))
    print(json.dumps({
        "views": len(VIEWS) * len(WIDTHS) * len(SCHEMES), "live": live, "full_day": full_day, "seconds": round(time.monotonic() - start),
        "findings": 0}))


if __name__ == "__main__":
    main(*sys.argv[1:])
