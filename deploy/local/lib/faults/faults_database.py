"""Faults of PostgreSQL. One server holds both services' databases, so that both are hit."""

import asyncio
import os
import time

from catalogue import Skipped, fault
from processes import command
from recovery import sees


@fault("banco-morto", "PostgreSQL: kill -9, started again after 2 s", may_refuse=True, short=True)
async def killed(scene):
    await scene.stack.postgres.kill()
    await scene.hold(2)
    await scene.stack.postgres.start()


@fault("banco-imediato", "PostgreSQL: immediate restart", may_refuse=True)
async def immediate(scene):
    await scene.stack.postgres.immediate()
    await scene.stack.postgres.start()


@fault("banco-fora", "PostgreSQL: down for 60 s", may_refuse=True)
async def down(scene):
    await scene.stack.postgres.immediate()
    await scene.hold(60)
    await scene.stack.postgres.start()


@fault("banco-parado", "PostgreSQL: SIGSTOP of all its processes for 20 s", may_refuse=True)
async def paused(scene):
    scene.stack.postgres.pause()
    try:
        await scene.hold(20)
    finally:
        scene.stack.postgres.resume()


@fault("banco-somente-leitura", "PostgreSQL: default_transaction_read_only for 15 s", may_refuse=True)
async def read_only(scene):
    postgres = scene.stack.postgres
    await postgres.set("default_transaction_read_only", "on")
    try:
        await scene.hold(5)
        for instance in scene.stack.lancamentos:
            scene.require(not await instance.is_ready(), f"{instance.name} is ready while nothing can be written")
        await scene.hold(10)
    finally:
        await postgres.set("default_transaction_read_only", None)


@fault("conta-presa", "the contas row of one account locked for 20 s")
async def locked_row(scene):
    """Entries of the other accounts have to be visible within 2 s all the time."""
    stack, load = scene.stack, scene.load
    conta = f"{load.ledger.prefix}.antes.0"
    lock = f"begin;\nselect conta from contas where conta = '{conta}' for update;"
    held = await stack.postgres.sql(f"select count(*) from contas where conta = '{conta}'", "consolidado")
    scene.require(held == "1", f"there is no row of {conta} to lock")
    async with stack.postgres.session(lock, "consolidado"):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            await neighbour(scene)
            await asyncio.sleep(0.2)


@fault("tabelas-presas", "tables of both services locked for 10 s, as by a careless migration", may_refuse=True)
async def locked_tables(scene):
    postgres = scene.stack.postgres
    lock = "begin;\nlock table {} in access exclusive mode;"
    async with postgres.session(lock.format("lancamentos"), "lancamentos"), postgres.session(lock.format("contas"), "consolidado"):
        await scene.hold(10)


async def neighbour(scene):
    """Measures the time until an entry of another account than the locked one is seen."""
    load = scene.load
    origin = load.lancamentos[0]
    entry = await load.register_once(origin)
    while entry is not None and entry.conta.endswith(".0"):
        entry = await load.register_once(origin)
    if entry is None:
        return
    begin = time.monotonic()
    while not all([await sees(consolidado, entry) for consolidado in load.consolidados]):
        if time.monotonic() - begin > 25:
            break
    scene.measure("a neighbour of the locked account is seen after", time.monotonic() - begin, 2)


@fault("sessoes-encerradas", "every session of PostgreSQL terminated, 5 times", may_refuse=True, short=True)
async def terminated(scene):
    for _ in range(5):
        await scene.stack.postgres.terminate()
        await scene.hold(2)


@fault("replica-ausente", "a synchronous replica away for 40 s: commits wait in the server", may_refuse=True)
async def replica_away(scene):
    """Longer than the time after which a 404 counts."""
    postgres = scene.stack.postgres
    await postgres.set("synchronous_standby_names", "ausente")
    try:
        await scene.hold(40)
    finally:
        await postgres.set("synchronous_standby_names", None)


@fault("fotografia-antiga", "an old snapshot open for 60 s in both databases")
async def old_snapshot(scene):
    begin = "begin isolation level repeatable read;\nselect count(*) from "
    postgres = scene.stack.postgres
    async with postgres.session(begin + "outbox;", "lancamentos"), postgres.session(begin + "contas;", "consolidado"):
        await scene.hold(60)


# A disk that is full: the tables that the services write to are moved to a small file system, which is then filled.

TABLES = {"lancamentos": ("lancamentos", "outbox"), "consolidado": ("lancamentos_aplicados", "saldos_diarios")}
DISK = "64m"


def disk_folder(scene):
    return scene.stack.folder / "disco-pequeno"


async def move_tables(scene, tablespace):
    for database, tables in TABLES.items():
        await scene.stack.postgres.sql("\n".join(f"alter table {table} set tablespace {tablespace};" for table in tables), database)


async def small_disk(scene):
    if os.geteuid() != 0:
        raise Skipped("only root mounts a small file system")
    folder = disk_folder(scene)
    folder.mkdir(exist_ok=True)
    owner = (scene.stack.postgres.folder / "data").stat()
    try:
        await command("mount", "-t", "tmpfs", "-o", f"size={DISK},uid={owner.st_uid},gid={owner.st_gid},mode=700", "falta", folder)
    except Exception as failure:
        raise Skipped(f"no file system can be mounted: {failure}") from failure
    await scene.stack.postgres.sql(f"create tablespace pequeno location '{folder}'")
    await move_tables(scene, "pequeno")


async def small_disk_gone(scene):
    if not os.path.ismount(disk_folder(scene)):
        return
    await move_tables(scene, "pg_default")
    await scene.stack.postgres.sql("checkpoint;\ndrop tablespace pequeno;")
    # PostgreSQL still has files of it open.
    await command("umount", "--lazy", disk_folder(scene))


@fault(
    "disco-cheio",
    "no space for the tables of PostgreSQL for 15 s",
    may_refuse=True,
    prepare=small_disk,
    restore=small_disk_gone,
)
async def disk_full(scene):
    filler = disk_folder(scene) / "cheio"
    with open(filler, "wb") as file:
        try:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        except OSError:
            # Full, as it should be.
            pass
    try:
        # A page that is already allocated takes some entries more.
        await scene.hold(15)
    finally:
        filler.unlink()
