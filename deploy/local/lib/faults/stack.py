"""The stack of a run: the servers, the proxies in front of them, and the instances."""

import asyncio
import os
import pathlib
import socket
import time

from http1 import Origin, RequestFailure
from processes import Child
from proxies import Proxies
from servers import Postgres, RabbitMQ

READY_S = 60
# A service ends its orderly shutdown after 20 s by itself; the scripts kill it after 25 s.
SHUTDOWN_S = 25


class NotReady(Exception):
    """An instance or the stack did not become ready."""


def free_port(taken):
    """A port below the range of outgoing connections."""
    for port in range(20000, 30000):
        if port in taken:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            taken.add(port)
            return port
    raise NotReady("no free port between 20000 and 29999")


class Instance:
    """One instance of a service. Its port stays the same when it is started again."""

    def __init__(self, stack, service, number, port):
        self.stack = stack
        self.service = service
        self.name = f"{service}-{number}"
        self.port = port
        self.origin = Origin(self.name, port, stack.authorization)
        self.child = None
        # Words before the command and settings besides the usual ones.
        self.wrapper = ()
        self.extra = {}

    def start(self):
        stack = self.stack
        prefix = f"FLUXO_{self.service.upper()}"
        settings = {f"{prefix}_PORTA": str(self.port), **stack.settings, **self.extra}
        environment = {**os.environ, **settings}
        words = [*self.wrapper, stack.bin / self.service, "serve"]
        self.child = Child(
            words, environment, stack.folder / f"run/{self.name}.pid", stack.folder / f"log/{self.name}.log", stack.root
        )

    def signal(self, number):
        self.child.signal(number)

    async def kill(self):
        await self.child.kill()

    async def terminate(self):
        return await self.child.terminate(SHUTDOWN_S)

    async def is_ready(self):
        try:
            return (await self.origin.request("GET", "/readyz", 3)).status == 200
        except RequestFailure:
            return False

    async def ready(self, timeout_s=READY_S):
        """Returns when it answers 200 to /readyz. Raises NotReady if it ends before, or after the time."""
        end = time.monotonic() + timeout_s
        while not await self.is_ready():
            if not self.child.runs:
                raise NotReady(f"{self.name} ended with {self.child.process.returncode}; see its log")
            if time.monotonic() > end:
                raise NotReady(f"{self.name} is not ready after {timeout_s} s")
            await asyncio.sleep(0.05)


class Stack:
    """Two lancamentos and two consolidado, which reach PostgreSQL and RabbitMQ through proxies."""

    DATABASES = ("banco-lancamentos", "banco-consolidado")
    BROKERS = ("amqp-lancamentos", "amqp-consolidado")
    CLIENTS = ("http-lancamentos-1", "http-lancamentos-2")

    def __init__(self, folder, root, products, token):
        self.folder, self.root, self.bin = folder, root, products
        self.authorization = [("Authorization", f"Bearer {token}")]
        self.postgres = Postgres(folder / "postgres")
        self.rabbitmq = RabbitMQ(folder / "rabbitmq")
        self.proxies = Proxies()
        self.settings = {}
        self.ports = {self.postgres.port, self.rabbitmq.port}
        self.instances = {}
        # Parts that only some rows have.
        self.name_server = None
        self.nodes = []
        self.cut_off = None
        self.standby = None

    def named(self, service):
        return [instance for instance in self.instances.values() if instance.service == service]

    @property
    def lancamentos(self):
        return self.named("lancamentos")

    @property
    def consolidados(self):
        return self.named("consolidado")

    def add(self, service, number):
        instance = Instance(self, service, number, free_port(self.ports))
        self.instances[instance.name] = instance
        return instance

    async def start(self):
        for service in ("lancamentos", "consolidado"):
            for number in (1, 2):
                self.add(service, number)
        targets = {name: self.postgres.port for name in self.DATABASES} | {name: self.rabbitmq.port for name in self.BROKERS}
        targets |= {f"http-{instance.name}": instance.port for instance in self.lancamentos}
        await self.proxies.start(targets)
        for service in ("lancamentos", "consolidado"):
            self.point(service, "banco", self.folder / f"segredos/{service}.banco", self.postgres.port)
            self.point(service, "amqp", self.folder / f"rabbitmq/url.{service}", self.rabbitmq.port)
        for instance in self.instances.values():
            instance.start()
        await self.ready()

    def point(self, service, what, url_file, port):
        """Writes a URL file in which the proxy's port replaces the server's."""
        url = pathlib.Path(url_file).read_text(encoding="utf-8").strip()
        proxied = self.folder / f"segredos/{service}.{what}.proxy"
        proxied.touch(mode=0o600)
        proxied.write_text(url.replace(f":{port}/", f":{self.proxies.ports[f'{what}-{service}']}/") + "\n", encoding="utf-8")
        self.settings[f"FLUXO_{service.upper()}_{what.upper()}_URL_FILE"] = str(proxied)

    async def ready(self):
        """Waits until every instance is ready; starts those that ended."""
        for instance in self.instances.values():
            if not instance.child.runs:
                instance.start()
        await asyncio.gather(*(instance.ready() for instance in self.instances.values()))

    async def restart_instances(self):
        """After a row that failed: nothing of it may reach the next one."""
        await self.proxies.do("pass", *self.proxies.ports)
        for instance in self.instances.values():
            await instance.child.kill()
            instance.start()
        await self.ready()

    async def stop(self):
        for instance in self.instances.values():
            if instance.child is not None:
                await instance.kill()
        await self.proxies.stop()
        if self.cut_off is not None:
            await self.cut_off.stop()
