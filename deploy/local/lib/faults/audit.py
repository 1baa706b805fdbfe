"""Compares what clients learned with the entry service's extract, and that with the balances."""

import asyncio
import collections
import dataclasses
import json

from http1 import RequestFailure
from ledger import State

# Balances that have not changed for this long count as final.
QUIET_S = 12
WAIT_S = 120
# An extract of a million entries.
REQUEST_S = 180


class AuditFailure(Exception):
    """The audit could not be made."""


@dataclasses.dataclass
class Audit:
    lost: int = 0
    doubled: int = 0
    # Registered although an answer to a client denies it, or never sent, or with other content.
    unexpected: int = 0
    # Registered with an unknown outcome: allowed.
    recovered: int = 0
    registered: int = 0
    examples: list = dataclasses.field(default_factory=list)

    def example(self, text):
        if len(self.examples) < 10:
            self.examples.append(text)

    @property
    def is_clean(self):
        return self.lost == self.doubled == self.unexpected == 0


@dataclasses.dataclass(slots=True)
class DaySum:
    creditos: int = 0
    debitos: int = 0
    quantidade_creditos: int = 0
    quantidade_debitos: int = 0

    def add(self, tipo, centavos):
        if tipo == "credito":
            self.creditos += centavos
            self.quantidade_creditos += 1
        else:
            self.debitos += centavos
            self.quantidade_debitos += 1

    @property
    def quantidade(self):
        return self.quantidade_creditos + self.quantidade_debitos


def centavos(text):
    """Reads `12.30` as 1230."""
    reais, _, cents = text.partition(".")
    return int(reais) * 100 + int(cents)


def compare_extract(ledger, lines, audit):
    """Compares the ledger with the extract's entries. Returns the sums of the extract by account and day."""
    sums = collections.defaultdict(DaySum)
    copies = collections.Counter()
    for line in lines:
        sums[line["conta"], line["data"]].add(line["tipo"], centavos(line["valor"]))
        number = line.get("referencia", "").rpartition("-")[2]
        entry = ledger.entries[int(number)] if number.isdecimal() and int(number) < len(ledger.entries) else None
        if entry is None:
            audit.unexpected += 1
            audit.example(f"{line['id']} was never sent")
            continue
        copies[entry.number] += 1
        if copies[entry.number] > 1:
            audit.doubled += 1
            audit.example(f"entry {entry.number} is registered twice, the second time as {line['id']}")
        elif (line["conta"], line["tipo"], centavos(line["valor"]), line["data"]) != (
            entry.conta,
            entry.tipo,
            entry.centavos,
            entry.data,
        ):
            audit.unexpected += 1
            audit.example(f"{line['id']} has other content than entry {entry.number}")
        elif entry.state in (State.REFUSED, State.ABSENT):
            audit.unexpected += 1
            audit.example(
                f"entry {entry.number}, {line['id']}, is registered, but a client received another answer ({entry.state.value})"
            )
        elif entry.state is State.ACKNOWLEDGED:
            if entry.id != line["id"]:
                audit.unexpected += 1
                audit.example(f"entry {entry.number} was acknowledged as {entry.id} and is {line['id']}")
        else:
            audit.recovered += 1
    audit.registered = sum(copies.values())
    for entry in ledger.entries:
        if entry.state is State.ACKNOWLEDGED and not copies[entry.number]:
            audit.lost += 1
            audit.example(f"entry {entry.number}, {entry.id}, was acknowledged and is not registered")
    return sums


def compare_balances(expected, seen, audit):
    """Compares sums by account and day; each may lack days without entries."""
    for day in sorted(expected.keys() | seen.keys()):
        want, have = expected.get(day, DaySum()), seen.get(day, DaySum())
        if want == have:
            continue
        missing = want.quantidade - have.quantidade
        if missing > 0:
            audit.lost += missing
        elif missing < 0:
            audit.doubled -= missing
        else:
            audit.unexpected += 1
        audit.example(f"{day[0]} on {day[1]}: the extract holds {want}, the balance {have}")


class Auditor:
    def __init__(self, ledger, lancamentos, consolidados):
        self.ledger = ledger
        self.lancamentos = lancamentos
        self.consolidados = consolidados

    async def run(self):
        """Waits for the balances and compares everything. Raises AuditFailure."""
        audit = Audit()
        lines = await self.extract()
        sums = compare_extract(self.ledger, lines, audit)
        await self.wait_for_balances(sum(day.quantidade for day in sums.values()))
        for origin in self.consolidados:
            # Every instance shows the same balances.
            found = Audit()
            compare_balances(sums, await self.balances(origin), found)
            if not found.is_clean:
                audit.lost += found.lost
                audit.doubled += found.doubled
                audit.unexpected += found.unexpected
                for text in found.examples:
                    audit.example(f"{origin.name}: {text}")
                break
        return audit

    async def extract(self):
        target = f"/v1/lancamentos?conta={self.ledger.prefix}.*"
        answer = await self.get(self.lancamentos[0], target, ("Accept", "application/x-ndjson"))
        return [json.loads(line) for line in answer.body.splitlines() if line]

    async def wait_for_balances(self, expected):
        """Returns when the balances hold the expected number of entries or stop changing."""
        clock = asyncio.get_running_loop().time
        seen, changed, end = -1, clock(), clock() + WAIT_S
        while clock() < end:
            now = await quantity(self.consolidados[0], self.ledger)
            if now is not None and now != seen:
                seen, changed = now, clock()
            if seen >= expected or clock() - changed > QUIET_S:
                return
            await asyncio.sleep(0.2)

    async def balances(self, origin):
        sums = {}
        contas = sorted({entry.conta for entry in self.ledger.entries})
        for conta in contas:
            target = f"/v1/consolidados?conta={conta}&de={self.ledger.dias[-1]}&ate={self.ledger.dias[0]}"
            for row in (await self.get(origin, target)).json()["dias"]:
                sums[conta, row["data"]] = DaySum(
                    centavos(row["total_creditos"]),
                    centavos(row["total_debitos"]),
                    row["quantidade_creditos"],
                    row["quantidade_debitos"],
                )
        return sums

    async def get(self, origin, target, *headers):
        failure = None
        for _ in range(10):
            try:
                answer = await origin.request("GET", target, REQUEST_S, headers)
                if answer.status == 200:
                    return answer
                failure = f"status {answer.status}"
            except RequestFailure as error:
                failure = str(error)
            await asyncio.sleep(1)
        raise AuditFailure(f"{origin.name}: GET {target}: {failure}, 10 times")


async def quantity(origin, ledger, phase=None):
    """The number of entries in the balances of a run, or of a phase of it; None without an answer."""
    conta = f"{ledger.prefix}.{phase}.*" if phase else f"{ledger.prefix}.*"
    target = f"/v1/consolidados?conta={conta}&de={ledger.dias[-1]}&ate={ledger.dias[0]}"
    try:
        answer = await origin.request("GET", target, 3)
    except RequestFailure:
        return None
    if answer.status != 200:
        return None
    totais = answer.json()["totais"]
    return totais["quantidade_creditos"] + totais["quantidade_debitos"]
