"""`sluice explain` on a pipeline with all kinds of stages: what a line went through, and why it ended as it did."""
import gzip

from support.sluice import ROOT, SluiceTest

SAMPLES = ROOT / "docs" / "samples"
STAGES = ["syslog", "envelope", "order", "loud", "half", "once", "known", "discreet", "urgency", "alerts", "archive"]


class AllKinds(SluiceTest):
    def sluice(self, *arguments, input=b""):
        """Run it where the samples find their tables."""
        outcome = self.command(*arguments, input=input, directory=ROOT)
        self.assert_exit(outcome, 0)
        return outcome.stdout.decode()

    def explain(self, *numbers):
        """What it says of these lines of the sample: for each a list of (stage, [what was said])."""
        lines = (SAMPLES / "orders.log").read_bytes().splitlines(keepends=True)
        text = self.sluice("explain", SAMPLES / "orders.yaml", input=b"".join(lines[number] for number in numbers))
        explained = []
        for line in text.splitlines():
            if line.startswith("line "):
                explained.append([])
            elif line.startswith("  "):
                explained[-1][-1][1].append(line[2:])
            elif line:
                explained[-1].append((line.split(" ")[0], []))
        return explained

    def test_every_stage_has_a_paragraph_that_says_something(self):
        [paragraphs] = self.explain(0)
        self.assertEqual([stage for stage, _ in paragraphs], STAGES)
        for stage, said in paragraphs:
            self.assertTrue(said, stage)

    def test_what_the_fields_do_not_show_is_said(self):
        said = {stage: "\n".join(lines) for stage, lines in self.explain(0)[0]}
        for stage, text in [
                ("envelope", "read as rfc5424"),
                ("order", "field `at` (`1795515300.25`) read as `unix`"),
                ("loud", '("info") != "debug" is true'),
                ("loud", "limit 100/s for `hostname` (`shop-1`)"),
                ("half", "sample 0.5: `order.user` (`cyd`)"),
                ("once", "is new"),
                ("known", "lookup: found `192.0.2.10`"),
                ("known", "geoip: `192.0.2.10` found"),
                ("discreet", '~ client = "***"  (was "192.0.2.10")'),
                ("urgency", "order.status (502) >= 500 is true"),
                ("urgency", "goes to failed"),
                ("archive", "2026-11-24/storage.ndjson.gz, compressed with gzip:")]:
            self.assertIn(text, said[stage])

    def test_every_way_to_end_names_its_reason(self):
        ends = [(paragraphs[-1][0], paragraphs[-1][1][-2:]) for paragraphs in self.explain(1, 2, 4, 5)]
        self.assertEqual([stage for stage, _ in ends], ["archive", "once", "envelope", "loud"])
        self.assertIn("went on already", ends[1][1][0])
        self.assertEqual(ends[1][1][1], "filtered: the record ends here")
        self.assertTrue(ends[2][1][1].startswith("rejected, invalid_rfc3164: expected a priority"))
        self.assertEqual(ends[3][1], ["the conditions after it are not asked", "filtered: the record ends here"])

    def test_what_on_error_lets_pass_is_said_and_why(self):
        said = dict(self.explain(3)[0])
        self.assertIn("invalid_json: byte 1: expected a value; `on_error: pass`", said["order"][0])
        self.assertIn("compute `slow`: error: the record has no field `order`", said["known"])

    def test_a_bug_report_is_plain_text(self):
        text = self.sluice("explain", SAMPLES / "orders.yaml", input=(SAMPLES / "orders.log").read_bytes())
        self.assertNotIn("\x1b", text)
        self.assertTrue(text.isascii())

    def test_a_run_writes_what_was_explained(self):
        line = (SAMPLES / "orders.log").read_bytes().splitlines(keepends=True)[0]
        said = dict(self.explain(0)[0])
        path = self.directory / "%Y" / "{team}.gz"
        written = self.sluice("run", SAMPLES / "orders.yaml", "--set", "stages.archive.path=%s" % path, input=line)
        self.assertEqual("  " + written.rstrip("\n"), said["alerts"][1])
        archived = gzip.decompress((self.directory / "2026" / "storage.gz").read_bytes()).decode()
        self.assertEqual("  " + archived.rstrip("\n"), said["archive"][1])

    def test_what_is_held_back_comes_at_the_end(self):
        text = self.sluice("explain", SAMPLES / "containers.yaml", "2026-11-24T10:15:00Z stdout P begun")
        self.assertIn("held back: a part of a message", text)
        self.assertIn("at the end of the input\n  lets go of what was held back:", text)
        self.assertTrue(text.endswith("    2026-11-24T10:15:00Z stdout: begun\n"), text)
