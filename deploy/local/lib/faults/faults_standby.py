"""Faults of a PostgreSQL primary with a synchronous standby."""

import asyncio
import pathlib
import shutil

from catalogue import fault
from processes import command
from servers import Postgres

# Less than the old primary keeps its connections.
LEAVES_MAX_S = 10


# PostgreSQL with a synchronous standby. The services' address leads to the primary, as a Service of Kubernetes does.


async def with_standby(scene):
    stack = scene.stack
    primary, standby = stack.postgres, Postgres(stack.folder / "standby")
    standby.folder.mkdir()
    shutil.copy2(primary.folder / "senha", standby.folder / "senha")
    version = (primary.folder / "data/PG_VERSION").read_text(encoding="ascii").strip()
    await command(
        f"/usr/lib/postgresql/{version}/bin/pg_basebackup",
        "--pgdata",
        standby.folder / "data",
        "--write-recovery-conf",
        "--checkpoint=fast",
        environment=primary.environment("postgres"),
    )
    await standby.start()
    await primary.set("synchronous_standby_names", "*")
    for _ in range(100):
        if await primary.sql("select count(*) from pg_stat_replication where sync_state = 'sync'") == "1":
            stack.standby = standby
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("the standby does not follow")


async def without_standby(scene):
    """The promoted server's data becomes that of the first one, at the first one's address."""
    stack = scene.stack
    primary, standby = stack.postgres, Postgres(stack.folder / "standby")
    if not (standby.folder / "data").exists():
        return
    promoted = stack.standby is not None and not (standby.folder / "data/standby.signal").exists()
    await standby.stop()
    await primary.stop()
    if promoted:
        shutil.rmtree(primary.folder / "data")
        (standby.folder / "data").rename(primary.folder / "data")
    shutil.rmtree(standby.folder)
    stack.standby = None
    await primary.start()
    await primary.set("synchronous_standby_names", None)
    await stack.proxies.do("target", *stack.DATABASES, port=primary.port)
    await stack.proxies.do("reset", *stack.DATABASES)
    if any(instance.extra for instance in stack.instances.values()):
        for instance in stack.instances.values():
            instance.extra = {}
        await stack.restart_instances()
    await stack.ready()


@fault(
    "banco-promovido",
    "PostgreSQL primary killed, its synchronous standby promoted after 5 s",
    may_refuse=True,
    prepare=with_standby,
    restore=without_standby,
)
async def promoted(scene):
    stack = scene.stack
    await stack.postgres.kill()
    await scene.hold(5)
    await stack.standby.sql("select pg_promote()")
    await stack.proxies.do("target", *stack.DATABASES, port=stack.standby.port)
    await stack.proxies.do("reset", *stack.DATABASES)


async def with_two_hosts(scene):
    """The services know both servers and find the one that accepts writes."""
    await with_standby(scene)
    stack = scene.stack
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in (stack.postgres, stack.standby))
    for instance in stack.instances.values():
        url = pathlib.Path(stack.folder / f"segredos/{instance.service}.banco").read_text(encoding="utf-8")
        address = stack.folder / f"segredos/{instance.service}.banco.dois"
        address.touch(mode=0o600)
        address.write_text(url.replace(f"127.0.0.1:{stack.postgres.port}", hosts), encoding="utf-8")
        instance.extra = {f"FLUXO_{instance.service.upper()}_BANCO_URL_FILE": str(address)}
    await stack.restart_instances()


@fault(
    "banco-promovido-dois-hosts",
    "PostgreSQL primary killed, its standby promoted after 5 s; the services have a URL with both hosts",
    may_refuse=True,
    prepare=with_two_hosts,
    restore=without_standby,
)
async def promoted_two_hosts(scene):
    await scene.stack.postgres.kill()
    await scene.hold(5)
    await scene.stack.standby.sql("select pg_promote()")


@fault(
    "banco-trocado",
    "PostgreSQL standby promoted; the primary, read-only from then on, keeps its connections for 20 s",
    may_refuse=True,
    recovery_max_s=LEAVES_MAX_S,
    prepare=with_standby,
    restore=without_standby,
)
async def switched(scene):
    """The services have to leave the old primary by themselves: recovery counts from the promotion."""
    stack = scene.stack
    await stack.postgres.set("default_transaction_read_only", "on")
    await scene.hold(2)
    await stack.standby.sql("select pg_promote()")
    await stack.proxies.do("target", *stack.DATABASES, port=stack.standby.port)
    scene.healed()
    await scene.hold(20)
    await stack.postgres.kill()
