"""proxy.py NAME=PORT…: TCP proxies on loopback that can spoil their connections.

Prints a line of JSON with the port of each proxy. Then reads commands, a line of JSON each, and answers each with a line:
{"proxies": [NAME…], "do": COMMAND, …}. The answer has the number of connections of each proxy (`links`) and, for each connection, the
client's port by the port that the server sees (`peers`). Directions are `up` (to the server) and `down` (to the client).

  pass                       forwards everything, what was held included
  hold directions            forwards nothing in these directions; what arrives waits, as behind a network that lost its route
  slow delay_ms bytes_per_s  delays and throttles both directions; bytes_per_s 0 does not throttle
  reset clients              resets connections at both ends, with `clients` only those of these ports; new ones are forwarded
  refuse                     resets every connection, new ones too
  target port                sends new connections to another server
  peers                      only answers
  forget side                resets every connection at one end (`client`, `server`); the other end is neither answered nor closed

Ends when standard input does.
"""

import asyncio
import collections
import json
import os
import socket
import struct
import sys

BUFFER_MAX_BYTES = 1 << 20


class Proxy:
    """One listening port and its state."""

    def __init__(self, name, port):
        self.name = name
        self.port = port
        self.links = set()
        self.held = frozenset()
        self.refuses = False
        self.delay_s = 0.0
        self.bytes_per_s = 0

    async def listen(self):
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Link(self).client, "127.0.0.1", 0, backlog=4096)
        return server.sockets[0].getsockname()[1]

    def command(self, command):
        match command["do"]:
            case "pass":
                self.held, self.refuses, self.delay_s, self.bytes_per_s = frozenset(), False, 0.0, 0
            case "hold":
                self.held = frozenset(command["directions"])
            case "slow":
                self.delay_s, self.bytes_per_s = command["delay_ms"] / 1000, command["bytes_per_s"]
            case "reset":
                self.reset(command.get("clients"))
            case "target":
                self.port = command["port"]
            case "refuse":
                self.refuses = True
                self.reset()
            case "peers":
                pass
            case "forget":
                for link in list(self.links):
                    link.forget(command["side"])
            case other:
                raise ValueError(f"unknown command {other}")
        for link in list(self.links):
            link.steer()

    def reset(self, clients=None):
        for link in list(self.links):
            if clients is None or any(port in clients for _, port in link.peers()):
                link.end()


class Link:
    """A connection of a client and the one to the server that belongs to it."""

    def __init__(self, proxy):
        self.proxy = proxy
        self.client = End(self, "up")
        self.server = End(self, "down")
        self.forgotten = False

    async def connect(self):
        try:
            await asyncio.get_running_loop().create_connection(lambda: self.server, "127.0.0.1", self.proxy.port)
        except OSError:
            self.end()
            return
        if self.client.transport is None or self.client.transport.is_closing():
            self.server.reset()
        else:
            self.steer()

    def peers(self):
        """The port that the server sees, and the client's; nothing unless both ends are connected."""
        if self.client.transport is not None and self.server.transport is not None:
            server, client = self.server.transport, self.client.transport
            yield server.get_extra_info("sockname")[1], client.get_extra_info("peername")[1]

    def steer(self):
        for end in (self.client, self.server):
            end.steer()

    def end(self):
        self.client.reset()
        self.server.reset()
        self.proxy.links.discard(self)

    def forget(self, side):
        self.forgotten = True
        (self.client if side == "client" else self.server).reset()

    def ended(self, end):
        """One end closed: so does the other, after what still waits for it; unless it was forgotten."""
        if self.forgotten:
            return
        other = self.server if end is self.client else self.client
        end.flush_to(other)
        if not self.proxy.held:
            other.close()
            self.proxy.links.discard(self)


class End(asyncio.Protocol):
    """Reads from one end and writes to the other. `direction` is that of what it reads."""

    def __init__(self, link, direction):
        self.link = link
        self.direction = direction
        self.transport = None
        self.waiting = collections.deque()
        self.waiting_bytes = 0
        self.timer = None
        self.full = False
        self.free_at = 0.0

    @property
    def other(self):
        return self.link.server if self.direction == "up" else self.link.client

    def connection_made(self, transport):
        self.transport = transport
        proxy = self.link.proxy
        if self.direction == "down":
            return
        if proxy.refuses:
            self.reset()
            return
        proxy.links.add(self.link)
        asyncio.ensure_future(self.link.connect())

    def connection_lost(self, exc):
        if exc is not None:
            # A reset is passed on as one.
            self.link.end()
            return
        self.link.ended(self)

    def data_received(self, data):
        if self.link.forgotten:
            return
        proxy, now = self.link.proxy, asyncio.get_running_loop().time()
        other = self.other.transport
        if not self.waiting and not proxy.held and not proxy.delay_s and not proxy.bytes_per_s and other is not None:
            self.other.write(data)
            return
        self.free_at = max(self.free_at, now)
        if proxy.bytes_per_s:
            self.free_at += len(data) / proxy.bytes_per_s
        self.waiting.append((self.free_at + proxy.delay_s, data))
        self.waiting_bytes += len(data)
        self.steer()

    def steer(self):
        """Forwards what is due, and reads only while there is space for it."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        proxy, other = self.link.proxy, self.other.transport
        holds = self.direction in proxy.held or other is None
        loop = asyncio.get_running_loop()
        while self.waiting and not holds:
            due, data = self.waiting[0]
            if (proxy.delay_s or proxy.bytes_per_s) and due > loop.time():
                self.timer = loop.call_at(due, self.steer)
                break
            self.waiting.popleft()
            self.waiting_bytes -= len(data)
            self.other.write(data)
        if self.transport is None or self.transport.is_closing():
            if not self.waiting and not holds and not self.link.forgotten:
                self.link.ended(self)
        elif self.waiting_bytes > BUFFER_MAX_BYTES or self.full:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def flush_to(self, other):
        if self.direction in self.link.proxy.held or other.transport is None:
            return
        while self.waiting:
            other.write(self.waiting.popleft()[1])
        self.waiting_bytes = 0

    # Called by the transport that this end's counterpart fills.
    def pause_writing(self):
        self.other.full = True
        self.other.steer()

    def resume_writing(self):
        self.other.full = False
        self.other.steer()

    def write(self, data):
        # What arrives after the end of a connection is lost.
        if not self.transport.is_closing():
            self.transport.write(data)

    def close(self):
        if self.transport is not None:
            self.transport.close()

    def reset(self):
        if self.transport is None or self.transport.is_closing():
            return
        # Lingering for no time turns a close into a reset (socket(7)).
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


async def serve(proxies):
    loop = asyncio.get_running_loop()
    print(json.dumps({name: await proxy.listen() for name, proxy in proxies.items()}), flush=True)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        for name in command["proxies"]:
            proxies[name].command(command)
        answer = {"links": {name: len(proxies[name].links) for name in command["proxies"]}}
        answer["peers"] = dict(peer for name in command["proxies"] for link in proxies[name].links for peer in link.peers())
        print(json.dumps(answer), flush=True)


def main():
    proxies = {}
    for argument in sys.argv[1:]:
        name, _, port = argument.partition("=")
        proxies[name] = Proxy(name, int(port))
    asyncio.run(serve(proxies))
    # Held connections need no orderly end.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
