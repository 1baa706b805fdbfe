"""The faults by name. Modules named faults_… add theirs."""

import dataclasses
import typing

# Every request is answered within this time, whatever stalls.
STALL_MAX_S = 2.5
# From the moment at which the part is back until everything is as before.
RECOVERY_MAX_S = 30
PROCESS_RECOVERY_MAX_S = 5
WRITES_PER_S = 100
READS_PER_S = 50
# The limit of clients that wait for an answer, so that a hang is seen as long as it is.
CLIENT_TIMEOUT_S = 10


class Skipped(Exception):
    """A fault that this machine cannot show, with the reason."""


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    title: str
    # Injects, holds and heals; its end is the moment at which the part is back, unless it calls scene.healed() before.
    run: typing.Callable
    # One of the runs of --curtas.
    short: bool = False
    # Takes many minutes: runs only if it is named.
    long: bool = False
    # Whether POST may fail: the entry database or both lancamentos are touched. Lost connections and time-outs of clients are
    # errors only where neither an instance nor its network dies.
    may_refuse: bool = False
    may_cut: bool = False
    recovery_max_s: float = RECOVERY_MAX_S
    stall_max_s: float = STALL_MAX_S
    writes_per_s: int = WRITES_PER_S
    reads_per_s: int = READS_PER_S
    client_timeout_s: float = CLIENT_TIMEOUT_S
    # Clients reach lancamentos through proxies.
    proxied: bool = False
    # Confirmed messages are gone with the queue: `lancamentos replay` brings them back before the audit.
    replay: bool = False
    # Called before the load begins and after the audit.
    prepare: typing.Callable | None = None
    restore: typing.Callable | None = None
    # What was prepared stays for the next row if that prepares the same.
    shared: bool = False


FAULTS: dict[str, Fault] = {}


def fault(name, title, **options):
    """Makes a function of a scene a fault."""

    def add(function):
        assert name not in FAULTS, name
        FAULTS[name] = Fault(name, title, function, **options)
        return function

    return add
