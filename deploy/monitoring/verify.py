"""verify.py [PROMETHEUS]: checks rules, their tests, dashboards and runbooks; see check."""

import collections
import concurrent.futures
import glob
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

import services
import yaml

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RULES = os.path.join(HERE, "prometheus", "rules")
TESTS = os.path.join(HERE, "prometheus", "tests")
DASHBOARDS = os.path.join(HERE, "grafana")
RUNBOOKS = os.path.join(ROOT, "deploy", "runbooks")
RUNBOOK_BASE = "deploy/runbooks/"
PROMETHEUS = os.path.join(HERE, "prometheus", "prometheus.yaml")
ALERTMANAGER = os.path.join(HERE, "prometheus", "alertmanager.yaml")
SEVERITIES = {"critical", "warning"}
ANNOTATIONS = ("summary", "description", "runbook_url")
# Grafana's own variables; a dashboard's are "All".
SUBSTITUTES = {"__rate_interval": "5m", "__interval": "1m", "__range": "1h"}

failures = []


def fail(text):
    failures.append(text)
    print(f"error: {text}", file=sys.stderr)


def say(text):
    print(f"==> {text}", flush=True)


def shown(path):
    return os.path.relpath(path, ROOT)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def read_yaml(path):
    return yaml.safe_load(read(path))


def rules_of(path):
    return [rule for group in read_yaml(path)["groups"] for rule in group["rules"]]


def alert_tests(path):
    """(alert, whether it is expected to fire) for each test of an alert."""
    for test in read_yaml(path)["tests"]:
        for case in test.get("alert_rule_test", []):
            yield case["alertname"], bool(case["exp_alerts"])


def run(program, *arguments):
    result = subprocess.run([program, *arguments], cwd=ROOT, text=True, capture_output=True, check=False)
    if result.returncode:
        print(result.stdout + result.stderr, file=sys.stderr)
    return result.returncode == 0


def check_rules(rules):
    say("Rules and configuration")
    if not run("promtool", "check", "config", PROMETHEUS):
        fail("promtool refuses prometheus.yaml")
    if not run("promtool", "check", "rules", *sorted(glob.glob(os.path.join(RULES, "*.yaml")))):
        fail("promtool refuses the rules")
    if not run("amtool", "check-config", ALERTMANAGER):
        fail("amtool refuses alertmanager.yaml")
    for name, count in collections.Counter(name_of(rule) for rule in rules).items():
        if count > 1:
            fail(f"{name} is there twice")
    alerts = {rule["alert"]: rule for rule in rules if "alert" in rule}
    for name, alert in alerts.items():
        severity, annotations = alert.get("labels", {}).get("severity"), alert.get("annotations", {})
        if severity not in SEVERITIES:
            fail(f"{name}: severity is {severity}")
        for annotation in ANNOTATIONS:
            if not annotations.get(annotation):
                fail(f"{name} has no {annotation}")
        if "$value" not in annotations.get("description", ""):
            fail(f"{name}: the description does not show the value")
        if annotations.get("runbook_url") != f"{RUNBOOK_BASE}{name}.md":
            fail(f"{name}: runbook_url is {annotations.get('runbook_url')}")
    for inhibition in read_yaml(ALERTMANAGER)["inhibit_rules"]:
        for matcher in inhibition["source_matchers"] + inhibition["target_matchers"]:
            for name in re.split(r"\s*=~?\s*", matcher, maxsplit=1)[1].split("|"):
                if name not in alerts:
                    fail(f"alertmanager.yaml names {name}, which is no alert")


def name_of(rule):
    return rule.get("alert") or rule["record"]


def check_tests(alerts):
    say("Tests of the rules")
    files = sorted(glob.glob(os.path.join(TESTS, "*.yaml")))
    tested = {(name, fires) for path in files for name, fires in alert_tests(path)}
    for alert in alerts:
        for fires, word in ((True, "fires"), (False, "does not fire")):
            if (alert, fires) not in tested:
                fail(f"no test in which {alert} {word}")
    for name in {name for name, _ in tested} - set(alerts):
        fail(f"{name} is tested and is no alert")
    # Most of the time of this check, hence one file on each processor.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        if not all(list(pool.map(lambda path: run("promtool", "test", "rules", path), files))):
            fail("tests of the rules failed")


