"""Faults of clusters on one machine: three RabbitMQ nodes, and a PostgreSQL primary with a synchronous standby."""

import asyncio
import shutil

from catalogue import fault
from processes import command
from servers import Postgres, RabbitMQ

NODES = ("rabbit2", "rabbit3")
# What a node of the cluster has in common with the first one.
SHARED = (".erlang.cookie", "porta.epmd", "epmd.pid", "epmd.pid.ident")


# Three RabbitMQ nodes. The services know the addresses of all.


async def join(stack, name):
    """Starts another node and makes it a member of the first one's cluster."""
    first, node = stack.rabbitmq, RabbitMQ(stack.folder / name)
    node.folder.mkdir(mode=0o700)
    for file in (*SHARED, *(path.name for path in first.folder.glob("senha.*"))):
        shutil.copy2(first.folder / file, node.folder / file)
    (node.folder / "nome").write_text(name + "\n", encoding="ascii")
    await node.start()
    for step in (("stop_app",), ("reset",), ("join_cluster", "rabbit@localhost"), ("start_app",)):
        await node.ctl(*step)
    return node


async def with_cluster(scene):
    stack = scene.stack
    if stack.nodes:
        # The row before prepared it.
        return
    stack.nodes = [stack.rabbitmq]
    # A queue has the members that were there when it was declared.
    await delete_queues(stack)
    for name in NODES:
        stack.nodes.append(await join(stack, name))
    await stack.rabbitmq.start()
    for instance in stack.instances.values():
        key = f"FLUXO_{instance.service.upper()}_AMQP_URL_FILE"
        address = stack.folder / f"segredos/{instance.service}.amqp.nos"
        address.touch(mode=0o600)
        url = (stack.rabbitmq.folder / f"url.{instance.service}").read_text(encoding="utf-8")
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in stack.nodes)
        address.write_text(url.replace(f"127.0.0.1:{stack.rabbitmq.port}", hosts), encoding="utf-8")
        instance.extra = {key: str(address)}
    await stack.restart_instances()


async def delete_queues(stack):
    """Ends the instances and deletes the queues, which are empty after an audit. Starting the node declares them again."""
    for instance in stack.instances.values():
        await instance.kill()
    for queue in await stack.rabbitmq.api("GET", "queues/%2F"):
        await stack.rabbitmq.api("DELETE", f"queues/%2F/{queue['name']}")


async def without_cluster(scene):
    stack = scene.stack
    for node in stack.nodes:
        await node.start()
    # While the queues have their majority.
    await delete_queues(stack)
    for node in stack.nodes[1:]:
        await node.ctl("stop_app")
        await node.ctl("reset")
        await node.kill()
        # Its folder shares the port mapper of the first node, which goes on.
        shutil.rmtree(node.folder)
    stack.nodes = []
    for instance in stack.instances.values():
        instance.extra = {}
    await stack.rabbitmq.start()
    await stack.restart_instances()


async def leader(stack):
    """The node that leads the consumers' queue."""
    queue = await stack.rabbitmq.api("GET", f"queues/%2F/{RabbitMQ.QUEUE}")
    name = queue["leader"].partition("@")[0]
    return stack.nodes[("rabbit", *NODES).index(name)]


CLUSTER = {"prepare": with_cluster, "restore": without_cluster, "shared": True}


@fault("cluster-lider-morto", "three RabbitMQ nodes: the leader of the queue killed, down for 10 s", **CLUSTER)
async def leader_killed(scene):
    node = await leader(scene.stack)
    await node.kill()
    await scene.hold(10)
    await node.start()


@fault("cluster-em-rodizio", "three RabbitMQ nodes: each killed and started again in turn", **CLUSTER)
async def nodes_killed(scene):
    for node in scene.stack.nodes:
        await node.kill()
        await scene.hold(2)
        await node.start()


@fault("cluster-minoria", "three RabbitMQ nodes: two stopped (SIGSTOP) for 20 s", **CLUSTER)
async def minority(scene):
    """One node alone confirms nothing."""
    stopped = scene.stack.nodes[1:]
    for node in stopped:
        node.pause()
    try:
        await scene.hold(20)
    finally:
        for node in stopped:
            node.resume()


@fault("cluster-todos-mortos", "three RabbitMQ nodes: all killed at once", **CLUSTER)
async def all_killed(scene):
    nodes = scene.stack.nodes
    await asyncio.gather(*(node.kill() for node in nodes))
    await scene.hold(2)
    await asyncio.gather(*(node.start() for node in nodes))


# Less than the old primary keeps its connections.
LEAVES_MAX_S = 10


# PostgreSQL with a synchronous standby. The services' address leads to the primary, as a Service of Kubernetes does.


async def with_standby(scene):
    stack = scene.stack
    primary, standby = stack.postgres, Postgres(stack.folder / "standby")
    standby.folder.mkdir()
    shutil.copy2(primary.folder / "senha", standby.folder / "senha")
    version = (primary.folder / "data/PG_VERSION").read_text(encoding="ascii").strip()
    await command(
        f"/usr/lib/postgresql/{version}/bin/pg_basebackup",
        "--pgdata",
        standby.folder / "data",
        "--write-recovery-conf",
        "--checkpoint=fast",
        environment=primary.environment("postgres"),
    )
    await standby.start()
    await primary.set("synchronous_standby_names", "*")
    for _ in range(100):
        if await primary.sql("select count(*) from pg_stat_replication where sync_state = 'sync'") == "1":
            stack.standby = standby
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("the standby does not follow")


async def without_standby(scene):
    """The promoted server's data becomes that of the first one, at the first one's address."""
    stack = scene.stack
    primary, standby = stack.postgres, Postgres(stack.folder / "standby")
    if not (standby.folder / "data").exists():
        return
    promoted = stack.standby is not None and not (standby.folder / "data/standby.signal").exists()
    await standby.stop()
    await primary.stop()
    if promoted:
        shutil.rmtree(primary.folder / "data")
        (standby.folder / "data").rename(primary.folder / "data")
    shutil.rmtree(standby.folder)
    stack.standby = None
    await primary.start()
    await primary.set("synchronous_standby_names", None)
    await stack.proxies.do("target", *stack.DATABASES, port=primary.port)
    await stack.proxies.do("reset", *stack.DATABASES)
    await stack.ready()


@fault(
    "banco-promovido",
    "PostgreSQL primary killed, its synchronous standby promoted after 5 s",
    may_refuse=True,
    prepare=with_standby,
    restore=without_standby,
)
async def promoted(scene):
    stack = scene.stack
    await stack.postgres.kill()
    await scene.hold(5)
    await stack.standby.sql("select pg_promote()")
    await stack.proxies.do("target", *stack.DATABASES, port=stack.standby.port)
    await stack.proxies.do("reset", *stack.DATABASES)


@fault(
    "banco-trocado",
    "PostgreSQL standby promoted; the primary, read-only from then on, keeps its connections for 20 s",
    may_refuse=True,
    recovery_max_s=LEAVES_MAX_S,
    prepare=with_standby,
    restore=without_standby,
)
async def switched(scene):
    """The services have to leave the old primary by themselves: recovery counts from the promotion."""
    stack = scene.stack
    await stack.postgres.set("default_transaction_read_only", "on")
    await scene.hold(2)
    await stack.standby.sql("select pg_promote()")
    await stack.proxies.do("target", *stack.DATABASES, port=stack.standby.port)
    scene.healed()
    await scene.hold(20)
    await stack.postgres.kill()
