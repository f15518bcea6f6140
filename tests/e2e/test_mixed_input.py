"""Broken lines: every one is rejected with its reason and its exact bytes, and the stream goes on."""
import base64
import collections
import datetime
import json
import re

from support.sluice import SMALL, SluiceTest

STAGES = """
- generate: stdin
- parse: json
- filter: level == "error"
- write: stdout
"""


def classify(line):
    """What the contract says of a line, read by Python: ('blank' | 'broken' | 'not_an_object' | 'object', value)."""
    if not line.strip():
        return "blank", None
    try:
        value = json.loads(line.decode())
    except (ValueError, RecursionError):
        return "broken", None
    return ("object", value) if isinstance(value, dict) else ("not_an_object", value)


def raw_of(reject):
    if "raw" in reject:
        return reject["raw"].encode()
    return base64.b64decode(reject["raw_base64"], validate=True)


class MixedInput(SluiceTest):
    @classmethod
    def lines(cls):
        return 40000 if SMALL else 200000

    def outcome_and_lines(self):
        source = self.workload("mixed", self.lines())
        outcome = self.run_sluice(STAGES, source, pipeline="workers: 4")
        self.assert_exit(outcome, 0)
        return outcome, source.read_bytes().split(b"\n")[:-1]

    def test_every_line_ends_where_it_belongs_with_its_exact_bytes(self):
        outcome, lines = self.outcome_and_lines()
        kinds = [(classify(line), line) for line in lines]
        broken = [line for (kind, _), line in kinds if kind in ("broken", "not_an_object")]
        written = [line for (kind, value), line in kinds if kind == "object" and value.get("level") == "error"]
        self.assertGreater(len(broken), 20)
        self.assertEqual(outcome.stdout, b"".join(line + b"\n" for line in written))
        self.assertEqual(collections.Counter(map(raw_of, outcome.rejects)), collections.Counter(broken))
        self.assert_ledger(outcome, received=len(lines), written=len(written), rejected=len(broken), abandoned=0,
                           filtered=len(lines) - len(written) - len(broken))

    def test_every_reject_tells_when_where_and_why(self):
        outcome, _ = self.outcome_and_lines()
        for reject in outcome.rejects:
            kind, _ = classify(raw_of(reject))
            self.assertEqual(set(reject), {"time", "stage", "reason", "detail"} | set(reject) & {"raw", "raw_base64"})
            self.assertEqual(len(set(reject) & {"raw", "raw_base64"}), 1)
            self.assertEqual(reject["stage"], "parse-2")
            self.assertTrue(datetime.datetime.fromisoformat(reject["time"].replace("Z", "+00:00")).tzinfo)
            self.assertRegex(reject["reason"], re.compile(r"\A[a-z0-9_]+\Z"))
            self.assertTrue(reject["detail"])
            if kind == "not_an_object":
                self.assertEqual(reject["reason"], "not_an_object")

    def test_bytes_that_are_not_utf8_come_back_as_base64_and_only_those(self):
        outcome, _ = self.outcome_and_lines()
        for reject in outcome.rejects:
            raw = raw_of(reject)
            try:
                raw.decode()
                self.assertIn("raw", reject)
            except UnicodeDecodeError:
                self.assertIn("raw_base64", reject)

    def test_the_reasons_are_counted_in_the_ledger(self):
        outcome, _ = self.outcome_and_lines()
        parse = outcome.ledger["stages"][1]
        reasons = collections.Counter(reject["reason"] for reject in outcome.rejects)
        self.assertEqual(parse["rejected"], sum(reasons.values()))
        self.assertEqual({reason: parse["errors"].get(reason) for reason in reasons}, dict(reasons))

    def test_garbage_never_stops_the_stream(self):
        import random
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        good = b'{"level":"error","n":%d}'
        lines, kept = [], []
        for number in range(3000):
            if chance.random() < 0.5:
                lines.append(good % number)
                kept.append(good % number)
            else:
                lines.append(bytes(chance.choice(b'{}[]":,\\x0\x00\xff\xc3u1e+-.tfn \t') for _ in
                                   range(chance.randrange(60))).replace(b"\n", b""))
        outcome = self.run_sluice(STAGES, b"\n".join(lines) + b"\n", pipeline="workers: 4, batch: {size: 2KiB}")
        self.assert_exit(outcome, 0)
        written = set(outcome.lines)
        self.assertTrue(written.issuperset(kept), "seed %d" % seed)
        for line in written.difference(kept):
            self.assertEqual(classify(line)[0], "object", "seed %d: %r" % (seed, line))
        self.assertEqual(outcome.ledger["received"], len(lines), "seed %d" % seed)

    def test_on_error_pass_lets_the_line_through(self):
        outcome = self.run_sluice("""
            - generate: stdin
            - parse: {format: json, on_error: pass}
            - write: {to: stdout, encode: raw}
            """, b'{"a":1}\nbroken\n{"a":2}\n')
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, b'{"a":1}\nbroken\n{"a":2}\n')
        self.assert_ledger(outcome, written=3, rejected=0)

    def test_on_error_drop_counts_the_line_as_filtered(self):
        outcome = self.run_sluice("""
            - generate: stdin
            - parse: {format: json, on_error: drop}
            - write: stdout
            """, b'{"a":1}\nbroken\n{"a":2}\n')
        self.assert_exit(outcome, 0)
        self.assert_ledger(outcome, written=2, filtered=1, rejected=0)

    def test_on_error_fail_stops_the_run_with_exit_1(self):
        outcome = self.run_sluice("""
            - generate: stdin
            - parse: {format: json, on_error: fail}
            - write: stdout
            """, b'{"a":1}\nbroken\n{"a":2}\n')
        self.assert_exit(outcome, 1)
        self.assertTrue(outcome.ledger["cause"].startswith("error: "), outcome.ledger["cause"])
        self.assertIn("parse-2", outcome.stderr)

    def test_rejects_go_to_stderr_when_told_so(self):
        outcome = self.run_sluice(STAGES, b"broken\n", rejects="stderr")
        self.assert_exit(outcome, 0)
        rejects = [json.loads(line) for line in outcome.stderr.splitlines() if line.startswith("{") and '"raw"' in line]
        self.assertEqual([reject["raw"] for reject in rejects], ["broken"])
        self.assertEqual(outcome.stdout, b"")

    def test_rejects_are_counted_when_they_are_dropped(self):
        outcome = self.run_sluice(STAGES, b"broken\n", rejects="drop")
        self.assert_exit(outcome, 0)
        self.assert_ledger(outcome, received=1, rejected=1)
        self.assertNotIn("raw", outcome.stderr)
