"""Faults of RabbitMQ and of what it holds for us."""

import asyncio
import urllib.parse

from catalogue import fault


@fault("broker-morto", "RabbitMQ: kill -9, started again after 2 s", short=True)
async def killed(scene):
    await scene.stack.rabbitmq.kill()
    await scene.hold(2)
    await scene.stack.rabbitmq.start()


@fault("broker-reiniciado", "RabbitMQ: orderly restart")
async def restarted(scene):
    await scene.stack.rabbitmq.stop()
    await scene.stack.rabbitmq.start()


@fault("broker-fora", "RabbitMQ: down for 60 s")
async def down(scene):
    await scene.stack.rabbitmq.kill()
    await scene.hold(60)
    await scene.stack.rabbitmq.start()


@fault("broker-parado", "RabbitMQ: SIGSTOP for 20 s")
async def paused(scene):
    scene.stack.rabbitmq.pause()
    try:
        await scene.hold(20)
    finally:
        scene.stack.rabbitmq.resume()


@fault("alarme-de-memoria", "RabbitMQ: memory alarm for 15 s", short=True)
async def memory_alarm(scene):
    rabbitmq = scene.stack.rabbitmq
    await rabbitmq.ctl("set_vm_memory_high_watermark", "0.00001")
    try:
        await scene.hold(15)
        await scene.backlog()
    finally:
        await rabbitmq.ctl("set_vm_memory_high_watermark", "0.4")


@fault("alarme-de-disco", "RabbitMQ: disk alarm for 15 s")
async def disk_alarm(scene):
    rabbitmq = scene.stack.rabbitmq
    await rabbitmq.ctl("set_disk_free_limit", "1000000GB")
    try:
        await scene.hold(15)
        await scene.backlog()
    finally:
        await rabbitmq.ctl("set_disk_free_limit", "500MB")


@fault("fila-cheia", "queue full (reject-publish) for 15 s")
async def queue_full(scene):
    """A policy allows one message, and the consumers have no connection."""
    rabbitmq, proxies = scene.stack.rabbitmq, scene.stack.proxies
    policy = {
        "pattern": f"^{rabbitmq.QUEUE.replace('.', chr(92) + '.')}$",
        "definition": {"max-length": 1, "overflow": "reject-publish"},
        "priority": 10,
        "apply-to": "queues",
    }
    await proxies.do("refuse", "amqp-consolidado")
    await rabbitmq.api("PUT", "policies/%2F/falta-fila-cheia", policy)
    try:
        await scene.hold(15)
        await scene.backlog()
    finally:
        await rabbitmq.api("DELETE", "policies/%2F/falta-fila-cheia", accepts=(204, 404))
        await proxies.do("pass", "amqp-consolidado")


async def delete_binding(rabbitmq):
    key = urllib.parse.quote(rabbitmq.BINDING, safe="")
    await rabbitmq.api("DELETE", f"bindings/%2F/e/{rabbitmq.EXCHANGE}/q/{rabbitmq.QUEUE}/{key}", accepts=(204, 404))


@fault("vinculo-apagado", "binding of the consumers' queue deleted 3 times", replay=True, short=True)
async def binding_deleted(scene):
    for _ in range(3):
        await delete_binding(scene.stack.rabbitmq)
        await scene.hold(4)


@fault("fila-apagada", "consumers' queue deleted 3 times", replay=True)
async def queue_deleted(scene):
    for _ in range(3):
        await scene.stack.rabbitmq.api("DELETE", f"queues/%2F/{scene.stack.rabbitmq.QUEUE}", accepts=(204, 404))
        await scene.hold(4)


@fault("fila-apagada-com-atraso", "consumers' queue deleted with 5 s of backlog in it", replay=True)
async def queue_deleted_with_backlog(scene):
    rabbitmq, proxies = scene.stack.rabbitmq, scene.stack.proxies
    await proxies.do("refuse", "amqp-consolidado")
    await scene.hold(5)
    scene.deleted = await rabbitmq.messages(rabbitmq.QUEUE)
    scene.note(f"{scene.deleted} messages in the queue when it was deleted")
    await rabbitmq.api("DELETE", f"queues/%2F/{rabbitmq.QUEUE}", accepts=(204, 404))
    await proxies.do("pass", "amqp-consolidado")


@fault("exchange-apagado", "exchange of the events deleted 3 times", replay=True)
async def exchange_deleted(scene):
    for _ in range(3):
        await scene.stack.rabbitmq.api("DELETE", f"exchanges/%2F/{scene.stack.rabbitmq.EXCHANGE}", accepts=(204, 404))
        await scene.hold(4)


@fault("conexoes-do-broker-fechadas", "every AMQP connection closed by the broker, 5 times")
async def connections_closed(scene):
    for _ in range(5):
        await scene.stack.rabbitmq.ctl("close_all_connections", "falta")
        await asyncio.sleep(1)
