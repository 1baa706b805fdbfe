"""Faults of the network, made by the proxies between the services, their servers and their clients."""

from catalogue import fault
from stack import Stack

BOTH = ["up", "down"]


async def held(scene, names, directions, seconds):
    proxies = scene.stack.proxies
    await proxies.do("hold", *names, directions=directions)
    try:
        await scene.hold(seconds)
    finally:
        await proxies.do("pass", *names)


async def repeated(scene, command, names, times, pause_s, **arguments):
    for turn in range(times):
        if turn:
            await scene.hold(pause_s)
        await scene.stack.proxies.do(command, *names, **arguments)


async def slow(scene, names, delay_ms, bytes_per_s, seconds):
    proxies = scene.stack.proxies
    await proxies.do("slow", *names, delay_ms=delay_ms, bytes_per_s=bytes_per_s)
    try:
        await scene.hold(seconds)
    finally:
        await proxies.do("pass", *names)


# Between the services and PostgreSQL.


@fault("rede-banco-engole", "network to PostgreSQL swallows everything for 20 s", may_refuse=True, short=True)
async def database_swallowed(scene):
    await held(scene, Stack.DATABASES, BOTH, 20)


@fault("rede-banco-um-sentido", "answers of PostgreSQL do not arrive for 20 s", may_refuse=True)
async def database_one_way(scene):
    await held(scene, Stack.DATABASES, ["down"], 20)


@fault("rede-banco-meio-aberta", "PostgreSQL forgets its connections, 3 times: requests are not answered", may_refuse=True)
async def database_forgets(scene):
    await repeated(scene, "forget", Stack.DATABASES, 3, 8, side="server")


@fault("rede-banco-esquecida", "connections end, PostgreSQL does not notice, 3 times", may_refuse=True)
async def services_forget(scene):
    await repeated(scene, "forget", Stack.DATABASES, 3, 4, side="client")


@fault("rede-banco-cortada", "connections to PostgreSQL reset 10 times", may_refuse=True)
async def database_reset(scene):
    await repeated(scene, "reset", Stack.DATABASES, 10, 1)


@fault("rede-banco-lenta", "100 ms more each way to PostgreSQL for 15 s", may_refuse=True)
async def database_slow(scene):
    await slow(scene, Stack.DATABASES, 100, 0, 15)


@fault("rede-banco-recusa", "PostgreSQL's port refuses for 15 s", may_refuse=True)
async def database_refused(scene):
    await scene.stack.proxies.do("refuse", *Stack.DATABASES)
    try:
        await scene.hold(15)
    finally:
        await scene.stack.proxies.do("pass", *Stack.DATABASES)


# Between the services and RabbitMQ.


@fault("rede-broker-engole", "network to RabbitMQ swallows everything for 30 s")
async def broker_swallowed(scene):
    await held(scene, Stack.BROKERS, BOTH, 30)


@fault("rede-broker-um-sentido", "confirms and deliveries of RabbitMQ do not arrive for 20 s")
async def broker_one_way(scene):
    await held(scene, Stack.BROKERS, ["down"], 20)


@fault("rede-broker-meio-aberta", "RabbitMQ forgets its connections once: nothing is answered")
async def broker_forgets(scene):
    await repeated(scene, "forget", Stack.BROKERS, 1, 0, side="server")


@fault("rede-broker-cortada", "connections to RabbitMQ reset 10 times", short=True)
async def broker_reset(scene):
    await repeated(scene, "reset", Stack.BROKERS, 10, 1)


@fault("rede-broker-lenta", "200 ms more each way and 64 KiB/s to RabbitMQ for 15 s")
async def broker_slow(scene):
    await slow(scene, Stack.BROKERS, 200, 65536, 15)


# Between clients and lancamentos.


@fault("rede-clientes-cortada", "connections of clients reset 10 times", may_cut=True, proxied=True)
async def clients_reset(scene):
    await repeated(scene, "reset", Stack.CLIENTS, 10, 1)


@fault("rede-clientes-um-sentido", "answers to clients do not arrive for 5 s", may_cut=True, proxied=True, stall_max_s=8)
async def clients_one_way(scene):
    """The wait is the network's, and so is its limit here: 5 s and an answer."""
    await held(scene, Stack.CLIENTS, ["down"], 5)


@fault("rede-clientes-lenta", "300 ms more each way and 64 KiB/s to clients for 15 s", proxied=True)
async def clients_slow(scene):
    await slow(scene, Stack.CLIENTS, 300, 65536, 15)
