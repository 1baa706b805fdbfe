"""Sends the query of KEDA's trigger for consolidado to a broker, as KEDA's user, and fails if the answer is no queue length.

usage: trigger.py SCALING_YAML MANAGEMENT_URL PASSWORD_FILE
Only the address in the file is replaced. Fields: https://keda.sh/docs/latest/scalers/rabbitmq-queue/
"""

import base64
import json
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request

import yaml

USER = "monitor"


def ask(url, password, method="GET", body=None):
    token = base64.b64encode(f"{USER}:{password}".encode()).decode()
    request = urllib.request.Request(url, body, {"Authorization": f"Basic {token}", "Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def main(scaling, management, password_file):
    documents = yaml.safe_load_all(pathlib.Path(scaling).read_text(encoding="utf-8"))
    scaled = next(document for document in documents if document["kind"] == "ScaledObject")
    trigger = next(each["metadata"] for each in scaled["spec"]["triggers"] if each["type"] == "rabbitmq")
    if (trigger["protocol"], trigger["mode"]) != ("http", "QueueLength"):
        sys.exit(f"error: {scaling}: the trigger has changed; adapt this test")
    password = pathlib.Path(password_file).read_text(encoding="ascii").strip()
    vhost, queue = (urllib.parse.quote(trigger[key], safe="") for key in ("vhostName", "queueName"))
    url = f"{management}/api/queues/{vhost}/{queue}"
    status, answer = ask(url, password)
    if status != 200 or not isinstance(json.loads(answer).get("messages"), int):
        sys.exit(f"error: {url} as {USER}: {status} {answer.decode(errors='replace')}")
    print(f"KEDA's trigger: {trigger['queueName']} has {json.loads(answer)['messages']} messages, says the broker to {USER}")
    get = json.dumps({"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"}).encode()
    for what, status in (
        ("with another password", ask(url, password + "x")[0]),
        ("reading messages", ask(f"{url}/get", password, "POST", get)[0]),
        ("deleting the queue", ask(url, password, "DELETE")[0]),
    ):
        if 200 <= status < 300:
            sys.exit(f"error: {USER} is answered {status} {what}")


if __name__ == "__main__":
    main(*sys.argv[1:])
