"""lancamentos killed at every step of its write path: each step is held up by a proxy or a lock until the process is dead."""

import contextlib
import signal

from catalogue import PROCESS_RECOVERY_MAX_S, fault
from load import LOST
from processes import has_connection

DATABASE, BROKER = ("banco-lancamentos",), ("amqp-lancamentos",)
# Shorter than any limit after which the other instance would refuse.
HELD_S = 0.4


@contextlib.asynccontextmanager
async def held(scene, names, directions):
    """Holds bytes back while the block runs. They arrive late."""
    proxies = scene.stack.proxies
    await proxies.do("hold", *names, directions=directions)
    try:
        yield
    finally:
        await proxies.do("pass", *names)


async def kill_with_its_bytes(scene, instance, names):
    """What the instance has sent is lost with it."""
    proxies, pid = scene.stack.proxies, instance.child.process.pid
    ports = [port for port in (await proxies.peers(*names)).values() if has_connection(pid, port)]
    if not ports:
        raise RuntimeError(f"{instance.name} has no connection by {names}")
    # Stopped, it notices nothing before its end.
    instance.signal(signal.SIGSTOP)
    await proxies.do("reset", *names, clients=ports)
    await instance.kill()


async def statement_lost(scene, instance):
    async with held(scene, DATABASE, ["up"]):
        await scene.hold(HELD_S)
        await kill_with_its_bytes(scene, instance, DATABASE)


async def statement_late(scene, instance):
    async with held(scene, DATABASE, ["up"]):
        await scene.hold(HELD_S)
        await instance.kill()


async def commit_unseen(scene, instance):
    async with held(scene, DATABASE, ["down"]):
        await scene.hold(HELD_S)
        await instance.kill()


async def event_lost(scene, instance):
    async with held(scene, BROKER, ["up"]):
        await scene.hold(HELD_S)
        await kill_with_its_bytes(scene, instance, BROKER)


async def event_late(scene, instance):
    async with held(scene, BROKER, ["up"]):
        await scene.hold(HELD_S)
        await instance.kill()


async def confirm_unseen(scene, instance):
    async with held(scene, BROKER, ["down"]):
        await scene.hold(HELD_S)
        await instance.kill()


async def record_kept(scene, instance):
    """Confirms arrive, and the records of the outbox cannot be deleted."""
    postgres = scene.stack.postgres
    async with contextlib.AsyncExitStack() as lock:
        async with held(scene, BROKER, ["down"]):
            await scene.hold(HELD_S)
            await lock.enter_async_context(postgres.session("begin;\nselect 1 from outbox for update;", "lancamentos"))
        await scene.hold(HELD_S)
        left = int(await postgres.sql("select count(*) from outbox", "lancamentos"))
        if left == 0:
            raise RuntimeError("no record was held in the outbox")
        await instance.kill()


STEPS = {
    "before the statement arrived": statement_lost,
    "while the statement was on its way": statement_late,
    "after the commit, before its answer": commit_unseen,
    "before the event arrived": event_lost,
    "while the event was on its way": event_late,
    "after the event arrived, before its confirm": confirm_unseen,
    "after the confirm, before the outbox record was deleted": record_kept,
}


@fault(
    "lancamentos-morto-em-cada-passo",
    "lancamentos: kill -9 at each of 7 steps of its write path",
    recovery_max_s=PROCESS_RECOVERY_MAX_S,
    may_cut=True,
)
async def killed_at_each_step(scene):
    cut = 0
    for turn, (name, step) in enumerate(STEPS.items()):
        instance = scene.stack.lancamentos[turn % 2]
        await step(scene, instance)
        instance.start()
        await instance.ready()
        await scene.hold(1)
        lost = scene.load.measures.errors[f"POST {LOST}"] - cut
        cut += lost
        scene.note(f"killed {name}: {lost} requests had no answer")