def check_runbooks(alerts):
    say("Runbooks")
    files = {os.path.basename(path)[:-3] for path in glob.glob(os.path.join(RUNBOOKS, "Fluxo*.md"))}
    for name in sorted(set(alerts) - files):
        fail(f"{RUNBOOK_BASE}{name}.md is missing")
    for name in sorted(files - set(alerts)):
        fail(f"{RUNBOOK_BASE}{name}.md: there is no such alert")
    index = read(os.path.join(RUNBOOKS, "README.md"))
    for name in sorted(files):
        if f"({name}.md)" not in index:
            fail(f"{RUNBOOK_BASE}README.md has no link to {name}")
    for path in sorted(glob.glob(os.path.join(RUNBOOKS, "*.md"))) + [os.path.join(HERE, "README.md")]:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", read(path)):
            if not os.path.exists(os.path.join(os.path.dirname(path), link)):
                fail(f"{shown(path)} links to {link}, which is not there")


class Query:
    def __init__(self, dashboard, panel, expression, variables):
        self.dashboard, self.panel = dashboard, panel
        for name, value in {**variables, **SUBSTITUTES}.items():
            expression = re.sub(rf"\$(?:{name}\b|\{{{name}(?::\w+)?\}})", value, expression)
        self.expression = expression

    def __str__(self):
        return f"{self.dashboard}: {self.panel}"


def dashboards():
    """All queries of all panels, as Grafana sends them."""
    say("Dashboards")
    queries, uids = [], set()
    for path in sorted(glob.glob(os.path.join(DASHBOARDS, "*.json"))):
        name = os.path.basename(path)
        try:
            board = json.loads(read(path))
        except ValueError as error:
            fail(f"{name}: {error}")
            continue
        if "id" in board or not board.get("uid") or board["uid"] in uids:
            fail(f"{name}: a dashboard has a uid of its own, and no id")
        uids.add(board.get("uid"))
        variables = {v["name"]: v.get("allValue", "") for v in board["templating"]["list"]}
        if variables.pop("datasource", None) is None:
            fail(f"{name}: no variable datasource")
        titles = set()
        for panel in board["panels"]:
            title = panel["title"]
            if panel["type"] == "row":
                continue
            if "id" in panel or not panel.get("description") or not panel["fieldConfig"]["defaults"].get("unit"):
                fail(f"{name}: {title}: a panel has a description and a unit, and no id")
            if panel["datasource"]["uid"] != "${datasource}":
                fail(f"{name}: {title}: the data source is no variable")
            if title in titles:
                fail(f"{name}: {title} is there twice")
            titles.add(title)
            for target in panel["targets"]:
                query = Query(name, title, target["expr"], variables)
                if "$" in query.expression:
                    fail(f"{query}: an unknown variable: {target['expr']}")
                queries.append(query)
    return queries


def check_expressions(queries):
    """promtool parses expressions only in rules."""
    panels = [{"record": f"panel:{number}", "expr": query.expression} for number, query in enumerate(queries)]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump({"groups": [{"name": "panels", "rules": panels}]}, file)
        file.flush()
        result = subprocess.run(["promtool", "check", "rules", file.name], text=True, capture_output=True, check=False)
    if result.returncode:
        named = re.sub(r"\bpanel:(\d+)", lambda number: str(queries[int(number[1])]), result.stderr)
        fail(f"a panel's expression cannot be parsed:\n{named}")


def names_in(expression):
    """The metrics that an expression names: words outside of strings and of label lists, that no bracket follows."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    text = re.sub(r"\{[^}]*\}", "", text)
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", "", text)
    text = re.sub(r"\[[^\]]*\]", "", text)
    words = re.findall(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\w)(?!\s*\()", text)
    keywords = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right"}
    functions = {"sum", "max", "min", "count", "avg", "group"}
    return {word for word in words if word not in keywords | functions}


def exported():
    """The names of the services' series, and the values of their labels."""
    names, values = set(), collections.defaultdict(set)
    for service in services.SERVICES:
        metrics = services.start_alone(service)[1]
        described = {metric["name"]: metric["type"] for metric in services.describe(service)["metrics"]}
        for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", metrics, re.MULTILINE):
            if described.get(name) != kind:
                fail(f"{service} exports the {kind} {name} and describes it as {described.get(name)}")
        for name, kind in described.items():
            names |= {f"{name}{suffix}" for suffix in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))}
        for label, value in re.findall(r'[{,](\w+)="([^"]*)"', metrics):
            values[label].add(value)
        document = read_yaml(os.path.join(ROOT, "config", f"openapi-{service}.yaml"))
        values["route"] |= set(document["paths"])
    with open(os.path.join(ROOT, "config", "rabbitmq", "definitions.json"), encoding="utf-8") as file:
        values["queue"] |= {queue["name"] for queue in json.load(file)["queues"]}
    return names, values


