"""A RabbitMQ node whose connections to the other nodes of its cluster pass through proxies, in both directions."""

import asyncio
import os
import pathlib
import struct
import sys

from mapper import NORMAL_NODE, REGISTER, VERSION_MAX, VERSION_MIN
from processes import Child
from proxies import Proxies

PROGRAM = pathlib.Path(__file__).with_name("mapper.py")


class CutOff:
    """The proxies of a node. Its own port mapper leads it to them, and the others' port mapper leads the others to them."""

    def __init__(self, name, folder, port, mapper_port):
        self.name = name
        self.folder = folder
        self.port = port
        self.mapper_port = mapper_port
        self.proxies = Proxies()
        self.mapper = None
        self.registration = None

    async def start(self, others, others_mapper_port, log):
        """`others` are the names and the distribution ports of the other nodes."""
        await self.proxies.start({self.name: self.port, **others})
        known = [f"{name}={self.proxies.ports[name]}" for name in others]
        words = [sys.executable, "-B", PROGRAM, self.mapper_port, *known]
        (self.folder / "porta.dist").write_text(f"{self.port}\n", encoding="ascii")
        (self.folder / "porta.epmd").write_text(f"{self.mapper_port}\n", encoding="ascii")
        self.mapper = Child(words, dict(os.environ), self.folder / "epmd.pid", log, self.folder)
        await self.register(others_mapper_port)

    async def register(self, others_mapper_port):
        reader, self.registration = await asyncio.open_connection("127.0.0.1", others_mapper_port)
        name = self.name.encode("ascii")
        head = (REGISTER, self.proxies.ports[self.name], NORMAL_NODE, 0, VERSION_MAX, VERSION_MIN, len(name))
        request = struct.pack("!BHBBHHH", *head) + name + struct.pack("!H", 0)
        self.registration.write(struct.pack("!H", len(request)) + request)
        answer = await asyncio.wait_for(reader.read(2), 5)
        if answer[1:2] != b"\0":
            raise RuntimeError(f"the port mapper did not register {self.name}: {answer!r}")

    async def cut(self):
        """What is sent waits, as behind a network that lost its route."""
        await self.proxies.do("hold", *self.proxies.ports, directions=["up", "down"])

    async def heal(self):
        """What was sent before arrives late."""
        await self.proxies.do("pass", *self.proxies.ports)

    async def stop(self):
        if self.registration is not None:
            self.registration.close()
        if self.mapper is not None:
            await self.mapper.kill()
        await self.proxies.stop()
