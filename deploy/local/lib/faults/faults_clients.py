"""Clients that hold connections without using them, and a name server that does not answer."""

import asyncio
import contextlib
import resource
import socket
import time

from catalogue import fault
from http1 import Origin, RequestFailure
from names import ADDRESS, NameServer, with_name, without_name

NEWCOMER_MAX_S = 1.0
NEWCOMER_WAIT_S = 10
# Those of the load.
OTHER_DESCRIPTORS = 3000


class Crowd:
    """Connections to one instance."""

    def __init__(self, origin):
        self.origin = origin
        self.sockets = []
        self.refused = 0

    async def open(self, count):
        """Opens connections. Those that the service closes are not opened again."""
        loop = asyncio.get_running_loop()
        for _ in range(count):
            connection = socket.socket()
            connection.setblocking(False)
            try:
                await asyncio.wait_for(loop.sock_connect(connection, ("127.0.0.1", self.origin.port)), 5)
            except OSError:
                # Also a time-out: the queue of connections that are not accepted is full.
                self.refused += 1
                connection.close()
                continue
            self.sockets.append(connection)

    def send(self, octets):
        """Sends to every connection that is still open."""
        for connection in self.sockets:
            with contextlib.suppress(OSError):
                connection.send(octets)

    def close(self):
        for connection in self.sockets:
            connection.close()


async def newcomers(scene, instances, seconds):
    """Measures how long a new connection waits for a probe and for an entry."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await asyncio.gather(*(newcomer(scene, instance) for instance in instances))
        await asyncio.sleep(1)


async def newcomer(scene, instance):
    origin = Origin(instance.name, instance.port, scene.stack.authorization)
    begin = time.monotonic()
    try:
        answer = await origin.request("GET", "/livez", NEWCOMER_WAIT_S)
        scene.require(answer.status == 200, f"/livez answers {answer.status}")
    except RequestFailure:
        # The time shows it.
        pass
    finally:
        origin.close()
    scene.measure("a newcomer's probe is answered after", time.monotonic() - begin, NEWCOMER_MAX_S)


async def silent(scene, count, instances):
    crowds = [Crowd(instance.origin) for instance in instances]
    opening = [asyncio.create_task(crowd.open(count)) for crowd in crowds]
    try:
        await newcomers(scene, instances, 20)
        scene.note(", ".join(f"{len(crowd.sockets)} silent connections to {crowd.origin.name}" for crowd in crowds))
    finally:
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        for crowd in crowds:
            crowd.close()


@fault("clientes-mudos", "2,000 connections that send nothing, to one instance of each service", recovery_max_s=5)
async def two_thousand(scene):
    await silent(scene, 2000, (scene.stack.lancamentos[0], scene.stack.consolidados[0]))


@fault(
    "clientes-mudos-20000", "20,000 connections that send nothing (or what ulimit -Hn allows), to one lancamentos", recovery_max_s=5
)
async def twenty_thousand(scene):
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    await silent(scene, min(20_000, descriptors - OTHER_DESCRIPTORS), scene.stack.lancamentos[:1])


@fault("clientes-lentos", "2,000 clients that send a byte a second, to one lancamentos", recovery_max_s=5)
async def slow(scene):
    instance = scene.stack.lancamentos[0]
    crowd = Crowd(instance.origin)
    try:
        await crowd.open(2000)
        crowd.send(b"POST /v1/lancamentos HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-Slow: ")
        measuring = asyncio.create_task(newcomers(scene, [instance], 20))
        for _ in range(20):
            crowd.send(b"x")
            await scene.hold(1)
        await measuring
    finally:
        crowd.close()


@fault(
    "servidor-de-nomes-parado",
    "name server silent for 25 s, and every session of the databases terminated",
    may_refuse=True,
    prepare=with_name,
    restore=without_name,
)
async def name_server_silent(scene):
    """A known address goes on being used; an orderly end stays within its time."""
    server: NameServer = scene.stack.name_server
    server.answers = False
    try:
        await scene.stack.postgres.terminate()
        await scene.hold(5)
        for origin in scene.load.lancamentos:
            registered = await scene.load.register_once(origin)
            scene.require(registered is not None, f"{origin.name} registers nothing while the name server is silent")
        await scene.hold(15)
        instance = scene.stack.lancamentos[1]
        scene.load.lancamentos.remove(instance.origin)
        status, seconds = await instance.terminate()
        scene.measure(f"an orderly end needs (name server {ADDRESS} silent)", seconds, 20)
        scene.require(status == 0, f"{instance.name} ended with {status} on SIGTERM")
    finally:
        server.answers = True
    instance.start()
    await instance.ready()
    scene.load.lancamentos.append(instance.origin)
