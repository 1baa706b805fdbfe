"""The port mapper of a node that can be cut off."""

import asyncio
import struct
import unittest

from mapper import Mapper


class MapperTests(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.mapper = Mapper(4369, {"rabbit": 7001})
        self.server = await asyncio.start_server(self.mapper.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def asyncTearDown(self):
        self.server.close()

    async def ask(self, request):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(struct.pack("!H", len(request)) + request)
        return reader, writer

    async def answer(self, request):
        reader, writer = await self.ask(request)
        answer = await reader.read()
        writer.close()
        return answer

    async def register(self, name, port):
        head = struct.pack("!BHBBHHH", ord("x"), port, 77, 0, 6, 5, len(name))
        reader, writer = await self.ask(head + name + b"\0\0")
        self.assertEqual((await reader.readexactly(6))[:2], b"v\0")
        return writer

    async def port_of(self, name):
        answer = await self.answer(b"z" + name)
        return struct.unpack("!H", answer[2:4])[0] if answer[1] == 0 else None

    async def test_a_node_is_found_while_its_connection_lasts(self):
        self.assertIsNone(await self.port_of(b"rabbit3"))
        node = await self.register(b"rabbit3", 7003)
        self.assertEqual(await self.port_of(b"rabbit3"), 7003)
        self.assertEqual((await self.answer(b"n"))[4:], b"name rabbit3 at port 7003\nname rabbit at port 7001\n")
        again = await self.register(b"rabbit3", 7004)
        node.close()
        await asyncio.sleep(0.05)
        # The end of the first connection is not the end of the second registration.
        self.assertEqual(await self.port_of(b"rabbit3"), 7004)
        again.close()
        await asyncio.sleep(0.05)
        self.assertIsNone(await self.port_of(b"rabbit3"))

    async def test_given_nodes_are_found_where_the_proxies_are(self):
        node = await self.register(b"rabbit", 7999)
        self.assertEqual(await self.port_of(b"rabbit"), 7001)
        node.close()


if __name__ == "__main__":
    unittest.main()
