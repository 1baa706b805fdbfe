"""Runs config/rabbitmq/import for a new integrator through a proxy that ends the connection of the first upload: the import has to start
over and to end well, must not grant permissions before topic permissions, changes nothing when repeated, and reports a queue of another
form.

usage: import_again.py CONFIG_FOLDER BROKER_FOLDER   (the broker's folder has porta.management and the passwords of its users)
"""

import base64
import http.server
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
import uuid


class Proxy(http.server.BaseHTTPRequestHandler):
    target = ""
    uploads = []

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
        try:
            answer = urllib.request.urlopen(urllib.request.Request(self.target + self.path, body, headers, method=self.command), timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        content = answer.read()
        if self.command == "POST":
            Proxy.uploads.append(json.loads(body))
            if len(Proxy.uploads) == 1:
                # The broker has accepted the upload; the import does not know it.
                self.close_connection = True
                return
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = forward

    def log_message(self, *arguments):
        pass


def check(condition, text):
    if not condition:
        sys.exit(f"error: {text}")


def main(config, broker):
    Proxy.target = "http://127.0.0.1:" + pathlib.Path(broker, "porta.management").read_text(encoding="ascii").strip()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    name = f"importado-{uuid.uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory() as folder:
        for path in pathlib.Path(broker).glob("senha.*"):
            shutil.copy(path, folder)
        pathlib.Path(folder, f"senha.{name}").write_text("segredo\n", encoding="ascii")
        integrators = json.loads(pathlib.Path(config, "rabbitmq", "integradores.json").read_text(encoding="utf-8"))
        integrators[name] = {"contas": ["importacao.*"], "fila_de_eventos": True}
        pathlib.Path(folder, "integradores.json").write_text(json.dumps(integrators), encoding="utf-8")
        try:
            interrupted(config, folder, f"http://127.0.0.1:{server.server_port}", name)
            repeated(config, folder)
            another_form(config, folder)
        finally:
            password = pathlib.Path(folder, "senha.administrador").read_text(encoding="ascii").strip()
            delete(password, f"users/{name}")
            delete(password, f"queues/%2F/eventos.{name}")


def run(config, folder, url, *options):
    command = [
        sys.executable, f"{config}/rabbitmq/import", "--url", url, "--segredos", folder, "--integradores", f"{folder}/integradores.json", *options,
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    output = ended.stdout + ended.stderr
    print(output, end="")
    return ended.returncode, output


def interrupted(config, folder, proxy, name):
    status, output = run(config, folder, proxy)
    check(status == 0 and output.count("again: ") == 1 and "the broker holds what is wanted" in output, f"the import ended with {status}")
    permitted = [number for number, upload in enumerate(Proxy.uploads) if any(p["user"] == name for p in upload.get("permissions", []))]
    limited = [number for number, upload in enumerate(Proxy.uploads) if any(t["user"] == name for t in upload.get("topic_permissions", []))]
    check(limited and permitted and max(limited) < min(permitted), f"permissions in uploads {permitted}, topic permissions in {limited}")


def repeated(config, folder):
    status, output = run(config, folder, Proxy.target)
    check(status == 0 and "(0 changed)" in output, f"the second import ended with {status}")


def another_form(config, folder):
    definitions = json.loads(pathlib.Path(config, "rabbitmq", "definitions.json").read_text(encoding="utf-8"))
    next(queue for queue in definitions["queues"] if queue["name"] == "consolidado.lancamentos")["arguments"]["x-delivery-limit"] = 20
    path = pathlib.Path(folder, "definitions.json")
    path.write_text(json.dumps(definitions), encoding="utf-8")
    status, output = run(config, folder, Proxy.target, "--definitions", str(path))
    check(status == 1 and "exists in another form" in output and "queues consolidado.lancamentos" in output, f"another form ended with {status}")


def delete(password, path):
    authorization = base64.b64encode(f"administrador:{password}".encode()).decode()
    request = urllib.request.Request(f"{Proxy.target}/api/{path}", headers={"Authorization": f"Basic {authorization}"}, method="DELETE")
    try:
        urllib.request.urlopen(request, timeout=60).close()
    except urllib.error.HTTPError as error:
        check(error.code == 404, f"DELETE {path}: {error.code}")


if __name__ == "__main__":
    main(*sys.argv[1:])
