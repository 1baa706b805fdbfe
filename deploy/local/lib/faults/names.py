"""A name server of our own, and instances that reach PostgreSQL and RabbitMQ by a name that only it knows."""

import asyncio
import os
import pathlib
import struct

from catalogue import Skipped

ADDRESS = "127.53.0.1"
NAME = "servidores.faltas.test"
TYPE_A = 1


class NameServer(asyncio.DatagramProtocol):
    """Answers every question for an address with 127.0.0.1, or says nothing (RFC 1035)."""

    def __init__(self):
        self.answers = True
        self.questions = 0
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.questions += 1
        if self.answers:
            self.transport.sendto(reply(data), addr)


def reply(query):
    """An address for a question of type A; no record for any other type."""
    end = 12
    while query[end]:
        end += query[end] + 1
    question = query[12 : end + 5]
    is_address = struct.unpack("!H", query[end + 1 : end + 3])[0] == TYPE_A
    header = query[:2] + struct.pack("!HHHHH", 0x8580, 1, int(is_address), 0, 0)
    # The name is a pointer to the question's.
    record = struct.pack("!HHHIH", 0xC00C, TYPE_A, 1, 1, 4) + bytes((127, 0, 0, 1))
    return header + question + (record if is_address else b"")


async def with_name(scene):
    """Starts the server, and the instances again with the name instead of the address."""
    if os.geteuid() != 0:
        raise Skipped("only root gives a process another resolv.conf and listens on port 53")
    stack = scene.stack
    try:
        transport, stack.name_server = await asyncio.get_running_loop().create_datagram_endpoint(NameServer, (ADDRESS, 53))
    except OSError as failure:
        raise Skipped(f"no name server at {ADDRESS}:53: {failure}") from failure
    resolver = stack.folder / "resolv.conf"
    resolver.write_text(f"nameserver {ADDRESS}\noptions timeout:5 attempts:2\n", encoding="ascii")
    wrapper = ("unshare", "--mount", "sh", "-ec", 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"', "sh", str(resolver))
    for instance in stack.instances.values():
        instance.wrapper = wrapper
        instance.extra = named_settings(stack, instance.service)
    await restart(stack)
    if not stack.name_server.questions:
        transport.close()
        raise Skipped("the instances do not ask the name server: /etc/nsswitch.conf has no dns")


def named_settings(stack, service):
    settings = {}
    for what in ("BANCO", "AMQP"):
        key = f"FLUXO_{service.upper()}_{what}_URL_FILE"
        address = pathlib.Path(stack.settings[key])
        named = address.with_suffix(".nome")
        named.touch(mode=0o600)
        named.write_text(address.read_text(encoding="utf-8").replace("@127.0.0.1:", f"@{NAME}:"), encoding="utf-8")
        settings[key] = str(named)
    return settings


async def without_name(scene):
    stack = scene.stack
    if not any(instance.wrapper for instance in stack.instances.values()):
        return
    for instance in stack.instances.values():
        instance.wrapper, instance.extra = (), {}
    await restart(stack)
    stack.name_server.transport.close()


async def restart(stack):
    for instance in stack.instances.values():
        await instance.kill()
        instance.start()
    await stack.ready()
