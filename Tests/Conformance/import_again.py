"""Runs config/rabbitmq/import through a proxy that ends one connection in the middle: the import has to begin again, and to end well.

usage: import_again.py CONFIG_FOLDER BROKER_FOLDER   (the broker's folder has porta.management, and the passwords that made its users)
"""

import http.server
import pathlib
import subprocess
import sys
import threading
import urllib.error
import urllib.request

# The first one only asks whether the broker is there, which is waited for anyway.
ENDED_REQUEST = 5


class Proxy(http.server.BaseHTTPRequestHandler):
    target = ""
    requests = 0

    def forward(self):
        Proxy.requests += 1
        if Proxy.requests == ENDED_REQUEST:
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
        try:
            answer = urllib.request.urlopen(urllib.request.Request(self.target + self.path, body, headers, method=self.command), timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        content = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = forward

    def log_message(self, *arguments):
        pass


def main(config, broker):
    Proxy.target = "http://127.0.0.1:" + pathlib.Path(broker, "porta.management").read_text(encoding="ascii").strip()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command = [
        sys.executable, f"{config}/rabbitmq/import", "--url", f"http://127.0.0.1:{server.server_port}", "--segredos", broker,
        "--integradores", f"{config}/rabbitmq/integradores.json",
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    said = ended.stdout + ended.stderr
    if ended.returncode != 0 or said.count("again: ") != 1 or "the broker holds what is wanted" not in said:
        sys.exit(f"error: the import ended with {ended.returncode} and said\n{said}")
    print(said, end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
