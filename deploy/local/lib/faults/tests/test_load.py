"""What a client learns from answers, and how it resolves what it does not know."""

import asyncio
import json
import unittest
from unittest import mock

import load
from http1 import Answer, Lost, NotSent, TimedOut
from ledger import Ledger, Measures, State


class FakeOrigin:
    """Answers with a script; its last line is repeated."""

    def __init__(self, *script, name="falso"):
        self.name = name
        self.script = list(script)
        self.suspect_until = 0.0
        self.requests = []

    async def request(self, method, target, timeout_s, headers=(), body=b""):
        self.requests.append((method, target, dict(headers)))
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        status, body = step
        return Answer(status, {}, json.dumps(body).encode())


UNKNOWN = (503, {"type": "http://x/problemas#resultado-desconhecido", "id": "id-1"})
OVERLOAD = (503, {"type": "http://x/problemas#sobrecarga"})
CREATED = (201, {"id": "id-1"})
REPLAYED = (200, {"id": "id-1"})
FOUND = (200, {"id": "id-1"})
ABSENT = (404, {})


class LoadTests(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.ledger = Ledger("r01-teste", seed=7)
        self.measures = Measures(asyncio.get_running_loop().time)
        # No time passes: waits return at once.
        self.waits = []
        self.enterContext(mock.patch.object(load.asyncio, "sleep", self.sleep))

    async def sleep(self, seconds):
        self.waits.append(seconds)

    async def register(self, *origins, has_key):
        entry = self.ledger.new(has_key=has_key)
        self.load = load.Load(self.ledger, self.measures, list(origins), [], 10)
        await self.load.register(entry, self.load.lancamentos)
        return entry

    async def test_a_201_is_an_acknowledgement(self):
        entry = await self.register(FakeOrigin(CREATED), has_key=False)
        self.assertEqual((entry.state, entry.id), (State.ACKNOWLEDGED, "id-1"))
        self.assertFalse(self.measures.errors)

    async def test_a_refusal_is_final(self):
        origin = FakeOrigin(OVERLOAD)
        entry = await self.register(origin, has_key=True)
        self.assertEqual(entry.state, State.REFUSED)
        self.assertEqual(len(origin.requests), 1)
        self.assertEqual(self.measures.errors, {"POST 503 sobrecarga": 1})

    async def test_an_unknown_outcome_is_tried_again_with_the_key(self):
        for first in (UNKNOWN, Lost("cut"), TimedOut("late"), (502, {})):
            with self.subTest(first=first):
                origin = FakeOrigin(first, REPLAYED)
                entry = await self.register(origin, has_key=True)
                self.assertEqual(entry.state, State.ACKNOWLEDGED)
                keys = {request[2]["Idempotency-Key"] for request in origin.requests}
                self.assertEqual(keys, {self.ledger.referencia(entry)})

    async def test_a_refusal_of_a_repeated_request_says_nothing_about_the_first(self):
        origin = FakeOrigin(UNKNOWN, OVERLOAD, REPLAYED)
        entry = await self.register(origin, has_key=True)
        self.assertEqual(entry.state, State.ACKNOWLEDGED)

    async def test_without_a_key_nothing_is_sent_twice(self):
        origin = FakeOrigin(UNKNOWN, FOUND)
        entry = await self.register(origin, has_key=False)
        self.assertEqual([method for method, _, _ in origin.requests], ["POST", "GET"])
        self.assertEqual(entry.state, State.ACKNOWLEDGED)

    async def test_a_404_counts_only_after_the_time_that_the_contract_names(self):
        origin = FakeOrigin(UNKNOWN, ABSENT, FOUND)
        entry = await self.register(origin, has_key=False)
        self.assertEqual(entry.state, State.ACKNOWLEDGED)
        self.assertGreater(max(self.waits), 30)

    async def test_a_later_404_is_believed(self):
        entry = await self.register(FakeOrigin(UNKNOWN, ABSENT), has_key=False)
        self.assertEqual(entry.state, State.ABSENT)

    async def test_a_look_up_that_cannot_be_answered_is_repeated(self):
        origin = FakeOrigin(UNKNOWN, ABSENT, UNKNOWN, UNKNOWN, ABSENT)
        entry = await self.register(origin, has_key=False)
        self.assertEqual(entry.state, State.ABSENT)
        self.assertEqual(len(origin.requests), 5)

    async def test_a_lost_connection_without_a_key_stays_unknown(self):
        entry = await self.register(FakeOrigin(Lost("cut")), has_key=False)
        self.assertEqual(entry.state, State.UNKNOWN)

    async def test_without_a_connection_the_next_instance_is_used(self):
        first, second = FakeOrigin(NotSent("refused"), name="a"), FakeOrigin(CREATED, name="b")
        entry = await self.register(first, second, has_key=False)
        self.assertEqual(entry.state, State.ACKNOWLEDGED)
        self.assertFalse(self.measures.errors)

    async def test_without_any_connection_it_is_an_error(self):
        entry = await self.register(FakeOrigin(NotSent("refused")), has_key=False)
        self.assertEqual(entry.state, State.REFUSED)
        self.assertEqual(self.measures.errors, {"POST no connection": 1})
