"""`sluice check`: every error at once, each with file:line:column and what was probably meant."""
import re

from support.sluice import SluiceTest


class Check(SluiceTest):
    def assert_error(self, text, line, column, *words, **more):
        """check answers 78 with an error at this place that holds these words."""
        outcome = self.check(text, **more)
        self.assert_exit(outcome, 78)
        output = outcome.stderr + outcome.stdout.decode()
        places = re.findall(r"sluice\.yaml:(\d+):(\d+): error", output)
        self.assertIn((str(line), str(column)), places, output)
        for word in words:
            self.assertIn(word, output)
        return output

    def test_a_good_configuration_passes(self):
        outcome = self.check("stages:\n  - generate: stdin\n  - parse: json\n  - write: stdout\n")
        self.assert_exit(outcome, 0)

    def test_the_example_of_the_contract_passes(self):
        outcome = self.check("""
pipeline:
  workers: auto
  queue: 16
  batch: {size: 256KiB, linger: 50ms}
  grace: 30s
  max_line: 1MiB
  order: preserve
stages:
  - generate: stdin
  - parse: json
  - filter: status >= 500 && !path.startsWith("/health")
  - enrich:
      fields: {dc: fra1, host: "${HOSTNAME:-unknown}"}
      compute: {slow: duration_ms > 250.0}
  - write: stdout
rejects: stderr
""")
        self.assert_exit(outcome, 0)

    def test_an_unknown_key_gets_a_suggestion(self):
        self.assert_error("stages:\n  - generate: stdin\n  - filter: {wehre: a == 1}\n  - write: stdout\n", 3, 14,
                          "wehre", "did you mean `where`?")

    def test_an_unknown_kind_gets_a_suggestion(self):
        self.assert_error("stages:\n  - generate: stdin\n  - prase: json\n  - write: stdout\n", 3, 5,
                          "prase", "did you mean `parse`?")

    def test_an_unknown_variant_gets_a_suggestion(self):
        self.assert_error("stages:\n  - generate: stdin\n  - parse: jsn\n  - write: stdout\n", 3, 12,
                          "jsn", "did you mean `json`?")

    def test_an_unknown_section_gets_a_suggestion(self):
        self.assert_error("pipline: {}\nstages:\n  - generate: stdin\n  - write: stdout\n", 1, 1,
                          "pipline", "did you mean `pipeline`?")

    def test_every_error_is_printed_not_just_the_first(self):
        output = self.assert_error("""pipeline:
  wrokers: 4
  grace: soon
stages:
  - generate: stdin
  - parse: jsn
  - filter: status >=
  - filter: {where: 'a ==== 1'}
  - write: {to: stdout, encode: jsno}
""", 2, 3, "wrokers")
        lines = {int(line) for line in re.findall(r"sluice\.yaml:(\d+):\d+: error", output)}
        self.assertLessEqual({2, 3, 6, 7, 8, 9}, lines, output)

    def test_an_expression_error_points_into_the_expression(self):
        self.assert_error('stages:\n  - generate: stdin\n  - parse: json\n  - filter: a == 1 && b ! 2\n  - write: stdout\n',
                          4, 25, "filter: a == 1 && b ! 2")

    def test_an_expression_of_the_wrong_type_is_an_error(self):
        outcome = self.check('stages:\n  - generate: stdin\n  - parse: json\n  - filter: \'"text"\'\n  - write: stdout\n')
        self.assert_exit(outcome, 78)

    def test_an_unknown_function_gets_a_suggestion(self):
        self.assert_error('stages:\n  - generate: stdin\n  - parse: json\n  - filter: a.startWith("x")\n  - write: stdout\n',
                          4, 15, "startsWith")

    def test_a_regular_expression_that_does_not_compile(self):
        outcome = self.check("stages:\n  - generate: stdin\n  - parse: {format: regex, pattern: '(?P<a>[0-9'}\n"
                             "  - write: stdout\n")
        self.assert_exit(outcome, 78)
        self.assertRegex(outcome.stderr, r"sluice\.yaml:3:\d+: error")

    def test_a_duplicate_key(self):
        self.assert_error("pipeline:\n  queue: 4\n  queue: 8\nstages:\n  - generate: stdin\n  - write: stdout\n", 3, 3,
                          "queue")

    def test_a_wrong_type(self):
        self.assert_error("pipeline: {queue: many}\nstages:\n  - generate: stdin\n  - write: stdout\n", 1, 19, "many")

    def test_a_wrong_unit(self):
        self.assert_error("pipeline: {batch: {linger: 5 parsecs}}\nstages:\n  - generate: stdin\n  - write: stdout\n",
                          1, 28, "5 parsecs")

    def test_broken_yaml_has_a_place(self):
        outcome = self.check("stages:\n  - generate: [stdin\n  - write: stdout\n")
        self.assert_exit(outcome, 78)
        self.assertRegex(outcome.stderr, r"sluice\.yaml:\d+:\d+: error")

    def test_an_empty_file(self):
        outcome = self.check("")
        self.assert_exit(outcome, 78)
        self.assertIn("stages", outcome.stderr)

    def test_a_stage_nobody_reads(self):
        outcome = self.check("stages:\n  - generate: stdin\n  - parse: json\n  - write: {to: stdout}\n    from: generate-1\n")
        self.assert_exit(outcome, 78)
        self.assertIn("parse-2", outcome.stderr)

    def test_a_cycle(self):
        outcome = self.check("stages:\n  - generate: stdin\n  - parse: json\n    name: a\n    from: b\n"
                             "  - filter: x == 1\n    name: b\n    from: a\n  - write: stdout\n    from: generate-1\n")
        self.assert_exit(outcome, 78)
        self.assertIn("cycle", outcome.stderr)

    def test_an_unknown_from_gets_a_suggestion(self):
        self.assert_error("stages:\n  - generate: stdin\n    name: source\n  - write: stdout\n    from: sorce\n", 5, 11,
                          "did you mean `source`?")

    def test_a_pipeline_without_a_writer_or_a_generator(self):
        self.assert_exit(self.check("stages:\n  - generate: stdin\n"), 78)
        self.assert_exit(self.check("stages:\n  - parse: json\n  - write: stdout\n"), 78)

    def test_what_is_planned_is_answered_with_not_supported_yet(self):
        for stage in ("generate: kafka", "generate: journald"):
            with self.subTest(stage=stage):
                outcome = self.check("stages:\n  - %s\n  - write: stdout\n" % stage)
                self.assert_exit(outcome, 78)
                self.assertIn("not supported yet", outcome.stderr)


