"""Starts proxy.py in a process of its own, so that neither the load nor the proxies delay each other, and commands it."""

import asyncio
import json
import pathlib
import sys

PROGRAM = pathlib.Path(__file__).with_name("proxy.py")


class Proxies:
    def __init__(self):
        self.process = None
        self.ports = {}
        self.turn = asyncio.Lock()

    async def start(self, targets):
        """Starts a proxy in front of each port, by name."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-B",
            str(PROGRAM),
            *(f"{name}={port}" for name, port in targets.items()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self.ports = json.loads(await self.process.stdout.readline())

    async def do(self, command, *names, **arguments):
        """Returns the number of connections of each proxy."""
        return (await self.answer(command, names, arguments))["links"]

    async def peers(self, *names):
        """The client's port of each connection, by the port that the server sees."""
        return {int(seen): port for seen, port in (await self.answer("peers", names, {}))["peers"].items()}

    async def answer(self, command, names, arguments):
        async with self.turn:
            self.process.stdin.write(json.dumps({"do": command, "proxies": names, **arguments}).encode("ascii") + b"\n")
            await self.process.stdin.drain()
            return json.loads(await self.process.stdout.readline())

    async def stop(self):
        if self.process is not None and self.process.returncode is None:
            self.process.stdin.close()
            await self.process.wait()
