"""Processes, and pid files as processes.sh writes them, so that the scripts stop what a run leaves behind."""

import asyncio
import contextlib
import os
import pathlib
import signal
import subprocess
import time

BOOT = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


class CommandFailed(Exception):
    """A command that should succeed has failed."""


def stat(pid):
    """The fields of proc(5)'s stat from the third on: state, parent, …; empty for a process that has ended."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def record(pid_file, pid):
    pid_file.with_name(pid_file.name + ".ident").write_text(f"{BOOT} {stat(pid)[19]}\n", encoding="ascii")
    pid_file.write_text(f"{pid}\n", encoding="ascii")


def forget(pid_file):
    pid_file.unlink(missing_ok=True)
    pid_file.with_name(pid_file.name + ".ident").unlink(missing_ok=True)


def children(pid):
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        fields = stat(entry)
        if fields and fields[1] == str(pid):
            found.append(int(entry))
    return found


def has_connection(pid, port):
    """Whether a process has a TCP connection (IPv4) from this local port."""
    inodes = set()
    for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{port:04X}"):
            inodes.add(f"socket:[{fields[9]}]")
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if os.readlink(descriptor) in inodes:
                return True
    return False


def send(signal_number, *pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number)


async def command(*words, environment=None, stdin=b"", folder=None):
    """Runs a command and returns its output."""
    process = await asyncio.create_subprocess_exec(
        *map(str, words),
        env=environment,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        output, errors = await process.communicate(stdin)
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        raise CommandFailed(
            f"{' '.join(map(str, words))}: exit {process.returncode}: {errors.decode(errors='replace').strip()[-500:]}"
        )
    return output.decode(errors="replace")


class Child:
    """A process of ours with a pid file and a log."""

    def __init__(self, words, environment, pid_file, log, folder):
        self.pid_file = pid_file
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                list(map(str, words)),
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        record(pid_file, self.process.pid)

    @property
    def runs(self):
        return self.process.poll() is None

    def signal(self, number):
        if self.runs:
            self.process.send_signal(number)

    async def kill(self):
        self.signal(signal.SIGKILL)
        await self.wait(10)

    async def wait(self, timeout_s):
        """Returns the exit status, or None if the process still runs after the time."""
        end = time.monotonic() + timeout_s
        while self.runs:
            if time.monotonic() > end:
                return None
            await asyncio.sleep(0.02)
        forget(self.pid_file)
        return self.process.returncode

    async def terminate(self, timeout_s):
        """Ends it by SIGTERM, and by SIGKILL after the time. Returns the exit status and the seconds that it needed."""
        begin = time.monotonic()
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        status = await self.wait(timeout_s)
        seconds = time.monotonic() - begin
        if status is None:
            await self.kill()
        return status, seconds
