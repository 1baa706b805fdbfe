"""The entries of one fault run, what clients learned about each, and what the waiting cost them."""

import collections
import dataclasses
import datetime
import enum
import json
import random
import time
import zoneinfo


class State(enum.Enum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    # The service said that it is certainly not registered.
    REFUSED = "refused"
    # A look-up by id said so after the time that the contract names.
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclasses.dataclass(slots=True)
class Entry:
    number: int
    conta: str
    tipo: str
    centavos: int
    data: str
    has_key: bool
    state: State = State.OPEN
    id: str | None = None

    @property
    def valor(self):
        return f"{self.centavos // 100}.{self.centavos % 100:02d}"


class Ledger:
    """Entries get consecutive numbers; `referencia` and `chave` hold the number, so that every copy is recognised."""

    CONTAS = 8
    DIAS = 3

    def __init__(self, prefix, seed, today=None):
        self.prefix = prefix
        self.entries = []
        # Entries sent before and after the fault was healed are in accounts of their own, so that a drained backlog can be seen.
        self.phase = "antes"
        self.acknowledged = collections.Counter()
        self.random = random.Random(seed)
        today = today or datetime.datetime.now(zoneinfo.ZoneInfo("America/Sao_Paulo")).date()
        self.dias = [str(today - datetime.timedelta(days=k)) for k in range(self.DIAS)]

    def new(self, has_key=None):
        number = len(self.entries)
        entry = Entry(
            number,
            f"{self.prefix}.{self.phase}.{self.random.randrange(self.CONTAS)}",
            self.random.choice(("credito", "debito")),
            self.random.randint(1, 1_000_000),
            self.random.choice(self.dias),
            number % 2 == 0 if has_key is None else has_key,
        )
        self.entries.append(entry)
        return entry

    def referencia(self, entry):
        return f"{self.prefix}-{entry.number}"

    def body(self, entry):
        members = {"conta": entry.conta, "tipo": entry.tipo, "valor": entry.valor, "data": entry.data}
        return json.dumps(members | {"referencia": self.referencia(entry)}).encode("ascii")

    def acknowledge(self, entry, identifier):
        if entry.state is State.ACKNOWLEDGED:
            return
        entry.state, entry.id = State.ACKNOWLEDGED, identifier
        self.acknowledged[entry.conta.rpartition(".")[0]] += 1

    def acknowledged_before(self):
        """The entries in the accounts of before the healing."""
        return self.acknowledged[f"{self.prefix}.antes"]

    def count(self, state):
        return sum(entry.state is state for entry in self.entries)


class Measures:
    """What clients saw: errors by request and status, and the longest wait for an answer of each kind of request."""

    def __init__(self, clock):
        self.clock = clock
        self.start()
        self.errors = collections.Counter()
        self.answers = collections.Counter()
        self.stalls = {}

    def start(self):
        """The load begins."""
        self.begin = self.clock()
        self.begin_utc = time.time()

    def error(self, request, what):
        self.errors[f"{request} {what}"] += 1

    def waited(self, request, seconds, what):
        """Records the wait for one answer, or for the end of one attempt."""
        self.answers[request] += 1
        if seconds > self.stalls.get(request, {"seconds": -1})["seconds"]:
            at = self.clock() - self.begin - seconds
            self.stalls[request] = {"seconds": round(seconds, 3), "sent_at_seconds": round(at, 1), "ended_with": what}

    def longest(self):
        """The kind of request that waited longest, and its time."""
        if not self.stalls:
            return None, 0.0
        request = max(self.stalls, key=lambda name: self.stalls[name]["seconds"])
        return request, self.stalls[request]["seconds"]
