"""Registers entries at a constant rate, repeats those without an answer, and then audits: consolidado and the extract of lancamentos have
to hold exactly the entries answered 201 or 200. Exits 1 otherwise.

usage: load.py LANCAMENTOS_URL CONSOLIDADO_URL TOKEN_FILE PER_SECOND SECONDS NAME
NAME is the prefix of accounts and keys, and unique for each run.
"""

import concurrent.futures
import datetime
import http.client
import json
import pathlib
import sys
import threading
import time
import urllib.parse

ACCOUNTS = 10
WORKERS = 16
REQUEST_MAX_S = 15
# The longest time to repeat one entry, and until balances hold everything.
REPEATED_MAX_S = 180
SETTLED_MAX_S = 120
PASSING = {429, 502, 503, 504}


class Server:
    """One persistent connection for each thread; a failure returns None."""

    def __init__(self, url, token):
        self.address = urllib.parse.urlsplit(url).netloc
        self.headers = {"Authorization": f"Bearer {token}"}
        self.local = threading.local()

    def ask(self, method, path, body=None, headers=None):
        connection = getattr(self.local, "connection", None) or http.client.HTTPConnection(self.address, timeout=REQUEST_MAX_S)
        self.local.connection = connection
        try:
            connection.request(method, path, body, {**self.headers, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            self.local.connection = None
            return None, b""


def register(server, key, entry, repeated):
    """Repeats until the entry is registered."""
    body = json.dumps(entry)
    deadline = time.monotonic() + REPEATED_MAX_S
    while True:
        status, answer = server.ask("POST", "/v1/lancamentos", body, {"Content-Type": "application/json", "Idempotency-Key": key})
        if status in (200, 201):
            return
        if status is not None and status not in PASSING:
            raise RuntimeError(f"{key}: {status} {answer.decode(errors='replace')}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{key}: not registered after {REPEATED_MAX_S} s, last status {status}")
        repeated.append(key)
        time.sleep(0.25)


def load(server, name, day, per_second, seconds):
    """Sends all entries and returns the answered ones by account."""
    expected = {f"{name}.{index}": {"credito": [0, 0], "debito": [0, 0]} for index in range(ACCOUNTS)}
    repeated, pending = [], []
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for number in range(per_second * seconds):
            time.sleep(max(0.0, begin + number / per_second - time.monotonic()))
            conta, tipo, centavos = f"{name}.{number % ACCOUNTS}", ("credito", "debito")[number % 3 == 0], number % 9973 + 1
            entry = {"conta": conta, "tipo": tipo, "valor": f"{centavos // 100}.{centavos % 100:02}", "data": day}
            pending.append(pool.submit(register, server, f"{name}-{number}", entry, repeated))
            expected[conta][tipo][0] += 1
            expected[conta][tipo][1] += centavos
        for one in pending:
            one.result()
    return expected, len(pending), len(repeated), time.monotonic() - begin


def centavos_of(text):
    return int(text.replace(".", ""))


def balance(server, conta, day):
    status, answer = server.ask("GET", f"/v1/consolidados/{day}?conta={conta}")
    if status != 200:
        return None
    row = json.loads(answer)
    return {
        "credito": [row["quantidade_creditos"], centavos_of(row["total_creditos"])],
        "debito": [row["quantidade_debitos"], centavos_of(row["total_debitos"])],
    }


def extract(server, conta):
    status, answer = server.ask("GET", f"/v1/lancamentos?conta={conta}", headers={"Accept": "application/x-ndjson"})
    if status != 200:
        return None
    found = {"credito": [0, 0], "debito": [0, 0]}
    for line in answer.decode().splitlines():
        entry = json.loads(line)
        found[entry["tipo"]][0] += 1
        found[entry["tipo"]][1] += centavos_of(entry["valor"])
    return found


def differences(expected, found_of):
    return [f"{conta}: {found} instead of {wanted}" for conta, wanted in expected.items() if (found := found_of(conta)) != wanted]


def main(lancamentos_url, consolidado_url, token_file, per_second, seconds, name):
    token = pathlib.Path(token_file).read_text(encoding="ascii").strip()
    lancamentos, consolidado = Server(lancamentos_url, token), Server(consolidado_url, token)
    day = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=3)).date().isoformat()
    expected, entries, repeated, took = load(lancamentos, name, day, int(per_second), int(seconds))
    print(f"{entries} entries registered in {took:.0f} s, {repeated} repetitions", flush=True)
    deadline = time.monotonic() + SETTLED_MAX_S
    while found := differences(expected, lambda conta: balance(consolidado, conta, day)):
        if time.monotonic() > deadline:
            sys.exit("error: balances differ\n" + "\n".join(found))
        time.sleep(1)
    # Waits for late copies.
    time.sleep(3)
    found = differences(expected, lambda conta: balance(consolidado, conta, day))
    found += differences(expected, lambda conta: extract(lancamentos, conta))
    if found:
        sys.exit("error: balances or extracts differ\n" + "\n".join(found))
    print(f"audit: {entries} entries in {ACCOUNTS} accounts, none lost, none doubled", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
