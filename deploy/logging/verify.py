"""Checks the files beside it without Elastic's own programs. See README.md."""

import json
import pathlib
import re
import sys

import services
import yaml
from logstash_pipeline_parser import Pipeline

HERE = pathlib.Path(__file__).parent
DATASET = ("logs", "fluxo", "default")
failures = []


def expect(condition, text):
    if not condition:
        failures.append(text)


def filebeat(path):
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    inputs = settings["filebeat.inputs"]
    ids = [one.get("id") for one in inputs]
    expect(all(ids) and len(ids) == len(set(ids)), f"{path.name}: every filestream has an id of its own")
    for one in inputs:
        expect(one["type"] == "filestream", f"{path.name}: {one['type']} is no filestream")
        expect(one.get("prospector.scanner.symlinks") is True, f"{path.name}: links are not followed")
        parsers = [name for parser in one["parsers"] for name in parser]
        # The container's frame first, then its content.
        expect(parsers == ["container", "ndjson"], f"{path.name}: the parsers are {parsers}")
        ndjson = one["parsers"][1]["ndjson"]
        expect(ndjson["target"] == "" and ndjson["overwrite_keys"] and ndjson["expand_keys"], f"{path.name}: ECS is not at the top")
    stream = [p["add_fields"] for p in settings["processors"] if "add_fields" in p and p["add_fields"]["target"] == "data_stream"]
    expect(len(stream) == 1, f"{path.name}: no fields data_stream")
    parts = tuple(stream[0]["fields"][part] for part in ("type", "dataset", "namespace"))
    expect(parts == DATASET, f"{path.name}: the data stream is {parts}")
    expect(settings["output.elasticsearch"]["index"] == "-".join(DATASET), f"{path.name}: the index is not the data stream")


def logstash(path):
    tree = Pipeline(path.read_text(encoding="utf-8")).parse()
    expect([section[0] for section in tree] == ["input", "filter", "output"], f"{path.name}: sections")
    text = path.read_text(encoding="utf-8")
    parts = tuple(re.search(rf'data_stream_{part} => "(\w+)"', text)[1] for part in ("type", "dataset", "namespace"))
    expect(parts == DATASET, f"{path.name}: the data stream is {parts}")
    expect("data_stream => true" in text, f"{path.name}: no data stream")


def kibana(path):
    objects = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    views = [one for one in objects if one["type"] == "index-pattern"]
    expect(len(views) == 1 and len({one["id"] for one in objects}) == len(objects), f"{path.name}: one data view, ids of their own")
    pattern = views[0]["attributes"]["title"]
    expect(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), "-".join(DATASET)), f"{path.name}: {pattern} misses the data stream")
    expect(views[0]["attributes"]["timeFieldName"] == "@timestamp", f"{path.name}: the time is not @timestamp")


def written():
    """The data set that each service reports, and that of every line it writes."""
    for service in services.SERVICES:
        dataset = services.describe(service)["log_dataset"]
        expect(dataset == DATASET[1], f"{service}: the data set is {dataset}")
        lines = services.start_alone(service)[0]
        expect(lines, f"{service} writes no log")
        for line in lines:
            expect(line.get("event.dataset") == DATASET[1], f"{service}: event.dataset is {line.get('event.dataset')}")


filebeat(HERE / "filebeat/filebeat.yml")
logstash(HERE / "logstash/fluxo-caixa.conf")
kibana(HERE / "kibana/fluxo-caixa.ndjson")
written()
if failures:
    sys.exit("\n".join(f"error: {failure}" for failure in failures))
print("    filebeat.yml, fluxo-caixa.conf, fluxo-caixa.ndjson: no faults")
