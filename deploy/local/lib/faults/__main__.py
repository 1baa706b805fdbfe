"""Runs the faults named, on the stack that deploy/local/faults has prepared. See there."""

import argparse
import asyncio
import contextlib
import os
import pathlib
import random
import resource
import signal
import sys
import time

import faults_backlog  # noqa: F401
import faults_broker  # noqa: F401
import faults_clients  # noqa: F401
import faults_cluster  # noqa: F401
import faults_crash  # noqa: F401
import faults_database  # noqa: F401
import faults_instances  # noqa: F401
import faults_messages  # noqa: F401
import faults_network  # noqa: F401
import faults_standby  # noqa: F401
import faults_write_path  # noqa: F401
import results
import runner
from catalogue import FAULTS
from stack import Stack

# 20,000 silent clients and the load.
DESCRIPTORS = 32768


def arguments():
    parser = argparse.ArgumentParser(prog="faults", add_help=False)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--listar", action="store_true")
    parser.add_argument("--curtas", action="store_true")
    parser.add_argument("--escritas", type=int)
    parser.add_argument("--leituras", type=int)
    parser.add_argument("--semente", type=int)
    return parser.parse_args()


def chosen(options):
    unknown = [name for name in options.names if name not in FAULTS]
    if unknown:
        sys.exit(f"error: unknown fault: {', '.join(unknown)} (deploy/local/faults --listar names all)")
    usual = [name for name, fault in FAULTS.items() if fault.short or not (options.curtas or fault.long)]
    names = options.names or (list(FAULTS) if options.listar and not options.curtas else usual)
    return [FAULTS[name] for name in names]


def raise_descriptors():
    """Thousands of silent clients need as many descriptors. Root may have more than the limit that it was given."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < DESCRIPTORS:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
            return
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def main(options, faults):
    folder = pathlib.Path(os.environ["PILHA"])
    results_file = pathlib.Path(os.environ["RESULTADO"])
    token = (folder / "segredos/token").read_text(encoding="ascii").strip()
    stack = Stack(folder, pathlib.Path(os.environ["RAIZ"]), pathlib.Path(os.environ["PRODUTOS"]), token)
    main_task = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, main_task.cancel)
    rows, begin = [], time.monotonic()
    seed = options.semente if options.semente is not None else random.randrange(1 << 32)
    try:
        await stack.start()
        about = {
            "seed": seed,
            "rabbitmq": (await stack.rabbitmq.ctl("--silent", "version")).strip(),
            "postgres": await stack.postgres.sql("show server_version"),
        }
        print(f"RabbitMQ {about['rabbitmq']}, PostgreSQL {about['postgres']}, seed {seed}", flush=True)
        print(results.heading(), flush=True)
        for number, fault in enumerate(faults, 1):
            rates = None
            if options.escritas is not None or options.leituras is not None:
                rates = (
                    fault.writes_per_s if options.escritas is None else options.escritas,
                    fault.reads_per_s if options.leituras is None else options.leituras,
                )
            if sys.stdout.isatty():
                print(f"{fault.name} ({number} of {len(faults)}) …", end="\r", flush=True)
            following = faults[number] if number < len(faults) else None
            row = await runner.run(stack, fault, number, rates, seed, following)
            rows.append(row)
            print("\n".join(results.shown(row)), flush=True)
            results.write(results_file, rows, about)
            if number < len(faults):
                await repair(stack, row)
        print(results.summary(rows, time.monotonic() - begin), flush=True)
    finally:
        await stack.stop()
    return results.exit_code(rows)


async def repair(stack, row):
    """Makes the stack whole for the next row."""
    await stack.proxies.do("pass", *stack.proxies.ports)
    if row.failure:
        for server in (stack.postgres, stack.rabbitmq):
            server.resume()
            await server.start()
    if row.failure or row.recovery_seconds is None and not row.skipped:
        await stack.restart_instances()
    else:
        await stack.ready()


if __name__ == "__main__":
    OPTIONS = arguments()
    CHOSEN = chosen(OPTIONS)
    if OPTIONS.listar:
        for item in CHOSEN:
            print(f"  {item.name:<26}{'curta  ' if item.short else 'longa  ' if item.long else '       '}{item.title}")
        sys.exit(0)
    raise_descriptors()
    try:
        sys.exit(asyncio.run(main(OPTIONS, CHOSEN)))
    except asyncio.CancelledError:
        sys.exit(130)