class Environment(SluiceTest):
    def enriched(self, value, environment):
        outcome = self.run_sluice("- generate: stdin\n- parse: json\n- enrich: {fields: {v: %s}}\n- write: stdout\n" % value,
                                  b"{}\n", environment=environment)
        self.assert_exit(outcome, 0)
        return outcome.records[0]["v"]

    def test_variables_are_substituted(self):
        self.assertEqual(self.enriched('"${SLUICE_TEST_DC}"', {"SLUICE_TEST_DC": "ber1"}), "ber1")

    def test_a_default_is_used_when_the_variable_is_not_set(self):
        self.assertEqual(self.enriched('"${SLUICE_TEST_UNSET:-none}"', {}), "none")

    def test_two_dollars_are_one(self):
        self.assertEqual(self.enriched('"$$5"', {}), "$5")

    def test_a_value_cannot_inject_structure(self):
        evil = "x, admin: true}\n- write: {to: file, path: /tmp/evil}"
        self.assertEqual(self.enriched('"${SLUICE_TEST_EVIL}"', {"SLUICE_TEST_EVIL": evil}), evil)

    def test_an_unset_variable_without_default_is_an_error_with_its_place(self):
        outcome = self.check('stages:\n  - generate: stdin\n  - enrich: {fields: {v: "${SLUICE_TEST_UNSET}"}}\n'
                             "  - write: stdout\n")
        self.assert_exit(outcome, 78)
        self.assertIn("SLUICE_TEST_UNSET", outcome.stderr)
        self.assertRegex(outcome.stderr, r"sluice\.yaml:3:\d+: error")


class Topology(SluiceTest):
    def test_one_stage_may_be_read_by_two_and_the_copies_are_counted(self):
        outcome = self.run_sluice("""
            - generate: stdin
              name: source
            - parse: json
              name: parsed
            - write: {to: file, path: all.ndjson}
            - filter: a == 1
              from: parsed
            - write: stdout
            """, b'{"a":1}\n{"a":2}\n')
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, b'{"a":1}\n')
        self.assertEqual((outcome.directory / "all.ndjson").read_bytes(), b'{"a":1}\n{"a":2}\n')
        self.assert_ledger(outcome, received=2, copied=2, written=3, filtered=1)

    def test_two_generators_may_feed_one_writer(self):
        self.write("a.log", "one\ntwo\n")
        self.write("b.log", "three\n")
        outcome = self.run_sluice("""
            - generate: {from: file, paths: ../a.log}
              name: a
            - generate: {from: file, paths: ../b.log}
              name: b
            - write: {to: stdout, encode: raw}
              from: [a, b]
            """)
        self.assert_exit(outcome, 0)
        self.assertEqual(sorted(outcome.lines), [b"one", b"three", b"two"])
        self.assert_ledger(outcome, received=3, written=3)
