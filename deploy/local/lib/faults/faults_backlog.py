"""Backlogs of millions: memory stays flat, metrics show the growth, and nothing is lost or doubled when they are gone."""

import asyncio
import base64
import gc
import os
import time
import urllib.request

from bulk import Bulk
from catalogue import fault
from processes import command
from recovery import quantity

SAMPLE_S = 5
# Resident memory may grow by so much from the first minute of the backlog to any later time.
GROWTH_MAX_MIB = 48
AWAY_S = 600
AWAY_PER_S = 2000
WAITING_MESSAGES = 5_000_000
COPIED_ENTRIES = 100_000
REPLAYS_AT_ONCE = 3
FILL_MAX_S = 2400


class Memory:
    """Samples the resident memory of every instance."""

    def __init__(self, scene):
        self.scene = scene
        self.samples = []

    async def run(self):
        begin = time.monotonic()
        while True:
            mib = {instance.name: resident_mib(instance) for instance in self.scene.stack.instances.values()}
            self.samples.append((time.monotonic() - begin, mib))
            await asyncio.sleep(SAMPLE_S)

    def report(self):
        for name in self.samples[0][1]:
            series = [(at, mib[name]) for at, mib in self.samples]
            first = max(mib for at, mib in series if at <= 60)
            peak = max(mib for _, mib in series)
            tenths = " ".join(f"{series[len(series) * k // 10][1]:.0f}" for k in range(10))
            self.scene.note(f"{name}: resident {tenths} {series[-1][1]:.0f} MiB by tenths of the time, peak {peak:.0f}")
            self.scene.require(peak - first <= GROWTH_MAX_MIB, f"{name} grew from {first:.0f} to {peak:.0f} MiB")


def resident_mib(instance):
    with open(f"/proc/{instance.child.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024


async def no_collection(scene):
    """Python's collector stops the load for seconds while it looks at a million entries, none of which is garbage."""
    gc.disable()


async def collection(scene):
    gc.enable()


async def metric(origin, name):
    """The sum of a metric over its labels."""
    answer = await origin.request("GET", "/metrics", 5)
    values = [line.rpartition(" ")[2] for line in answer.body.decode("utf-8").splitlines() if line.startswith(name)]
    return sum(map(float, values))


def broker_metric(rabbitmq, name):
    """A metric of the consumers' queue, as Prometheus reads it."""
    user = base64.b64encode(f"administrador:{rabbitmq.read('senha.administrador')}".encode()).decode()
    url = f"http://127.0.0.1:{rabbitmq.read('porta.metricas')}/metrics/detailed?family=queue_coarse_metrics"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Basic {user}"}), timeout=30) as answer:
        lines = answer.read().decode("utf-8").splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name}{{") and f'"{rabbitmq.QUEUE}"' in line)


async def caught_up(scene, entries, since):
    """Waits until the balances hold so many entries, and notes the rate."""
    while (await quantity(scene.load.consolidados[0], scene.load.ledger, "antes") or 0) < entries:
        await asyncio.sleep(1)
    seconds = time.monotonic() - since
    scene.note(f"caught up in {seconds:.0f} s: {entries / seconds:.0f} entries/s")


@fault(
    "broker-fora-10-minutos",
    f"RabbitMQ: down for {AWAY_S} s at {AWAY_PER_S} entries/s more (lotes)",
    long=True,
    recovery_max_s=1200,
    prepare=no_collection,
    restore=collection,
)
async def away(scene):
    stack, load = scene.stack, scene.load
    memory = Memory(scene)
    sampling = asyncio.create_task(memory.run())
    try:
        await stack.rabbitmq.kill()
        begin = time.monotonic()
        await Bulk(load).run(AWAY_PER_S, AWAY_S * AWAY_PER_S)
        scene.note(f"{AWAY_S * AWAY_PER_S} entries more in {time.monotonic() - begin:.0f} s")
        await asyncio.sleep(2)
        pending = [await metric(origin, "fluxo_outbox_pending") for origin in load.lancamentos]
        age = [await metric(origin, "fluxo_outbox_oldest_age_seconds") for origin in load.lancamentos]
        scene.note(f"fluxo_outbox_pending {max(pending):.0f}, fluxo_outbox_oldest_age_seconds {max(age):.0f}")
        scene.require(max(pending) >= AWAY_S * AWAY_PER_S, "fluxo_outbox_pending does not show the backlog")
        await stack.rabbitmq.start()
        scene.healed()
        await caught_up(scene, load.ledger.acknowledged_before(), time.monotonic())
    finally:
        sampling.cancel()
    memory.report()


@fault(
    "cinco-milhoes-na-fila",
    f"{WAITING_MESSAGES:,} messages in the consumers' queue: {COPIED_ENTRIES:,} entries, each many times",
    long=True,
    recovery_max_s=1800,
    prepare=no_collection,
    restore=collection,
)
async def millions(scene):
    stack, load = scene.stack, scene.load
    memory = Memory(scene)
    sampling = asyncio.create_task(memory.run())
    try:
        await stack.proxies.do("refuse", "amqp-consolidado")
        since = time.time()
        await Bulk(load).run(AWAY_PER_S, COPIED_ENTRIES)
        begin = time.monotonic()
        while (waiting := await messages(stack)) < WAITING_MESSAGES:
            if time.monotonic() - begin > FILL_MAX_S:
                raise RuntimeError(f"only {waiting} messages after {FILL_MAX_S} s")
            await asyncio.gather(*(replay(stack, since) for _ in range(REPLAYS_AT_ONCE)))
        shown = broker_metric(stack.rabbitmq, "rabbitmq_detailed_queue_messages")
        scene.note(f"{waiting} messages waited after {time.monotonic() - begin:.0f} s; rabbitmq_detailed_queue_messages {shown:.0f}")
        scene.require(shown >= WAITING_MESSAGES * 0.99, "the broker's metrics do not show the backlog")
        await stack.proxies.do("pass", "amqp-consolidado")
        begin = time.monotonic()
        scene.healed()
        while await messages(stack) > 1000:
            await asyncio.sleep(2)
        seconds = time.monotonic() - begin
        scene.note(f"drained in {seconds:.0f} s: {waiting / seconds:.0f} messages/s")
    finally:
        sampling.cancel()
        await stack.proxies.do("pass", "amqp-consolidado")
    memory.report()


async def messages(stack):
    """Messages in the consumers' queue; some seconds old."""
    return (await stack.rabbitmq.api("GET", f"queues/%2F/{stack.rabbitmq.QUEUE}")).get("messages", 0)


async def replay(stack, since):
    shape = "%Y-%m-%dT%H:%M:%SZ"
    begin, end = (time.strftime(shape, time.gmtime(instant)) for instant in (since - 1, time.time() - 1))
    environment = {**os.environ, **stack.settings}
    await command(stack.bin / "lancamentos", "replay", "--de", begin, "--ate", end, environment=environment, folder=stack.root)
