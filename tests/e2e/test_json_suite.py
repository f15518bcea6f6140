"""JSONTestSuite (github.com/nst/JSONTestSuite, MIT): every y_ is accepted, every n_ rejected, no i_ crashes.

NDJSON is by line: files with a line end inside cannot be fed and count as skipped.
"""
import base64
import collections

from support.sluice import SluiceTest

THROUGH = """
- generate: stdin
- parse: json
- write: stdout
"""


class JsonTestSuite(SluiceTest):
    def cases(self, prefix):
        directory = self.shared("data/jsontestsuite/test_parsing")
        contents = {path.name: path.read_bytes() for path in sorted(directory.glob(prefix + "*.json"))}
        usable = {name: content for name, content in contents.items() if b"\n" not in content and b"\r" not in content}
        return usable, len(contents) - len(usable)

    def outcome_of(self, cases):
        outcome = self.run_sluice(THROUGH, b"".join(content + b"\n" for content in cases.values()))
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.ledger["received"], len(cases))
        return outcome

    def rejects_of(self, outcome):
        return collections.Counter(
            (reject["raw"].encode() if "raw" in reject else base64.b64decode(reject["raw_base64"]), reject["reason"])
            for reject in outcome.rejects)

    def report(self, prefix, failures, cases, skipped):
        print("foreign suite JSONTestSuite %s_: %d passed, %d failed, %d skipped"
              % (prefix, len(cases) - len(failures), len(failures), skipped))
        self.assertEqual(failures, [])

    def test_every_valid_text_is_accepted_if_it_is_an_object(self):
        cases, skipped = self.cases("y_")
        outcome = self.outcome_of(cases)
        written = collections.Counter(outcome.lines)
        rejected = self.rejects_of(outcome)
        failures = []
        for name, content in cases.items():
            kept = content.lstrip(b" \t").startswith(b"{")
            if not (written[content] if kept else rejected[content, "not_an_object"]):
                failures.append(name)
        self.report("y", failures, cases, skipped)

    def test_every_invalid_text_is_rejected(self):
        cases, skipped = self.cases("n_")
        outcome = self.outcome_of(cases)
        raws = collections.Counter(raw for (raw, _), count in self.rejects_of(outcome).items() for _ in range(count))
        # A text of white space only is no text: such a line is blank, and filtered.
        failures = [name for name, content in cases.items() if content.strip() and not raws[content]]
        self.assertEqual(outcome.stdout, b"")
        self.report("n", failures, cases, skipped)

    def test_texts_that_may_be_either_never_crash(self):
        cases, skipped = self.cases("i_")
        outcome = self.outcome_of(cases)
        self.assertEqual(outcome.ledger["written"] + outcome.ledger["rejected"], len(cases))
        written, raws = collections.Counter(outcome.lines), self.rejects_of(outcome)
        failures = [name for name, content in cases.items()
                    if not written[content] and not any(raw == content for raw, _ in raws)]
        self.report("i", failures, cases, skipped)

    def test_each_text_alone_gives_what_it_gives_among_others(self):
        cases, _ = self.cases("y_")
        together = self.outcome_of(cases)
        alone = b""
        for name, content in list(cases.items())[:12]:
            alone += self.outcome_of({name: content}).stdout
        self.assertTrue(together.stdout.startswith(alone))
