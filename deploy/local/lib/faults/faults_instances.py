"""Faults of the services' own processes."""

import asyncio
import itertools
import pathlib
import signal

from catalogue import PROCESS_RECOVERY_MAX_S, Skipped, fault

# A client that is cut off by a stopped process gives up after this time and uses another instance.
GIVES_UP_S = 2
LIBFAKETIME = "/usr/lib/*/faketime/libfaketime.so.1"


async def kill_in_turn(scene, instances, times, pause_s):
    for turn, instance in zip(range(times), itertools.cycle(instances)):
        if turn:
            await scene.hold(pause_s)
        await instance.kill()
        instance.start()


@fault(
    "consumidor-morto-em-laco",
    "consolidado: kill -9 in turn, 10 times",
    recovery_max_s=PROCESS_RECOVERY_MAX_S,
    short=True,
)
async def consumers_killed(scene):
    await kill_in_turn(scene, scene.stack.consolidados, 10, 1)


@fault(
    "lancamentos-morto-em-laco",
    "lancamentos: kill -9 in turn, 10 times",
    recovery_max_s=PROCESS_RECOVERY_MAX_S,
    may_cut=True,
    short=True,
)
async def entry_killed(scene):
    await kill_in_turn(scene, scene.stack.lancamentos, 10, 1.5)


@fault("tudo-morto", "everything killed -9 at once, the instances started first", may_refuse=True, may_cut=True)
async def everything_killed(scene):
    """As after a power cut: the servers return while the instances look for them already."""
    stack = scene.stack
    for instance in stack.instances.values():
        await instance.kill()
    await asyncio.gather(stack.rabbitmq.kill(), stack.postgres.kill())
    for instance in stack.instances.values():
        instance.start()
    await asyncio.gather(stack.rabbitmq.start(), stack.postgres.start())


async def pause(scene, instance):
    instance.signal(signal.SIGSTOP)
    try:
        await scene.hold(20)
    finally:
        instance.signal(signal.SIGCONT)


@fault(
    "lancamentos-parado",
    f"one lancamentos: SIGSTOP for 20 s (clients give up after {GIVES_UP_S} s)",
    client_timeout_s=GIVES_UP_S,
    recovery_max_s=PROCESS_RECOVERY_MAX_S,
    may_cut=True,
)
async def entry_paused(scene):
    await pause(scene, scene.stack.lancamentos[0])


@fault(
    "consolidado-parado",
    f"one consolidado: SIGSTOP for 20 s (clients give up after {GIVES_UP_S} s)",
    client_timeout_s=GIVES_UP_S,
    recovery_max_s=PROCESS_RECOVERY_MAX_S,
)
async def consumer_paused(scene):
    await pause(scene, scene.stack.consolidados[0])


async def remove(scene, instance):
    """Takes an instance from the clients' list, as a load balancer does, and ends it."""
    for origins in (scene.load.consolidados, scene.load.lancamentos):
        if instance.origin in origins:
            origins.remove(instance.origin)
    await terminate(scene, instance)
    del scene.stack.instances[instance.name]


async def terminate(scene, instance):
    """An orderly end, with the times and the exit status that it promises."""
    status, seconds = await instance.terminate()
    scene.measure("an orderly end needs", seconds, 20)
    scene.require(status == 0, f"{instance.name} ended with {status} on SIGTERM")


async def two_again(scene):
    """The rest of the run has two of each."""
    if "consolidado-2" not in scene.stack.instances:
        instance = scene.stack.add("consolidado", 2)
        instance.start()
        await instance.ready()


@fault("escala", "consolidado: 1 → 4 → 1 instances", recovery_max_s=PROCESS_RECOVERY_MAX_S, restore=two_again)
async def scaling(scene):
    stack = scene.stack
    await remove(scene, stack.instances["consolidado-2"])
    await scene.hold(3)
    added = [stack.add("consolidado", number) for number in (2, 3, 4)]
    for instance in added:
        instance.start()
        await instance.ready()
        scene.load.consolidados.append(instance.origin)
    await scene.hold(5)
    for instance in added:
        await remove(scene, instance)
    await scene.hold(3)


@fault(
    "reinicio-em-rodizio",
    "rolling restart of every instance at 500 entries/s",
    writes_per_s=500,
    reads_per_s=100,
    recovery_max_s=PROCESS_RECOVERY_MAX_S,
    short=True,
)
async def rolling_restart(scene):
    for instance in list(scene.stack.instances.values()):
        await terminate(scene, instance)
        instance.start()
        await instance.ready()
        await scene.hold(1)


def libfaketime():
    found = sorted(pathlib.Path("/").glob(LIBFAKETIME.lstrip("/")))
    if not found:
        raise Skipped("libfaketime is not installed (package libfaketime)")
    return found[0]


async def shift_clocks(scene, offset):
    """Starts one instance of each service with a clock that is wrong."""
    library = libfaketime()
    for name in ("lancamentos-2", "consolidado-2"):
        instance = scene.stack.instances[name]
        await instance.terminate()
        instance.extra = {"LD_PRELOAD": str(library), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        instance.start()
        await instance.ready()


async def right_clocks(scene):
    for name in ("lancamentos-2", "consolidado-2"):
        instance = scene.stack.instances[name]
        if instance.extra:
            instance.extra = {}
            await instance.terminate()
            instance.start()
            await instance.ready()


for _name, _offset in (("relogio-adiantado", "+3600"), ("relogio-atrasado", "-3600")):

    async def _prepare(scene, offset=_offset):
        await shift_clocks(scene, offset)

    @fault(_name, f"clocks of one lancamentos and one consolidado {_offset} s", prepare=_prepare, restore=right_clocks)
    async def _shifted(scene):
        await scene.hold(15)
