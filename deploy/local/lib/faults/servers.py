"""The private PostgreSQL and RabbitMQ of a run, through deploy/local/lib/servidores and their own tools."""

import asyncio
import base64
import contextlib
import json
import os
import pathlib
import signal
import urllib.parse

from http1 import Origin
from processes import children, command, send

LIB = pathlib.Path(os.environ["LIB"]) if "LIB" in os.environ else pathlib.Path(__file__).parent.parent


class Server:
    kind = ""

    def __init__(self, folder):
        self.folder = folder

    def read(self, name):
        return (self.folder / name).read_text(encoding="utf-8").strip()

    @property
    def port(self):
        return int(self.read("porta"))

    @property
    def pid(self):
        return int(self.read("pid"))

    async def do(self, what, *arguments):
        return await command(LIB / "servidores", self.kind, what, self.folder, *arguments)

    async def start(self):
        await self.do("start")

    async def stop(self):
        await self.do("stop")

    async def restart(self):
        await self.stop()
        await self.start()

    async def kill(self):
        await self.do("kill")

    def tree(self):
        """The server's processes, parents first."""
        found = [self.pid]
        for pid in found:
            found += children(pid)
        return found

    def pause(self):
        # The parent first: it cannot start another child then.
        send(signal.SIGSTOP, *self.tree())

    def resume(self):
        if (self.folder / "pid").exists():
            send(signal.SIGCONT, *self.tree())


class Postgres(Server):
    kind = "postgres"

    def environment(self, database):
        url = urllib.parse.urlsplit(self.read("url"))
        variables = {"PGHOST": "127.0.0.1", "PGPORT": str(url.port), "PGUSER": url.username, "PGPASSWORD": url.password}
        # A superuser session must be able to end the read-only default.
        options = "-c default_transaction_read_only=off -c synchronous_commit=local"
        return {"PATH": os.environ["PATH"], "PGDATABASE": database, "PGOPTIONS": options, **variables}

    async def sql(self, statements, database="postgres"):
        """Runs statements, each in its own transaction, and returns the rows as text."""
        words = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--file=-"]
        return (await command(*words, environment=self.environment(database), stdin=statements.encode())).strip()

    @contextlib.asynccontextmanager
    async def session(self, statements, database):
        """Runs statements in a session of their own while the block runs; the session's transaction is rolled back at its end."""
        task = asyncio.create_task(self.sql(f"{statements}\nselect pg_sleep(600);", database))
        await asyncio.sleep(0.5)
        try:
            if task.done():
                await task
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            # The killed client's backend notices its end late.
            await self.terminate("query like '%pg_sleep(600)%'")

    async def terminate(self, which="backend_type = 'client backend'"):
        """Terminates sessions of all databases."""
        await self.sql(f"select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and {which}")

    async def set(self, name, value):
        """Changes a setting of the whole server; None resets it."""
        change = f"alter system reset {name}" if value is None else f"alter system set {name} = '{value}'"
        await self.sql(f"{change};\nselect pg_reload_conf();")

    async def immediate(self):
        """An immediate shutdown: sessions end at once, the next start recovers."""
        pid = self.pid
        send(signal.SIGQUIT, pid)
        while pathlib.Path(f"/proc/{pid}").exists():
            await asyncio.sleep(0.05)

    async def kill(self):
        # All of them: with the postmaster alone sessions would end themselves a moment later.
        send(signal.SIGKILL, *self.tree())
        await super().kill()


class RabbitMQ(Server):
    kind = "rabbitmq"
    QUEUE = "consolidado.lancamentos"
    EXCHANGE = "fluxo-caixa.lancamentos"
    BINDING = "lancamento.registrado.#"

    async def ctl(self, *arguments):
        return await self.do("ctl", *arguments)

    async def api(self, method, path, body=None, accepts=(200, 201, 204)):
        """A request to the management API; the answer's JSON, if it has any."""
        user = base64.b64encode(f"administrador:{self.read('senha.administrador')}".encode()).decode()
        origin = Origin("management", int(self.read("porta.management")), [("Authorization", f"Basic {user}")])
        octets = b"" if body is None else json.dumps(body).encode()
        try:
            answer = await origin.request(method, f"/api/{path}", 15, [("Content-Type", "application/json")], octets)
        finally:
            origin.close()
        if answer.status not in accepts:
            raise RuntimeError(f"{method} {path}: status {answer.status}: {answer.body[:300]!r}")
        return answer.json()

    async def publish(self, exchange, routing_key, payload, properties=None):
        body = {"routing_key": routing_key, "payload": payload, "payload_encoding": "string", "properties": properties or {}}
        return await self.api("POST", f"exchanges/%2F/{exchange or 'amq.default'}/publish", body)

    async def messages(self, queue):
        """The number of messages in a queue, as the node itself counts them."""
        rows = await self.ctl("--silent", "list_queues", "name", "messages")
        return {name: int(count) for name, count in (line.split("\t") for line in rows.splitlines() if "\t" in line)}.get(queue)
