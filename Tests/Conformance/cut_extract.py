"""Lets the program of the guide about durable queues read an extract that is cut between two lines. It must not count as read.

usage: cut_extract.py GUIDE

The broker is not needed: the program runs up to where it begins to connect, and its function that reads the extract is called.
"""

import http.client
import http.server
import json
import os
import pathlib
import re
import sys
import tempfile
import threading
import types

ACCOUNT = "guia.cortado"
ENTRIES = 2


def definitions(guide):
    """The guide's program without its last part."""
    programs = re.findall(r"^cat >guia\.py <<'FIM'\n(.*?)^FIM$", guide, re.DOTALL | re.MULTILINE)
    if len(programs) != 1:
        sys.exit(f"{len(programs)} programs in the guide")
    before, separator, _ = programs[0].partition('\nprint("guardados ao começar:"')
    if not separator:
        sys.exit("the program does not say how many it has kept when it begins")
    return before


class Extract(http.server.BaseHTTPRequestHandler):
    """Sends whole lines in chunks. An extract that is cut has no last chunk."""

    protocol_version = "HTTP/1.1"
    is_whole = True

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(ENTRIES):
            line = json.dumps({"id": str(number), "conta": ACCOUNT, "valor": "1.00"}).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        if self.is_whole:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True


def main(guide):
    program = definitions(pathlib.Path(guide).read_text(encoding="utf-8"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Extract)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    os.environ.update({"AMQP_URL": "amqp://integrador:x@127.0.0.1:1/", "CONTA": ACCOUNT, "LANCAMENTOS_URL": url, "TOKEN": "x"})
    connection = types.SimpleNamespace(process_data_events=lambda time_limit: None)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        names = {}
        exec(compile(program, "guia.py", "exec"), names)
        steps = "select count(*) from passos"
        Extract.is_whole = False
        try:
            names["ler_extrato"](connection)
            sys.exit("an extract that was cut counts as read")
        except http.client.HTTPException:
            names["banco"].rollback()
        if names["banco"].execute(steps).fetchone()[0] != 0:
            sys.exit("an extract that was cut is remembered as read")
        Extract.is_whole = True
        names["ler_extrato"](connection)
        if names["banco"].execute(steps).fetchone()[0] != 1 or names["guardados"]() != ENTRIES:
            sys.exit("a whole extract is not read")
        names["banco"].close()


main(*sys.argv[1:])
