"""Runs one fault: load, fault, recovery, audit."""

import asyncio
import dataclasses
import os
import time

from audit import Auditor, quantity
from catalogue import Skipped
from http1 import Origin
from ledger import Ledger, Measures, State
from load import LOST, NO_ANSWER, Load
from processes import CommandFailed, command
from recovery import WAIT_MAX_S, recovery

WARM_UP_S = 3
TAIL_S = 2
SETTLE_MAX_S = 150
LATE_MAX_S = 0.25


@dataclasses.dataclass
class Row:
    """The result of a fault run, as .local/faults.json holds it."""

    fault: str
    title: str
    writes_per_s: int = 0
    reads_per_s: int = 0
    attempted: int = 0
    acknowledged: int = 0
    unknown: int = 0
    errors: dict = dataclasses.field(default_factory=dict)
    stalls: dict = dataclasses.field(default_factory=dict)
    longest_stall: str = ""
    longest_stall_seconds: float = 0.0
    lost: int = 0
    doubled: int = 0
    unexpected: int = 0
    recovered: int = 0
    recovery_seconds: float | None = None
    # name: {"seconds": …, "max_seconds": …}
    measures: dict = dataclasses.field(default_factory=dict)
    missed: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)
    examples: list = dataclasses.field(default_factory=list)
    # Why the row could not be made.
    failure: str | None = None
    skipped: str | None = None
    client_late_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def is_wrong(self):
        return self.failure is not None or bool(self.lost or self.doubled or self.unexpected)


class Scene:
    """What a fault works with."""

    def __init__(self, stack, load, row, drains):
        self.stack = stack
        self.load = load
        self.row = row
        self.drains = drains
        self.recovery_wait_s = WAIT_MAX_S
        # Messages that were deleted with their queue.
        self.deleted = 0
        # Measures the recovery, from the moment at which the part is back.
        self.recovery = None

    async def hold(self, seconds):
        await asyncio.sleep(seconds)

    def note(self, text):
        self.row.notes.append(text)

    async def backlog(self):
        """Notes the entries that wait to be published. There have to be some: else the fault holds nothing up."""
        waiting = int(await self.stack.postgres.sql("select count(*) from outbox", "lancamentos"))
        self.note(f"{waiting} entries waited to be published")
        if waiting == 0:
            raise RuntimeError("the fault holds nothing up")

    async def count_missing(self):
        """Notes how many acknowledged entries are in no balance. What was deleted has to be: else there is nothing to heal."""
        ledger = self.load.ledger
        seen = await quantity(self.load.consolidados[0], ledger)
        if seen is None:
            raise RuntimeError("the balances cannot be read")
        missing = ledger.count(State.ACKNOWLEDGED) - seen
        self.note(f"{missing} acknowledged entries were in no balance before the replay")
        if missing < self.deleted:
            raise RuntimeError(f"only {missing} entries are missing after {self.deleted} messages were deleted")

    def measure(self, name, seconds, max_seconds):
        """Records a time with a limit of its own; None: it did not end."""
        known = self.row.measures.get(name, {"seconds": -1})["seconds"]
        if seconds is None or known is not None and seconds > known:
            self.row.measures[name] = {"seconds": None if seconds is None else round(seconds, 2), "max_seconds": max_seconds}

    def require(self, condition, text):
        """Records a promise that is not kept."""
        if not condition:
            self.row.missed.append(text)

    def healed(self):
        """The part is back. Entries from now on are in accounts of their own."""
        if self.recovery is None:
            self.load.ledger.phase = "depois"
            since = asyncio.get_running_loop().time()
            self.recovery = asyncio.create_task(recovery(self.load, since, self.drains, self.recovery_wait_s))


async def run(stack, fault, number, rates, seed, following=None):
    """Returns the row; never raises but for a cancellation. `following` is the next fault."""
    row = Row(fault.name, fault.title)
    begin = time.monotonic()
    row.writes_per_s, row.reads_per_s = rates or (fault.writes_per_s, fault.reads_per_s)
    try:
        await rehearse(stack, fault, number, seed, row, following)
    except Skipped as reason:
        row.skipped = str(reason)
    # A row that cannot be made is a result, and the next one has its turn.
    except Exception as failure:  # noqa: BLE001
        row.failure = f"{type(failure).__name__}: {failure}"
    finally:
        row.seconds = round(time.monotonic() - begin, 1)
    judge(row, fault)
    return row