def check_names(rules, queries):
    say("Names of metrics")
    own, values = exported()
    recorded = {rule["record"] for rule in rules if "record" in rule}
    listed = {line.strip() for line in read(os.path.join(HERE, "external-metrics.txt")).split("\n")}
    listed = {line for line in listed if line and not line.startswith("#")}
    used = set()
    for where, expression in [(name_of(rule), rule["expr"]) for rule in rules] + [(str(q), q.expression) for q in queries]:
        names = names_in(expression)
        used |= names
        for name in sorted(names - own - recorded - listed):
            fail(f"{where}: nothing exports {name}")
        for label, operator, text in re.findall(r'\b(outcome|motivo|pool|route|queue)(=~?)"((?:[^"\\]|\\.)*)"', expression):
            pattern = re.compile(text.replace("\\\\", "\\") if operator == "=~" else re.escape(text))
            if not any(pattern.fullmatch(value) for value in values[label]):
                fail(f'{where}: no service has {label}{operator}"{text}"')
            alternatives = text.split("|") if operator == "=~" and re.fullmatch(r"[\w|]+", text) else []
            for value in set(alternatives) - values[label]:
                fail(f'{where}: no service has {label}="{value}"')
    for name in sorted((listed | recorded) - used):
        fail(f"nothing uses {name}")


def ask(url, expression):
    body = urllib.parse.urlencode({"query": expression}).encode()
    # Without the caller's proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url.rstrip("/") + "/api/v1/query", data=body), timeout=30) as answer:
            return json.load(answer)["data"]["result"], None
    except urllib.error.HTTPError as error:
        return [], error.read().decode(errors="replace")
    except OSError as error:
        sys.exit(f"error: {url}: {error}")


def allowed_empty(queries):
    panels = {(query.dashboard, query.panel) for query in queries}
    allowed = {}
    for line in read(os.path.join(HERE, "allowed-empty.txt")).split("\n"):
        if not line or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|", 2)]
        if len(parts) != 3 or not all(parts):
            fail(f"allowed-empty.txt: dashboard | panel | why is expected: {line}")
        elif tuple(parts[:2]) not in panels:
            fail(f"allowed-empty.txt names {parts[0]}: {parts[1]}, which does not exist")
        else:
            allowed[tuple(parts[:2])] = parts[2]
    return allowed


def check_answers(url, queries, allowed):
    say(f"Panels, at {url}")
    empty = 0
    for query in queries:
        result, error = ask(url, query.expression)
        if error:
            fail(f"{query}: {error}")
        # A quantile of no observations is NaN.
        elif not any(not math.isnan(float(series["value"][1])) for series in result):
            reason = allowed.get((query.dashboard, query.panel))
            if reason:
                empty += 1
            else:
                fail(f"{query}: no data for {query.expression}")
    print(f"    {len(queries)} queries, {empty} empty as allowed")


def main(server=None):
    rules = [rule for path in sorted(glob.glob(os.path.join(RULES, "*.yaml"))) for rule in rules_of(path)]
    alerts = [rule["alert"] for rule in rules if "alert" in rule]
    check_rules(rules)
    check_runbooks(alerts)
    queries = dashboards()
    check_expressions(queries)
    check_names(rules, queries)
    allowed = allowed_empty(queries)
    check_tests(alerts)
    if server:
        check_answers(server, queries, allowed)
    if failures:
        sys.exit(f"{len(failures)} faults")
    print(f"    {len(alerts)} alerts, {len(rules) - len(alerts)} recorded series, {len(queries)} queries of panels: no faults")


main(*sys.argv[1:])
