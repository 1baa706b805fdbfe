"""usage.py STACK reset | print | ended INSTANCE: processor time and memory of the parts of a stack, read from proc(5).

print writes a line `name cpu_ms peak_kib` for each part; reset starts the peaks; ended keeps the processor time of an instance
that is about to be stopped.
"""

import os
import pathlib
import sys

STACK, COMMAND = pathlib.Path(sys.argv[1]), sys.argv[2:]
RUN = STACK / "run"
BOOT = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def read(pid, file):
    try:
        return pathlib.Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def stat(pid):
    """The fields from the third on; the name before them may hold spaces. Empty for a process that has ended."""
    return read(pid, "stat").rpartition(")")[2].split()


def tree(*pid_files):
    """The processes in pid files (with the identity beside them) and their descendants."""
    children, found = {}, []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        children.setdefault((stat(entry) or ["", ""])[1], []).append(entry)
    for path in pid_files:
        pid = path.read_text(encoding="ascii").strip()
        if f"{BOOT} {(stat(pid) or [''] * 20)[19]}" == pathlib.Path(f"{path}.ident").read_text(encoding="ascii").strip():
            found.append(pid)
    for pid in found:
        found += children.get(pid, [])
    return found


def parts():
    """PostgreSQL names its sessions `postgres: user database host state`; those of each service are also parts by themselves."""
    found = {service: tree(*RUN.glob(f"{service}-*.pid")) for service in ("lancamentos", "consolidado")}
    found["postgres"] = tree(STACK / "postgres/pid")
    for service in ("lancamentos", "consolidado"):
        titles = {pid: read(pid, "cmdline").split() for pid in found["postgres"]}
        found[f"postgres-{service}"] = [pid for pid, words in titles.items() if words[:1] == ["postgres:"] and words[2:3] == [service]]
    found["rabbitmq"] = tree(STACK / "rabbitmq/pid")
    return found


def cpu_ms(pids):
    """User and system time; that of ended children is in their parent's count."""
    return sum(int(field) for pid in pids for field in stat(pid)[11:15]) * 1000 // os.sysconf("SC_CLK_TCK")


def peak_kib(pids):
    """Each process's own pages at their peak since reset, and the shared ones once. The peaks need not coincide."""
    own = file = shared = 0
    for pid in pids:
        lines = (line.partition(":") for line in read(pid, "status").splitlines())
        kib = {key: int(value.split()[0]) for key, _, value in lines if value.endswith(" kB")}
        own += max(0, kib.get("VmHWM", 0) - kib.get("RssFile", 0) - kib.get("RssShmem", 0))
        file, shared = max(file, kib.get("RssFile", 0)), max(shared, kib.get("RssShmem", 0))
    return own + file + shared


def ended(part):
    """The file with the processor time of a part's stopped instances, and its value in ms."""
    path = RUN / f"{part}.cpu-encerrada"
    return path, int(path.read_text(encoding="ascii")) if path.exists() else 0


if COMMAND == ["reset"]:
    for pid in sum(parts().values(), []):
        try:
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            # Where the kernel forbids it, peaks count from the process's start.
            pass
elif COMMAND == ["print"]:
    for name, pids in parts().items():
        print(name, cpu_ms(pids) + ended(name)[1], peak_kib(pids))
else:
    kept, before = ended(COMMAND[1].rpartition("-")[0])
    kept.write_text(str(before + cpu_ms(tree(RUN / f"{COMMAND[1]}.pid"))), encoding="ascii")
