"""What a row says, and with what the run exits."""

import json
import pathlib
import tempfile
import unittest

import results
from catalogue import Fault
from runner import Row, judge


def row(**members):
    made = Row("broker-morto", "title", writes_per_s=100, reads_per_s=50, recovery_seconds=1.0)
    for name, value in members.items():
        setattr(made, name, value)
    return made


def judged(members, **options):
    made = row(**members)
    judge(made, Fault("broker-morto", "title", None, **options))
    return made


class ResultsTests(unittest.TestCase):
    def test_a_clean_row_misses_nothing(self):
        made = judged({"longest_stall_seconds": 2.5, "recovery_seconds": 30.0})
        self.assertEqual(made.missed, [])
        self.assertEqual(results.exit_code([made]), 0)

    def test_missed_limits_are_named(self):
        for members, text in (
            ({"longest_stall_seconds": 2.6}, "stall 2.6 s > 2.5 s"),
            ({"recovery_seconds": 30.1}, "recovery 30.1 s > 30 s"),
            ({"recovery_seconds": None}, "no recovery"),
            ({"errors": {"POST 503 sobrecarga": 2, "GET 503 x": 1}}, "2 POST errors"),
            ({"errors": {"POST connection lost": 1}}, "1 POST errors"),
            ({"measures": {"a newcomer": {"seconds": 1.5, "max_seconds": 1}}}, "a newcomer 1.5 s > 1 s"),
            ({"measures": {"a newcomer": {"seconds": None, "max_seconds": 1}}}, "a newcomer never > 1 s"),
        ):
            with self.subTest(text=text):
                made = judged(members)
                self.assertEqual(made.missed, [text])
                self.assertEqual(results.exit_code([row(), made]), 2)

    def test_errors_that_a_fault_explains_are_allowed(self):
        cut = {"errors": {"POST connection lost": 1, "POST no answer": 2}}
        self.assertEqual(judged(cut, may_cut=True).missed, [])
        self.assertEqual(judged({"errors": {"POST 503 x": 1}}, may_cut=True).missed, ["1 POST errors"])
        self.assertEqual(judged({"errors": {"POST 503 x": 1}}, may_refuse=True).missed, [])

    def test_what_is_lost_doubled_or_unexpected_or_was_not_run_is_worse_than_limits(self):
        for members in ({"lost": 1}, {"doubled": 1}, {"unexpected": 1}, {"failure": "NotReady: x"}):
            with self.subTest(members=members):
                self.assertEqual(results.exit_code([row(missed=["x"]), row(**members)]), 1)

    def test_the_summary_counts_rows_and_entries(self):
        rows = [row(acknowledged=10), row(acknowledged=5, lost=1), row(missed=["x"]), row(skipped="no root")]
        self.assertEqual(
            results.summary(rows, 90),
            "3 faults in 1.5 min, 1 skipped, limits kept in 1; entries: 15 acknowledged, 1 lost, 0 doubled, 0 unexpected",
        )

    def test_a_skipped_row_is_neither(self):
        made = judged({"skipped": "no root", "recovery_seconds": None})
        self.assertEqual(results.exit_code([made]), 0)
        self.assertIn("skipped: no root", results.shown(made)[0])

    def test_the_table_and_the_file_show_what_was_lost(self):
        made = row(lost=3, examples=["entry 5 was acknowledged"], errors={f"POST 5{k:02d}": k for k in range(9)})
        text = "\n".join(results.shown(made))
        self.assertIn("AUDIT: entry 5 was acknowledged", text)
        for what in made.errors:
            self.assertIn(what, text)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "faults.json"
            results.write(file, [made], {"seed": 1})
            document = json.loads(file.read_text(encoding="utf-8"))
        self.assertEqual((document["seed"], document["rows"][0]["lost"]), (1, 3))