async def rehearse(stack, fault, number, seed, row, following):
    clock = asyncio.get_running_loop().time
    ledger = Ledger(f"r{number:02d}-{fault.name}", seed + number)
    measures = Measures(clock)
    lancamentos = [instance.origin for instance in stack.lancamentos]
    if fault.proxied:
        names = [f"http-{instance.name}" for instance in stack.lancamentos]
        lancamentos = [Origin(name, stack.proxies.ports[name], stack.authorization) for name in names]
    load = Load(ledger, measures, lancamentos, [instance.origin for instance in stack.consolidados], fault.client_timeout_s)
    scene = Scene(stack, load, row, drains=not fault.replay)
    scene.recovery_wait_s = max(WAIT_MAX_S, 2 * fault.recovery_max_s)
    traffic, stays = None, False
    try:
        if fault.prepare:
            await fault.prepare(scene)
        measures.start()
        traffic = asyncio.create_task(load.run(row.writes_per_s, row.reads_per_s))
        await asyncio.sleep(WARM_UP_S)
        if measures.errors:
            row.notes.append(f"errors before the fault: {dict(measures.errors)}")
        await fault.run(scene)
        scene.healed()
        seconds = await scene.recovery
        row.recovery_seconds = None if seconds is None else round(seconds, 2)
        await asyncio.sleep(TAIL_S)
        if traffic.done():
            # It ends only by a failure of its own.
            traffic.result()
        traffic.cancel()
        left = await load.settle(SETTLE_MAX_S)
        if left:
            row.notes.append(f"{left} requests were ended unfinished")
        if fault.replay:
            await replay(stack, scene)
        audit = await Auditor(ledger, [instance.origin for instance in stack.lancamentos], load.consolidados).run()
        row.lost, row.doubled, row.unexpected, row.recovered = audit.lost, audit.doubled, audit.unexpected, audit.recovered
        row.examples = audit.examples
        stays = fault.shared and following is not None and following.prepare is fault.prepare
    finally:
        under_way = [task for task in (traffic, scene.recovery) if task is not None]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await load.settle(0)
        if fault.proxied:
            for origin in lancamentos:
                origin.close()
        fill(row, ledger, measures, load)
        if fault.restore and not stays:
            await fault.restore(scene)


def fill(row, ledger, measures, load):
    row.attempted, row.acknowledged = len(ledger.entries), ledger.count(State.ACKNOWLEDGED)
    row.unknown = ledger.count(State.UNKNOWN)
    row.errors = dict(sorted(measures.errors.items()))
    row.stalls = measures.stalls
    request, row.longest_stall_seconds = measures.longest()
    row.longest_stall = request or ""
    row.client_late_seconds = round(load.late_s, 3)
    if load.late_s > LATE_MAX_S:
        row.notes.append(f"the load itself was late by up to {load.late_s:.1f} s: the machine is busy, and so waits are longer")
    if load.not_sent:
        row.notes.append(f"{load.not_sent} requests were not sent, because too many were under way")


def judge(row, fault):
    """Adds the limits that were missed."""
    if row.failure or row.skipped:
        return
    if row.longest_stall_seconds > fault.stall_max_s:
        row.missed.append(f"stall {row.longest_stall_seconds:.1f} s > {fault.stall_max_s} s")
    if row.recovery_seconds is None:
        row.missed.append("no recovery")
    elif row.recovery_seconds > fault.recovery_max_s:
        row.missed.append(f"recovery {row.recovery_seconds:.1f} s > {fault.recovery_max_s} s")
    if not fault.may_refuse:
        allowed = (LOST, NO_ANSWER) if fault.may_cut else ()
        failed = sum(count for what, count in row.errors.items() if what.startswith("POST ") and what[5:] not in allowed)
        if failed:
            row.missed.append(f"{failed} POST errors")
    for name, measure in row.measures.items():
        if measure["seconds"] is None or measure["seconds"] > measure["max_seconds"]:
            shown = "never" if measure["seconds"] is None else f"{measure['seconds']:.1f} s"
            row.missed.append(f"{name} {shown} > {measure['max_seconds']} s")


async def replay(stack, scene):
    """Sends again what was registered during the row, if this version of lancamentos can."""
    words = [stack.bin / "lancamentos", "replay"]
    environment = {**os.environ, **stack.settings}
    if "replay" not in await command(stack.bin / "lancamentos", "--help"):
        scene.note("needs `lancamentos replay`, which this version does not have")
        return
    await scene.count_missing()
    begin, end = scene.load.measures.begin_utc, time.time() + 60
    shape = "%Y-%m-%dT%H:%M:%SZ"
    instants = [time.strftime(shape, time.gmtime(instant)) for instant in (begin - 5, end)]
    try:
        await command(*words, "--de", instants[0], "--ate", instants[1], environment=environment, folder=stack.root)
        scene.note("replayed before the audit")
    except CommandFailed as failure:
        scene.note(f"replay failed: {failure}")
