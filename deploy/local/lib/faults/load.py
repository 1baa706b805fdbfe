"""The load of a fault run: entries with and without keys and reads at constant rates, through every instance."""

import asyncio
import contextlib
import itertools

from http1 import Lost, NotSent, RequestFailure, TimedOut
from ledger import State

LOST = "connection lost"
NO_CONNECTION = "no connection"
NO_ANSWER = "no answer"
# A 404 by id counts this long after a `resultado-desconhecido` (the contract says 30 s).
ABSENT_AFTER_S = 31
RETRY_S = 1
RETRIES_END_S = 45
LOOK_UP_END_S = 120
# Requests under way at one instance; more are not sent, and counted.
UNDER_WAY_MAX = 900
TICK_S = 0.005


def problem(answer):
    """The name of the problem in an answer, or an empty string."""
    body = answer.json()
    kind = body.get("type", "") if isinstance(body, dict) else ""
    return str(kind).rpartition("#")[2]


def what(failure):
    """The kind of a failure, as it is counted."""
    if isinstance(failure, NotSent):
        return NO_CONNECTION
    return LOST if isinstance(failure, Lost) else NO_ANSWER


class Load:
    def __init__(self, ledger, measures, lancamentos, consolidados, timeout_s):
        self.ledger = ledger
        self.measures = measures
        # Lists of the stack, which change while instances come and go.
        self.lancamentos = lancamentos
        self.consolidados = consolidados
        self.timeout_s = timeout_s
        self.tasks = set()
        self.turns = itertools.count()
        self.under_way = {}
        self.not_sent = 0
        self.late_s = 0.0

    async def run(self, writes_per_s, reads_per_s):
        """Sends requests at their times until it is cancelled, however late answers are."""
        clock = asyncio.get_running_loop().time
        begin = clock()
        sent = {"write": 0, "read": 0, "probe": 0}
        rates = {"write": (writes_per_s, self.write), "read": (reads_per_s, self.read), "probe": (1, self.probe_all)}
        expected = begin
        while True:
            now = clock()
            self.late_s = max(self.late_s, now - expected)
            for kind, (per_s, make) in rates.items():
                due = int((now - begin) * per_s)
                while sent[kind] < due:
                    sent[kind] += 1
                    self.spawn(make())
            expected = clock() + TICK_S
            await asyncio.sleep(TICK_S)

    def spawn(self, coroutine):
        task = asyncio.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.ended)

    def ended(self, task):
        self.tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            asyncio.get_running_loop().call_exception_handler({"message": "a request failed", "exception": task.exception()})

    async def settle(self, timeout_s):
        """Waits until no request is under way and every outcome that a client can learn is known."""
        if self.tasks:
            await asyncio.wait(set(self.tasks), timeout=timeout_s)
        left = set(self.tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return len(left)

    # Requests

    async def send(self, name, origins, method, target, headers=(), body=b""):
        """Sends a request to the next instance, and to another at once if there is no connection. Returns it with the answer."""
        loop = asyncio.get_running_loop()
        turn = next(self.turns)
        order = [origins[(turn + k) % len(origins)] for k in range(len(origins))]
        order.sort(key=lambda origin: origin.suspect_until > loop.time())
        begin = loop.time()
        for position, origin in enumerate(order):
            if self.under_way.get(origin.name, 0) >= UNDER_WAY_MAX:
                self.not_sent += 1
                raise NotSent(f"{UNDER_WAY_MAX} requests are under way")
            try:
                answer = await self.attempt(origin, method, target, headers, body)
                self.measures.waited(name, loop.time() - begin, str(answer.status))
                return origin, answer
            except NotSent as failure:
                origin.suspect_until = loop.time() + 0.5
                if position == len(order) - 1:
                    self.fail(name, failure, loop.time() - begin)
                    raise
            except RequestFailure as failure:
                if isinstance(failure, TimedOut):
                    origin.suspect_until = loop.time() + 5
                self.fail(name, failure, loop.time() - begin)
                raise
        raise NotSent("there is no instance")

    async def attempt(self, origin, method, target, headers, body):
        self.under_way[origin.name] = self.under_way.get(origin.name, 0) + 1
        try:
            return await origin.request(method, target, self.timeout_s, headers, body)
        finally:
            self.under_way[origin.name] -= 1

    def fail(self, name, failure, seconds):
        self.measures.waited(name, seconds, what(failure))
        self.measures.error(name, what(failure))

    async def read(self):
        entry = self.ledger.entries[-1] if self.ledger.entries else None
        conta = entry.conta if entry else f"{self.ledger.prefix}.antes.0"
        target = f"/v1/consolidados/{self.ledger.dias[0]}?conta={conta}"
        try:
            _, answer = await self.send("GET", self.consolidados, "GET", target)
        except RequestFailure:
            return
        if answer.status != 200:
            self.measures.error("GET", f"{answer.status} {problem(answer)}".strip())

    async def probe_all(self):
        """Asks every instance for its state, as an orchestrator does. Only the time until the answer counts."""
        for origin in [*self.lancamentos, *self.consolidados]:
            for target in ("/livez", "/readyz"):
                self.spawn(self.probe(origin, target))

    async def probe(self, origin, target):
        clock = asyncio.get_running_loop().time
        begin = clock()
        # Without a connection the instance is away, which is an answer to an orchestrator.
        with contextlib.suppress(NotSent, Lost):
            try:
                answer = await origin.request("GET", target, self.timeout_s)
                self.measures.waited(target, clock() - begin, str(answer.status))
            except TimedOut:
                self.measures.waited(target, clock() - begin, NO_ANSWER)

    # Entries

    async def write(self):
        entry = self.ledger.new()
        await self.register(entry, self.lancamentos)

    async def register_once(self, origin):
        """Registers an entry with a key by one instance. Returns it, or None if there is no acknowledgement at once."""
        entry = self.ledger.new(has_key=True)
        try:
            answer = await origin.request("POST", "/v1/lancamentos", 3, *self.entry_request(entry))
        except RequestFailure as failure:
            entry.state = State.REFUSED if isinstance(failure, NotSent) else State.UNKNOWN
            return None
        self.take(entry, answer)
        return entry if entry.state is State.ACKNOWLEDGED else None

    def entry_request(self, entry):
        headers = [("Content-Type", "application/json")]
        if entry.has_key:
            headers.append(("Idempotency-Key", self.ledger.referencia(entry)))
        return headers, self.ledger.body(entry)

    async def register(self, entry, origins):
        """Registers an entry as the contract asks clients to: an unknown outcome is resolved by the key, or by id later."""
        clock = asyncio.get_running_loop().time
        headers, body = self.entry_request(entry)
        end = clock() + RETRIES_END_S
        attempts = 0
        while True:
            attempts += 1
            try:
                _, answer = await self.send("POST", origins, "POST", "/v1/lancamentos", headers, body)
                identifier = self.take(entry, answer, repeated=attempts > 1)
            except NotSent:
                identifier = None
                # What was sent before may still be registered.
                entry.state = State.REFUSED if attempts == 1 else State.UNKNOWN
            except RequestFailure:
                identifier = None
                entry.state = State.UNKNOWN
            if entry.state is not State.UNKNOWN:
                return
            if not entry.has_key:
                if identifier:
                    await self.look_up(entry, identifier, clock())
                return
            if clock() > end:
                # The audit finds it in the extract, or not.
                return
            await asyncio.sleep(RETRY_S)

    def take(self, entry, answer, repeated=False):
        """Reads the answer to an entry. Returns the id that an unknown outcome names."""
        body = answer.json()
        body = body if isinstance(body, dict) else {}
        if answer.status == 201 or answer.status == 200 and repeated:
            self.ledger.acknowledge(entry, body.get("id"))
            return None
        name = problem(answer)
        self.measures.error("POST", f"{answer.status} {name}".strip())
        refused = 400 <= answer.status < 500 or answer.status == 503 and name not in ("", "resultado-desconhecido")
        # A later refusal says nothing about an attempt before it.
        entry.state = State.REFUSED if refused and not repeated else State.UNKNOWN
        return body.get("id")

    async def look_up(self, entry, identifier, since):
        """Asks by id: at once, because a 200 is final, and again when a 404 counts."""
        clock = asyncio.get_running_loop().time
        for after_s in (3, ABSENT_AFTER_S):
            await asyncio.sleep(max(0, since + after_s - clock()))
            while clock() < since + LOOK_UP_END_S:
                status = await self.look_up_once(identifier)
                if status == 200:
                    self.ledger.acknowledge(entry, identifier)
                    return
                if status == 404:
                    break
                if after_s < ABSENT_AFTER_S:
                    break
                await asyncio.sleep(2)
            else:
                return
        entry.state = State.ABSENT

    async def look_up_once(self, identifier):
        try:
            _, answer = await self.send("GET id", self.lancamentos, "GET", f"/v1/lancamentos/{identifier}")
        except RequestFailure:
            return None
        if answer.status not in (200, 404):
            self.measures.error("GET id", f"{answer.status} {problem(answer)}".strip())
        return answer.status
