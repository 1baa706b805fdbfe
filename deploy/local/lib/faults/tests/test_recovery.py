"""A system has recovered when new entries are seen everywhere and the old ones are all there."""

import asyncio
import json
import unittest
from unittest import mock

import recovery
from http1 import Answer, Lost
from ledger import Ledger, Measures
from load import Load


class Service:
    """A consolidado whose answers a test decides, and a lancamentos that accepts."""

    name = "falso"

    def __init__(self, statuses=(200,), quantities=(0,)):
        self.statuses = list(statuses)
        self.quantities = list(quantities)

    def step(self, script):
        return script.pop(0) if len(script) > 1 else script[0]

    async def request(self, method, target, timeout_s, headers=(), body=b""):
        await asyncio.sleep(0)
        if method == "POST":
            status = self.step(self.statuses)
            if status is None:
                raise Lost("cut")
            return Answer(status, {}, json.dumps({"id": f"id-{id(body)}"}).encode())
        if "apos=" in target:
            return Answer(self.step(self.statuses), {}, b"{}")
        totais = {"quantidade_creditos": self.step(self.quantities), "quantidade_debitos": 0}
        return Answer(200, {}, json.dumps({"totais": totais}).encode())


class RecoveryTests(unittest.IsolatedAsyncioTestCase):
    async def recover(self, lancamentos, consolidados, drains=True):
        clock = asyncio.get_running_loop().time
        ledger = Ledger("r01-teste", seed=7)
        for _ in range(3):
            ledger.acknowledge(ledger.new(), "id")
        ledger.phase = "depois"
        load = Load(ledger, Measures(clock), lancamentos, consolidados, 10)
        with mock.patch.object(recovery, "WAIT_MAX_S", 1):
            return await recovery.recovery(load, clock(), drains)

    async def test_it_is_immediate_where_nothing_is_missing(self):
        self.assertLess(await self.recover([Service([201])], [Service([200], [3])]), 0.5)

    async def test_every_lancamentos_has_to_accept(self):
        self.assertIsNone(await self.recover([Service([201]), Service([503])], [Service([200], [3])]))
        self.assertIsNone(await self.recover([Service([201]), Service([None])], [Service([200], [3])]))

    async def test_every_consolidado_has_to_see_the_new_entries(self):
        self.assertIsNone(await self.recover([Service([201])], [Service([200], [3]), Service([409])]))

    async def test_the_old_entries_have_to_be_there(self):
        self.assertIsNone(await self.recover([Service([201])], [Service([200], [2])]))
        self.assertIsNotNone(await self.recover([Service([201])], [Service([200], [2, 2, 3])]))
        self.assertIsNotNone(await self.recover([Service([201])], [Service([200], [2])], drains=False))
