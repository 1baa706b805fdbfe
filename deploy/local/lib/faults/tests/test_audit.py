"""The audit has to find every kind of fault that it is there for."""

import unittest

from audit import Audit, DaySum, centavos, compare_balances, compare_extract
from ledger import Ledger, State


def extract(ledger, *entries):
    return [
        {
            "id": entry.id or f"id-{entry.number}",
            "conta": entry.conta,
            "tipo": entry.tipo,
            "valor": entry.valor,
            "data": entry.data,
            "referencia": ledger.referencia(entry),
        }
        for entry in entries
    ]


class AuditTests(unittest.TestCase):
    def setUp(self):
        self.ledger = Ledger("r01-teste", seed=7)
        self.entries = [self.ledger.new() for _ in range(6)]
        for entry in self.entries[:3]:
            self.ledger.acknowledge(entry, f"id-{entry.number}")
        self.entries[3].state = State.REFUSED
        self.entries[4].state = State.ABSENT
        self.entries[5].state = State.UNKNOWN

    def audit(self, lines):
        audit = Audit()
        self.sums = compare_extract(self.ledger, lines, audit)
        return audit

    def test_what_was_acknowledged_is_registered_and_nothing_else(self):
        audit = self.audit(extract(self.ledger, *self.entries[:3]))
        self.assertTrue(audit.is_clean, audit)
        self.assertEqual(audit.registered, 3)

    def test_an_acknowledged_entry_that_is_not_registered_is_lost(self):
        self.assertEqual(self.audit(extract(self.ledger, *self.entries[:2])).lost, 1)

    def test_an_entry_registered_twice_is_doubled(self):
        copy = {**extract(self.ledger, self.entries[0])[0], "id": "other"}
        self.assertEqual(self.audit([*extract(self.ledger, *self.entries[:3]), copy]).doubled, 1)

    def test_an_entry_that_was_refused_and_is_registered_is_unexpected(self):
        self.assertEqual(self.audit(extract(self.ledger, *self.entries[:4])).unexpected, 1)

    def test_an_entry_that_a_404_denied_and_is_registered_is_unexpected(self):
        self.assertEqual(self.audit(extract(self.ledger, *self.entries[:3], self.entries[4])).unexpected, 1)

    def test_an_unknown_outcome_may_be_registered(self):
        audit = self.audit(extract(self.ledger, *self.entries[:3], self.entries[5]))
        self.assertTrue(audit.is_clean, audit)
        self.assertEqual(audit.recovered, 1)

    def test_an_entry_that_nobody_sent_is_unexpected(self):
        stranger = {**extract(self.ledger, self.entries[0])[0], "referencia": "r01-teste-99"}
        self.assertEqual(self.audit([*extract(self.ledger, *self.entries[:3]), stranger]).unexpected, 1)

    def test_other_content_is_unexpected(self):
        lines = extract(self.ledger, *self.entries[:3])
        lines[1]["valor"] = "0.01"
        self.assertEqual(self.audit(lines).unexpected, 1)

    def test_another_id_than_the_acknowledged_one_is_unexpected(self):
        lines = extract(self.ledger, *self.entries[:3])
        lines[1]["id"] = "other"
        self.assertEqual(self.audit(lines).unexpected, 1)

    def test_balances_that_lack_or_repeat_entries_are_found(self):
        day = ("conta", "2026-11-29")
        for seen, expected in (
            (DaySum(100, 0, 1, 0), (0, 0, 0)),
            (DaySum(0, 0, 0, 0), (1, 0, 0)),
            (DaySum(200, 0, 2, 0), (0, 1, 0)),
            (DaySum(101, 0, 1, 0), (0, 0, 1)),
            (DaySum(0, 100, 0, 1), (0, 0, 1)),
        ):
            with self.subTest(seen=seen):
                audit = Audit()
                compare_balances({day: DaySum(100, 0, 1, 0)}, {day: seen}, audit)
                self.assertEqual((audit.lost, audit.doubled, audit.unexpected), expected)

    def test_a_balance_of_entries_that_are_not_registered_is_doubled(self):
        audit = Audit()
        compare_balances({}, {("conta", "2026-11-29"): DaySum(100, 0, 1, 0)}, audit)
        self.assertEqual(audit.doubled, 1)

    def test_sums_are_exact(self):
        self.audit(extract(self.ledger, *self.entries[:3]))
        total = sum(day.creditos + day.debitos for day in self.sums.values())
        self.assertEqual(total, sum(entry.centavos for entry in self.entries[:3]))
        self.assertEqual(centavos("9999999999.99"), 999_999_999_999)
