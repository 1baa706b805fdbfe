"""What the services report about themselves. PRODUTOS is the folder of their programs."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVICES = ("lancamentos", "consolidado")
START_MAX_S = 30


def describe(service):
    """Its keys, its metrics and the data set of its logs."""
    try:
        return json.loads(subprocess.run([program(service), "describe"], check=True, stdout=subprocess.PIPE, timeout=60).stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        sys.exit(f"error: {service} describe: {error}")


def start_alone(service):
    """Starts a service without its servers, and returns its lines of log (ECS) and its metrics."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    prefix = f"FLUXO_{service.upper()}"
    environment = {
        "FLUXO_AUTH_MODO": "nenhum", "FLUXO_LOG_FORMATO": "ecs", f"{prefix}_PORTA": str(port), f"{prefix}_ENDERECO": "127.0.0.1",
        # Nothing listens on port 1.
        f"{prefix}_BANCO_URL": "postgresql://x@127.0.0.1:1/x", f"{prefix}_AMQP_URL": "amqp://x:x@127.0.0.1:1/",
    }
    with tempfile.TemporaryFile() as log, subprocess.Popen([program(service)], cwd=ROOT, env=environment, stderr=log) as process:
        try:
            metrics = page(f"http://127.0.0.1:{port}/metrics", process)
        finally:
            process.terminate()
        process.wait()
        log.seek(0)
        lines = log.read().decode()
        if metrics is None:
            sys.exit(f"error: {service} served no metrics within {START_MAX_S} s:\n{lines}")
        return [json.loads(line) for line in lines.splitlines()], metrics


def page(url, process):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_MAX_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with opener.open(url, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(0.1)
    return None


def program(service):
    return pathlib.Path(os.environ["PRODUTOS"]).resolve() / service
