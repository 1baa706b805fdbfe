"""Runs one guide of config/guias as it is written: its shell blocks in one shell, its Python blocks as one program where the first stands.

usage: guide.py GUIDE   (LANCAMENTOS_URL, CONSOLIDADO_URLS, AMQP_URL and TOKEN in the environment)
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ENDPOINTS = ("LANCAMENTOS_URL", "CONSOLIDADO_URLS", "AMQP_URL", "TOKEN")


def script(text):
    """The guide as one shell script, and its Python program."""
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    program = "\n".join(code for language, code in blocks if language == "python")
    shell, placed = [], False
    for language, code in blocks:
        if language == "sh":
            shell.append(code)
        elif language == "python" and not placed:
            shell.append("python3 guia.py\n")
            placed = True
        elif language not in ("python", "json", "text"):
            sys.exit(f"a block of {language}: sh and python are run, json and text are shown")
    if not shell:
        sys.exit("nothing to run")
    return "".join(shell), program


def main(guide):
    shell, program = script(pathlib.Path(guide).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / ".local").mkdir()
        (root / ".local/integrador.env").write_text("".join(f"{name}={os.environ[name]}\n" for name in ENDPOINTS))
        (root / "guia.py").write_text(program, encoding="utf-8")
        path = f"{pathlib.Path(sys.executable).parent}:{os.environ.get('PATH', '/usr/bin:/bin')}"
        # What the guide does not say is not there: it has to set its variables itself.
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", shell], cwd=root, env={"PATH": path, "HOME": folder, "LANG": "C.UTF-8"}, timeout=120
        )
    if run.returncode != 0:
        sys.exit(f"{guide}: status {run.returncode}")


main(*sys.argv[1:])
