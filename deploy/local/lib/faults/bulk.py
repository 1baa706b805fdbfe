"""Many entries with little work of the client: lotes at a constant rate."""

import asyncio
import json

from http1 import RequestFailure
from load import problem
from ledger import State

LOTE_ENTRIES = 100
LOTE_TIMEOUT_S = 30
LOTES_UNDER_WAY_MAX = 16
RETRY_S = 1


class Bulk:
    """Every entry has a key. A lote is sent again until each of its entries is acknowledged."""

    def __init__(self, load):
        self.load = load
        self.places = asyncio.Semaphore(LOTES_UNDER_WAY_MAX)

    async def run(self, per_s, entries):
        """Registers so many entries, at most at this rate."""
        loop = asyncio.get_running_loop()
        begin, lotes = loop.time(), entries // LOTE_ENTRIES
        async with asyncio.TaskGroup() as group:
            for number in range(lotes):
                await asyncio.sleep(max(0, begin + number * LOTE_ENTRIES / per_s - loop.time()))
                await self.places.acquire()
                group.create_task(self.lote(number))

    async def lote(self, number):
        ledger, origins = self.load.ledger, self.load.lancamentos
        left = [ledger.new(has_key=True) for _ in range(LOTE_ENTRIES)]
        try:
            while left:
                try:
                    await self.send(origins[number % len(origins)], left)
                except RequestFailure as failure:
                    self.load.measures.error("lote", type(failure).__name__)
                left = [entry for entry in left if entry.state is not State.ACKNOWLEDGED]
                if left:
                    number += 1
                    await asyncio.sleep(RETRY_S)
        finally:
            self.places.release()

    async def send(self, origin, entries):
        ledger = self.load.ledger
        lines = (json.dumps(json.loads(ledger.body(entry)) | {"chave": ledger.referencia(entry)}) for entry in entries)
        body = "\n".join(lines).encode("ascii") + b"\n"
        for entry in entries:
            entry.state = State.UNKNOWN
        headers = [("Content-Type", "application/x-ndjson")]
        answer = await origin.request("POST", "/v1/lancamentos/lote", LOTE_TIMEOUT_S, headers, body)
        if answer.status != 200:
            self.load.measures.error("lote", f"{answer.status} {problem(answer)}".strip())
            return
        for line in answer.body.splitlines():
            result = json.loads(line)
            if result["status"] in (200, 201):
                ledger.acknowledge(entries[result["indice"]], result["id"])
            else:
                self.load.measures.error("lote", f"line {result['status']}")
