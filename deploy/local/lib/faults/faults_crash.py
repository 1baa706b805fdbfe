"""A message that ends every consolidado that applies it."""

import asyncio
import contextlib
import os
import pathlib
import time

from catalogue import PROCESS_RECOVERY_MAX_S, fault
from processes import command, has_connection

# After so many deliveries a message is applied alone.
DELIVERIES_MIN = 20
# Crashes after which the culprit has to be known.
CRASHES_MAX = 40
NEIGHBOUR_MAX_S = 10
METRIC = "fluxo_consumer_suspects_total"
LINE = "message was delivered many times, handled alone"
# Writes who applies the account's entry, and waits to be killed. No such statement commits.
TRIGGER = """
create function falta_queda() returns trigger language plpgsql security definer as $$
begin
    if new.conta = '{conta}' then
        copy (select inet_client_port(), pg_backend_pid()) to '{file}';
        perform pg_sleep(4);
        raise exception 'falta';
    end if;
    return new;
end $$;
create trigger falta_queda before insert on lancamentos_aplicados for each row execute function falta_queda();
"""
NO_TRIGGER = "drop function if exists falta_queda() cascade;"


class Crashes:
    """Kills the instance that applies the entry, each time."""

    def __init__(self, stack, entry):
        self.stack = stack
        self.entry = entry
        self.file = stack.postgres.folder / "data/falta_queda"
        self.count = 0
        # The metric and the log of the instance that was killed last.
        self.suspects = 0
        self.named = 0

    async def arm(self):
        await self.stack.postgres.sql(TRIGGER.format(conta=self.entry.conta, file=self.file), "consolidado")

    async def next(self):
        """Waits until an instance applies the entry, kills it, and starts it again."""
        end = time.monotonic() + 20
        while not (words := self.written()):
            if time.monotonic() > end:
                raise RuntimeError(f"nobody has applied the message for 20 s, after {self.count} crashes")
            await asyncio.sleep(0.01)
        port, backend = map(int, words)
        peer = (await self.stack.proxies.peers("banco-consolidado"))[port]
        instance = next(one for one in self.stack.consolidados if has_connection(one.child.process.pid, peer))
        self.suspects = await suspects(instance)
        self.named = sum(LINE in line and self.entry.id in line for line in log_of(instance).splitlines())
        await instance.kill()
        await self.stack.postgres.sql(f"select pg_terminate_backend({backend})")
        self.file.unlink()
        self.count += 1
        instance.start()

    def written(self):
        with contextlib.suppress(FileNotFoundError):
            words = self.file.read_text(encoding="ascii").split()
            if len(words) == 2:
                return words
        return None


async def suspects(instance):
    """The instance's counter of messages that it handled alone."""
    answer = await instance.origin.request("GET", "/metrics", 3)
    lines = answer.body.decode("utf-8").splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(METRIC))


def log_of(instance):
    return (instance.stack.folder / f"log/{instance.name}.log").read_text(encoding="utf-8", errors="replace")


async def dlq(stack, *arguments):
    environment = {**os.environ, **stack.settings}
    return await command(stack.bin / "consolidado", "dlq", *arguments, environment=environment, folder=stack.root)


async def no_trigger(scene):
    postgres = scene.stack.postgres
    await postgres.sql(NO_TRIGGER, "consolidado")
    pathlib.Path(postgres.folder / "data/falta_queda").unlink(missing_ok=True)


@fault(
    "mensagem-que-derruba",
    "a message that ends every consolidado that applies it: found by metric and log, moved out by `dlq retire`, requeued at last",
    recovery_max_s=PROCESS_RECOVERY_MAX_S,
    restore=no_trigger,
)
async def crashing_message(scene):
    stack, load = scene.stack, scene.load
    entry = load.ledger.new(has_key=True)
    entry.conta = f"{load.ledger.prefix}.antes.culpada"
    crashes = Crashes(stack, entry)
    await crashes.arm()
    await load.register(entry, load.lancamentos)
    if entry.id is None:
        raise RuntimeError("the entry was not registered")
    while crashes.named == 0 and crashes.count < CRASHES_MAX:
        await crashes.next()
    scene.note(f"the log of the instance that ended named the message after {crashes.count} crashes; {METRIC} {crashes.suspects:.0f}")
    scene.require(crashes.named > 0 and crashes.suspects > 0, f"neither log nor metric show it after {crashes.count} crashes")
    scene.require(crashes.count > DELIVERIES_MIN, f"it was handled alone after {crashes.count} deliveries already")
    await neighbour(scene, crashes)
    # What an operator does.
    for instance in stack.consolidados:
        await instance.kill()
    await asyncio.sleep(1)
    scene.note((await dlq(stack, "retire", "--message-id", entry.id)).splitlines()[-1])
    crashes.file.unlink(missing_ok=True)
    await stack.ready()
    await scene.hold(3)
    scene.require(crashes.written() is None, "the message was applied after it was moved out")
    # The repair is deployed.
    await no_trigger(scene)
    scene.note((await dlq(stack, "requeue", "--motivo", "retirado")).splitlines()[-1])


async def neighbour(scene, crashes):
    """Measures the time until another entry is applied while the crashes go on."""
    registered = await scene.load.register_once(scene.load.lancamentos[0])
    begin = time.monotonic()
    found = f"select count(*) from lancamentos_aplicados where id = '{registered.id}'"
    while await scene.stack.postgres.sql(found, "consolidado") == "0" and time.monotonic() - begin < NEIGHBOUR_MAX_S * 2:
        await crashes.next()
    scene.measure("an entry beside it is applied after", time.monotonic() - begin, NEIGHBOUR_MAX_S)
