"""Runs every example of the page /docs as it is shown: curl in a shell, Python as a program.

usage: examples.py URL   (LANCAMENTOS_URL, CONSOLIDADO_URLS and TOKEN in the environment)
"""

import html.parser
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

import requests

LANGUAGES = ("curl", "python")
# Their answers do not end: they run for so many seconds.
STREAMS = ("eventosDeSaldo",)
STREAM_S = 3
EXAMPLE_MAX_S = 60


class Examples(html.parser.HTMLParser):
    """By the id of each call, the examples by language."""

    def __init__(self):
        super().__init__()
        self.calls = {}
        self.call = self.language = None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "article":
            self.call = attributes["aria-labelledby"]
        elif tag == "figure" and self.call and attributes["data-language"] in LANGUAGES:
            self.language = attributes["data-language"]
        elif tag == "code" and self.language:
            self.calls.setdefault(self.call, {})[self.language] = ""

    def handle_endtag(self, tag):
        if tag == "figure":
            self.language = None
        elif tag == "article":
            self.call = None

    def handle_data(self, data):
        if self.language and self.language in self.calls.get(self.call, {}):
            self.calls[self.call][self.language] += data


def command(language, code, folder):
    if language == "curl":
        return ["bash", "-euo", "pipefail", "-c", code]
    path = pathlib.Path(folder) / "exemplo.py"
    path.write_text(code, encoding="utf-8")
    return [sys.executable, str(path)]


def run(arguments, environment, folder, seconds):
    """Runs a program. Returns its status, None if it was ended after so many seconds, and what it printed."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(arguments, env=environment, cwd=folder, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    try:
        output, errors = process.communicate(timeout=seconds)
        return process.returncode, output, errors
    except subprocess.TimeoutExpired:
        # SIGTERM may be blocked, which processes inherit.
        os.killpg(process.pid, signal.SIGKILL)
        return None, *process.communicate()


def main(url):
    parser = Examples()
    page = requests.get(f"{url}/docs", timeout=30)
    page.raise_for_status()
    parser.feed(page.text)
    environment = {
        **{name: os.environ[name] for name in ("LANCAMENTOS_URL", "TOKEN")},
        "CONSOLIDADO_URL": os.environ["CONSOLIDADO_URLS"].split(",")[0],
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    # The examples name an entry that exists on no other machine.
    registered = requests.post(
        f"{environment['LANCAMENTOS_URL']}/v1/lancamentos",
        headers={"Authorization": f"Bearer {environment['TOKEN']}"},
        json={"conta": "loja42.caixa", "tipo": "credito", "valor": "150.75"},
        timeout=30,
    ).json()["id"]
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for name, examples in parser.calls.items():
            assert set(examples) == set(LANGUAGES), f"{name} has only {list(examples)}"
            for language, code in examples.items():
                code = re.sub(r"/[0-9a-f]{8}-[0-9a-f-]{27}\b", f"/{registered}", code)
                stream = name.endswith(STREAMS)
                status, output, errors = run(
                    command(language, code, folder), environment, folder, STREAM_S if stream else EXAMPLE_MAX_S)
                # curl ends with 22 for an error of HTTP; the Python program prints the status first.
                is_right = status == (None if stream else 0) and (language != "python" or output.startswith("2"))
                if not is_right or (stream and "\n: vivo" not in f"\n{output}"):
                    failed.append(f"{name}, {language}: {status}\n{code}\n{output[-500:]}{errors[-500:]}")
    if failed:
        sys.exit("\n\n".join(failed))
    assert len(parser.calls) > 15, list(parser.calls)
    print(f"{2 * len(parser.calls)} examples ran")


main(*sys.argv[1:])
