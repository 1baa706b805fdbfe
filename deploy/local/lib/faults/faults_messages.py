"""Foreign and repeated messages in the consumers' queue."""

import asyncio
import itertools
import json
import time

from catalogue import fault

DLQ = "consolidado.lancamentos.dlq"
COPIES = "faltas.copias"


async def with_copies(scene):
    """A queue that receives a copy of every event of the row."""
    rabbitmq = scene.stack.rabbitmq
    await rabbitmq.api("PUT", f"queues/%2F/{COPIES}", {"durable": True, "arguments": {"x-queue-type": "quorum"}})
    await rabbitmq.api("POST", f"bindings/%2F/e/{rabbitmq.EXCHANGE}/q/{COPIES}", {"routing_key": "#"})


async def without_copies(scene):
    await scene.stack.rabbitmq.api("DELETE", f"queues/%2F/{COPIES}", accepts=(204, 404))
    await scene.stack.rabbitmq.api("DELETE", f"queues/%2F/{DLQ}/contents", accepts=(204, 404))


async def events(scene, count):
    """Events of this row as they were published."""
    body = {"count": count, "ackmode": "ack_requeue_false", "encoding": "auto"}
    messages = await scene.stack.rabbitmq.api("POST", f"queues/%2F/{COPIES}/get", body)
    return [json.loads(message["payload"]) for message in messages]


async def publish(scene, event, text=None):
    rabbitmq = scene.stack.rabbitmq
    properties = {"content_type": "application/cloudevents+json", "delivery_mode": 2}
    if event is not None:
        properties |= {"message_id": event["id"], "type": event["type"]}
        text = json.dumps(event)
    # Straight to the queue: whatever else is bound to the exchange stays clean.
    await rabbitmq.publish("", rabbitmq.QUEUE, text, properties)


async def dead_letters(scene, expected):
    """Requires that exactly these messages became dead letters."""
    end = time.monotonic() + 20
    while True:
        found = await scene.stack.rabbitmq.messages(DLQ)
        if found == expected or time.monotonic() > end:
            break
        await asyncio.sleep(0.5)
    scene.note(f"{found} dead letters of {expected} poisoned messages")
    scene.require(found == expected, f"{found} dead letters instead of {expected}")


def other(event, **data):
    return event | {"data": event["data"] | data}


@fault("venenos", "1 % of the messages cannot be applied", prepare=with_copies, restore=without_copies, short=True)
async def poison(scene):
    """Unreadable, invalid, of an unknown version, and copies whose content differs."""
    copies = await events(scene, 200)
    per_s, seconds, sent = max(1, scene.row.writes_per_s // 100), 10, 0
    for event in itertools.islice(itertools.cycle(copies), per_s * seconds):
        match sent % 4:
            case 0:
                await publish(scene, None, text='{"specversion":')
            case 1:
                await publish(scene, other(event, valor="-7.00"))
            case 2:
                await publish(scene, event | {"type": event["type"].replace(".v1", ".v2")})
            case 3:
                await publish(scene, other(event, valor="10000.01"))
        sent += 1
        await scene.hold(1 / per_s)
    scene.healed()
    await dead_letters(scene, sent)


@fault("copias-tardias", "copies of applied events, and conflicting copies a year old", prepare=with_copies, restore=without_copies)
async def late_copies(scene):
    """Deduplication never forgets, and of two contents the first to arrive is the entry."""
    copies = await events(scene, 100)
    year_ms = 365 * 24 * 3600 * 1000
    old = []
    for event in copies[:10]:
        milliseconds = int(event["id"].replace("-", "")[:12], 16) - year_ms
        identifier = f"{milliseconds:012x}{event['id'].replace('-', '')[12:]}"
        parts = (identifier[:8], identifier[8:12], identifier[12:16], identifier[16:20], identifier[20:])
        new = other(event, id="-".join(parts), conta="faltas-antigas.1", data=event["data"]["data"])
        old.append(new | {"id": "-".join(parts), "subject": "faltas-antigas.1"})
    for event in old:
        await publish(scene, event)
    await scene.hold(2)
    for event in [*copies, *old]:
        await publish(scene, event)
    for event in old:
        await publish(scene, other(event, valor="10000.01"))
    scene.healed()
    await dead_letters(scene, len(old))
    days = scene.load.ledger.dias
    target = f"/v1/consolidados?conta=faltas-antigas.1&de={days[-1]}&ate={days[0]}"
    totais = (await scene.load.consolidados[0].request("GET", target, 5)).json()["totais"]
    applied = totais["quantidade_creditos"] + totais["quantidade_debitos"]
    scene.require(applied == len(old), f"{applied} entries a year old applied instead of {len(old)}")
