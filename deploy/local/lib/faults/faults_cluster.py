"""Faults of three RabbitMQ nodes on one machine."""

import asyncio
import shutil
import time

from catalogue import fault
from cut_off import CutOff
from recovery import sees
from servers import RabbitMQ
from stack import free_port

NODES = ("rabbit2", "rabbit3")
# The node whose connections to the others can be cut. Clients connect to it first.
CUT_OFF = "rabbit3"
# As in production, except that the nodes notice a cut network after 10 s rather than 60.
SETTINGS = "cluster_partition_handling = pause_minority\nnet_ticktime = 10\n"


# Three RabbitMQ nodes. The services know the addresses of all.


def configure(node):
    folder = node.folder / "conf.d"
    folder.mkdir(exist_ok=True)
    (folder / "20-cluster.conf").write_text(SETTINGS, encoding="ascii")


async def join(stack, name):
    """Starts another node and makes it a member of the first one's cluster."""
    first, node = stack.rabbitmq, RabbitMQ(stack.folder / name)
    node.folder.mkdir(mode=0o700)
    for file in (".erlang.cookie", *(path.name for path in first.folder.glob("senha.*"))):
        shutil.copy2(first.folder / file, node.folder / file)
    (node.folder / "nome").write_text(name + "\n", encoding="ascii")
    configure(node)
    if name == CUT_OFF:
        stack.cut_off = CutOff(name, node.folder, free_port(stack.ports), free_port(stack.ports))
        ports = {other.folder.name if other is not first else "rabbit": int(other.read("porta.dist")) for other in stack.nodes}
        await stack.cut_off.start(ports, int(first.read("porta.epmd")), stack.folder / "log/mapper.log")
    else:
        for file in ("porta.epmd", "epmd.pid", "epmd.pid.ident"):
            shutil.copy2(first.folder / file, node.folder / file)
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
    configure(stack.rabbitmq)
    await stack.rabbitmq.restart()
    for name in NODES:
        stack.nodes.append(await join(stack, name))
    await stack.rabbitmq.start()
    for instance in stack.instances.values():
        key = f"FLUXO_{instance.service.upper()}_AMQP_URL_FILE"
        address = stack.folder / f"segredos/{instance.service}.amqp.nos"
        address.touch(mode=0o600)
        url = (stack.rabbitmq.folder / f"url.{instance.service}").read_text(encoding="utf-8")
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in reversed(stack.nodes))
        address.write_text(url.replace(f"127.0.0.1:{stack.rabbitmq.port}", hosts), encoding="utf-8")
        instance.extra = {key: str(address)}
    await stack.restart_instances()


async def delete_queues(stack):
    """Ends the instances and deletes the queues, which are empty after an audit. Starting the node declares them again."""
    for instance in stack.instances.values():
        await instance.kill()
    for queue in await stack.rabbitmq.api("GET", "queues/%2F"):
        # A queue that the broker named ends with its connection.
        if not queue["name"].startswith("amq.gen-"):
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
    if stack.cut_off is not None:
        await stack.cut_off.stop()
        stack.cut_off = None
    for node in stack.nodes[1:]:
        # Its folder shares the port mapper of the first node, which goes on.
        shutil.rmtree(node.folder)
    stack.nodes = []
    for instance in stack.instances.values():
        instance.extra = {}
    (stack.rabbitmq.folder / "conf.d/20-cluster.conf").unlink(missing_ok=True)
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


@fault("cluster-minoria-isolada", "three RabbitMQ nodes: network of the one with all clients cut for 40 s", **CLUSTER)
async def cut_off(scene):
    """The node finds itself in a minority, pauses and leaves its clients to the others, which go on without it."""
    stack = scene.stack
    connections = sum(link.get("node", "").startswith(CUT_OFF) for link in await stack.rabbitmq.api("GET", "connections"))
    scene.note(f"{connections} AMQP connections to the node when it was cut off")
    queue = stack.rabbitmq.QUEUE
    await stack.cut_off.cut()
    try:
        await scene.hold(28)
        # By now the clients have moved: entries reach the balances although the network is still cut.
        entry = await scene.load.register_once(scene.load.lancamentos[0])
        begin = time.monotonic()
        seen = entry is not None and await sees(scene.load.consolidados[0], entry)
        scene.require(seen, f"an entry is not seen {time.monotonic() - begin:.1f} s after its 201, while {queue} has its majority")
        await scene.hold(12)
    finally:
        await stack.cut_off.heal()


@fault("cluster-maioria-parada", "three RabbitMQ nodes: two stopped (SIGSTOP) for 20 s", **CLUSTER)
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
