"""The proxy and the HTTP client, over real sockets."""

import asyncio
import os
import unittest

from http1 import Lost, NotSent, Origin, TimedOut
from processes import has_connection
from proxies import Proxies


async def serve_http(reader, writer):
    """Answers each request: chunked, with a length, or after which the connection ends."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            target = head.split(b" ")[1]
            if target == b"/em-partes":
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
                await writer.drain()
                writer.write(b"2\r\nde\r\n0\r\n\r\n")
            elif target == b"/fim":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                break
            elif target == b"/cai":
                break
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


class ProxyTests(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.server = await asyncio.start_server(serve_http, "127.0.0.1", 0)
        self.proxies = Proxies()
        await self.proxies.start({"p": self.server.sockets[0].getsockname()[1]})
        self.origin = Origin("p", self.proxies.ports["p"])

    async def asyncTearDown(self):
        self.origin.close()
        await self.proxies.stop()
        self.server.close()

    async def get(self, target="/", timeout_s=0.3):
        return (await self.origin.request("GET", target, timeout_s)).body

    async def test_everything_is_forwarded(self):
        self.assertEqual(await self.get(timeout_s=5), b"ok")
        self.assertEqual(await self.get("/em-partes", 5), b"abcde")
        self.assertEqual(len(self.origin.idle), 1)
        self.assertEqual(await self.get("/fim", 5), b"ok")
        self.assertEqual(self.origin.idle, [])

    async def test_an_end_without_an_answer_is_a_lost_request(self):
        with self.assertRaises(Lost):
            await self.get("/cai", 5)

    async def test_what_is_held_arrives_later(self):
        await self.get(timeout_s=5)
        for directions in (["up"], ["down"], ["up", "down"]):
            with self.subTest(directions=directions):
                await self.proxies.do("hold", "p", directions=directions)
                late = asyncio.create_task(self.get(timeout_s=5))
                with self.assertRaises(TimedOut):
                    await self.get()
                await self.proxies.do("pass", "p")
                self.assertEqual(await late, b"ok")

    async def test_a_reset_is_seen_at_once(self):
        await self.proxies.do("hold", "p", directions=["down"])
        waiting = asyncio.create_task(self.get(timeout_s=5))
        await asyncio.sleep(0.1)
        await self.proxies.do("reset", "p")
        with self.assertRaises(Lost):
            await waiting
        await self.proxies.do("pass", "p")
        self.assertEqual(await self.get(timeout_s=5), b"ok")

    async def test_the_ports_of_a_connection_lead_to_its_client(self):
        await self.get(timeout_s=5)
        [port] = (await self.proxies.peers("p")).values()
        self.assertTrue(has_connection(os.getpid(), port))
        self.assertFalse(has_connection(self.proxies.process.pid, port))

    async def test_a_forgotten_connection_is_neither_answered_nor_closed(self):
        await self.get(timeout_s=5)
        await self.proxies.do("forget", "p", side="server")
        with self.assertRaises(TimedOut):
            await self.get()
        self.assertEqual(await self.get(timeout_s=5), b"ok")

    async def test_what_a_client_forgot_stays_open_at_the_server(self):
        await self.get(timeout_s=5)
        self.assertEqual(await self.proxies.do("forget", "p", side="client"), {"p": 1})
        # The reset may not have arrived yet.
        self.origin.idle.clear()
        self.assertEqual(await self.get(timeout_s=5), b"ok")
        self.assertEqual(await self.proxies.do("pass", "p"), {"p": 2})

    async def test_new_connections_are_refused(self):
        await self.proxies.do("refuse", "p")
        # The kernel accepts a connection before the proxy resets it.
        with self.assertRaises((Lost, NotSent)):
            await self.get(timeout_s=5)
        await self.proxies.do("pass", "p")
        self.assertEqual(await self.get(timeout_s=5), b"ok")

    async def test_new_connections_go_to_another_server(self):
        await self.get(timeout_s=5)
        self.server.close()
        other = await asyncio.start_server(serve_http, "127.0.0.1", 0)
        await self.proxies.do("target", "p", port=other.sockets[0].getsockname()[1])
        self.origin.idle.clear()
        self.assertEqual(await self.get(timeout_s=5), b"ok")
        other.close()

    async def test_a_slow_network_delays_both_directions_and_keeps_the_order(self):
        await self.proxies.do("slow", "p", delay_ms=100, bytes_per_s=0)
        begin = asyncio.get_running_loop().time()
        self.assertEqual(await self.get("/em-partes", 5), b"abcde")
        self.assertGreaterEqual(asyncio.get_running_loop().time() - begin, 0.2)
