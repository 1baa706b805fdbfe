"""mapper.py PORT NAME=PORT…: a port mapper (epmd) for one Erlang node, which finds other nodes where this program says.

An Erlang node asks its port mapper for the port of another node and connects to it. Proxies whose ports are given here are then between
this node and the others. Nodes that register themselves are found where they listen. Speaks the protocol of epmd (Erlang Distribution
Protocol, "EPMD Protocol"): registration, look-up and list; it listens on 127.0.0.1 until it is killed.
"""

import asyncio
import struct
import sys
import time

REGISTER, LOOK_UP, LIST = b"xzn"
REGISTERED, REGISTERED_OLD, FOUND = 118, 121, 119
NORMAL_NODE = 77
VERSION_MAX, VERSION_MIN = 6, 5


class Mapper:
    def __init__(self, port, known):
        self.port = port
        # Those given come before those that registered.
        self.known = known
        # The port of each node and the connection by which it registered.
        self.registered = {}
        # Distinguishes a node from the one of the same name that ended: different for each registration.
        self.creation = int(time.time()) & 0x3FFFFFFF

    async def serve(self, reader, writer):
        try:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            request = await reader.readexactly(length)
            match request[0]:
                case code if code == REGISTER:
                    self.register(request, writer)
                    # The registration lasts as long as the connection.
                    await reader.read()
                case code if code == LOOK_UP:
                    writer.write(self.look_up(request[1:].decode("utf-8")))
                case code if code == LIST:
                    ports = {name: port for name, (port, _) in self.registered.items()} | self.known
                    lines = [f"name {name} at port {port}\n" for name, port in ports.items()]
                    writer.write(struct.pack("!I", self.port) + "".join(lines).encode("utf-8"))
        except (asyncio.IncompleteReadError, ConnectionError):
            # A node that was killed.
            pass
        finally:
            self.registered = {name: found for name, found in self.registered.items() if found[1] is not writer}
            writer.close()

    def register(self, request, writer):
        port, _, _, highest, _, length = struct.unpack("!HBBHHH", request[1:11])
        self.registered[request[11 : 11 + length].decode("utf-8")] = (port, writer)
        self.creation += 1
        if highest >= VERSION_MAX:
            writer.write(struct.pack("!BBI", REGISTERED, 0, self.creation))
        else:
            writer.write(struct.pack("!BBH", REGISTERED_OLD, 0, self.creation % 3 + 1))

    def look_up(self, name):
        port = self.known.get(name) or self.registered.get(name, (None, None))[0]
        if port is None:
            return struct.pack("!BB", FOUND, 1)
        text = name.encode("utf-8")
        found = struct.pack("!BBHBBHHH", FOUND, 0, port, NORMAL_NODE, 0, VERSION_MAX, VERSION_MIN, len(text))
        return found + text + struct.pack("!H", 0)


async def main():
    port = int(sys.argv[1])
    known = {name: int(target) for name, _, target in (argument.partition("=") for argument in sys.argv[2:])}
    server = await asyncio.start_server(Mapper(port, known).serve, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
