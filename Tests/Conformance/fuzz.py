"""Runs schemathesis against one running service with every check; ends with 0 only if it found nothing and sent enough cases.

usage: fuzz.py URL CASES_MIN EXAMPLES   (TOKEN in the environment; SEED to repeat a run)
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import requests

FOLDER = pathlib.Path(__file__).resolve().parent


def main(url, cases_min, examples):
    command = [
        *[sys.executable, "-m", "schemathesis.cli", "--config-file", FOLDER / "schemathesis.toml", "run", "openapi.json"],
        *["--url", url, "--header", f"Authorization: Bearer {os.environ['TOKEN']}"],
        *["--checks", "all", "--mode", "all", "--max-examples", examples, "--seed", os.environ.get("SEED", "1")],
        # An answer of events does not end; EventosTests has its rules.
        *["--exclude-operation-id", "eventosDeSaldo"],
        *["--continue-on-failure", "--request-timeout", "20", "--no-color", "--no-shrink"],
        # CPython 3.11 parses source in two threads at once with "AST constructor recursion depth mismatch" now and then
        # (https://github.com/python/cpython/issues/106905), and Hypothesis does that for its descriptions.
        *["--workers", "1"],
    ]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(FOLDER), "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "openapi.json").write_text(requests.get(f"{url}/openapi.json", timeout=10).text)
        run = subprocess.run([str(part) for part in command], env=environment, cwd=folder, stdout=subprocess.PIPE, text=True)
    print(run.stdout)
    if run.returncode != 0:
        sys.exit(f"schemathesis: status {run.returncode}")
    cases = re.search(r"^ *(\d+) generated", run.stdout, re.MULTILINE)
    if cases is None or int(cases[1]) < int(cases_min):
        sys.exit(f"{cases and cases[1]} cases, at least {cases_min} are asked for")


main(*sys.argv[1:])
