"""Checks that every line of logs is an object of the Elastic Common Schema: only its fields, each with a value of its type.

usage: ecs.py LOG…   (ESQUEMAS_EXTERNOS: a folder with ecs/ecs_flat.yml; without it the schema is left out, saying so)
"""

import datetime
import json
import os
import pathlib
import re
import sys

import yaml

# What Elastic's own log libraries ask of every line, and what we promise beside it.
REQUIRED = (
    "@timestamp", "log.level", "message", "ecs.version", "service.name", "service.version", "event.dataset", "process.pid", "log.logger",
)
LINE_BYTES_MAX = 16384


def is_date(value):
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value):
        return False
    datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    return True


def is_text(value):
    return isinstance(value, str)


def is_long(value):
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


TYPES = {
    "date": is_date, "keyword": is_text, "constant_keyword": is_text, "match_only_text": is_text, "text": is_text, "wildcard": is_text,
    "long": is_long,
}


def fault(name, value, fields):
    """What is wrong with a member, or None."""
    parent, _, key = name.rpartition(".")
    if name not in fields and fields.get(parent, {}).get("type") == "object":
        # An object of keywords, such as labels: one level of plain names.
        if fields[parent].get("object_type") != "keyword" or not re.fullmatch(r"[a-z0-9_]+", key) or not is_text(value):
            return "is no keyword of an object of keywords"
        return None
    if name not in fields:
        return "is no field of ECS"
    kind = fields[name]["type"]
    if kind not in TYPES:
        return f"is of the type {kind}, which no line of ours has"
    return None if TYPES[kind](value) else f"is no {kind}: {value!r}"


def unique(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a name is there twice: {sorted(names)}"
    return dict(pairs)


def main(paths):
    folder = os.environ.get("ESQUEMAS_EXTERNOS")
    fields = None
    if folder:
        text = (pathlib.Path(folder) / "ecs/ecs_flat.yml").read_text(encoding="utf-8")
        fields = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    faults, seen, count = [], set(), 0
    for path in paths:
        for number, line in enumerate(pathlib.Path(path).read_bytes().split(b"\n")[:-1], 1):
            where = f"{pathlib.Path(path).name}:{number}"
            if len(line) > LINE_BYTES_MAX:
                faults.append(f"{where} has {len(line)} bytes")
            try:
                record = json.loads(line.decode("utf-8"), object_pairs_hook=unique)
            except (ValueError, AssertionError) as error:
                faults.append(f"{where}: {error}: {line[:200]!r}")
                continue
            count += 1
            seen |= record.keys()
            faults += [f"{where} has no {name}" for name in REQUIRED if name not in record]
            for name, value in record.items():
                found = fault(name, value, fields) if fields else None
                if found:
                    faults.append(f"{where}: {name} {found}")
    assert count > 0, "no line"
    print(f"{count} lines, {len(seen)} names: {', '.join(sorted(seen))}")
    print("valid against ECS" if fields else "left out, because ESQUEMAS_EXTERNOS is not set: the fields and types of ECS")
    if faults:
        sys.exit("\n".join(faults[:50]))


main(sys.argv[1:])
