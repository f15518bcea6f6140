"""The command line: every command answers, every exit code is the contract's."""
import json
import os
import re

from support.sluice import SluiceTest

GOOD = """
stages:
  - generate: stdin
  - parse: json
  - filter: status >= 500
  - enrich: {fields: {dc: fra1}}
  - write: stdout
"""
THROUGH = """
- generate: stdin
- parse: json
- write: stdout
"""
COMMANDS = ("run", "check", "explain", "schema", "stages")


class Help(SluiceTest):
    def test_help_lists_the_commands(self):
        outcome = self.command("--help")
        self.assert_exit(outcome, 0)
        for command in COMMANDS:
            self.assertIn(command, outcome.stdout.decode())
        self.assertEqual(outcome.stderr, "")

    def test_every_command_has_help(self):
        for command in COMMANDS:
            with self.subTest(command=command):
                outcome = self.command(command, "--help")
                self.assert_exit(outcome, 0)
                self.assertGreater(len(outcome.stdout), 50)

    def test_help_of_run_names_its_options(self):
        text = self.command("run", "--help").stdout.decode()
        for option in ("--ledger", "--workers", "--grace", "--set", "--log-level", "--log-format"):
            self.assertIn(option, text)

    def test_version(self):
        outcome = self.command("--version")
        self.assert_exit(outcome, 0)
        self.assertRegex(outcome.stdout.decode(), r"\A(sluice )?\d+\.\d+\.\d+")


class WrongUsage(SluiceTest):
    def test_wrong_usage_exits_64_and_says_what_to_do(self):
        self.assert_wrong_usage(
            ("rum", "x.yaml"), ("run",), ("run", "x.yaml", "--worker", "4"), ("--nonsense",),
            ("run", "x.yaml", "--log-level", "loud"), ("run", "x.yaml", "--log-format", "xml"),
            ("check",), ("run", "x.yaml", "b.yaml"), ("stages", "nonsense"), ())

    def test_wrong_values_of_options_are_wrong_usage(self):
        self.assert_wrong_usage(("run", "x.yaml", "--workers", "many"), ("run", "x.yaml", "--workers", "0"),
                                ("run", "x.yaml", "--grace", "soon"))

    def assert_wrong_usage(self, *cases):
        self.write("x.yaml", GOOD)
        for arguments in cases:
            with self.subTest(arguments=arguments):
                outcome = self.command(*arguments)
                self.assert_exit(outcome, 64)
                self.assertTrue(outcome.stderr.strip())
                self.assertEqual(outcome.stdout, b"")

    def test_a_configuration_that_is_not_there_exits_78_and_names_it(self):
        for command in ("run", "check", "explain"):
            with self.subTest(command=command):
                outcome = self.command(command, "/nowhere/sluice.yaml")
                self.assert_exit(outcome, 78)
                self.assertIn("/nowhere/sluice.yaml", outcome.stderr)

    def test_a_wrong_configuration_exits_78_before_anything_is_read(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        running = self.start("- generate: stdin\n- parse: jsn\n- write: stdout\n", stdin=reader)
        os.close(reader)
        outcome = running.wait(10)
        self.assert_exit(outcome, 78)
        self.assertIn("json", outcome.stderr)
        self.assertEqual(outcome.stdout, b"")


class RunOptions(SluiceTest):
    def test_set_overrides_one_key(self):
        outcome = self.run_sluice(THROUGH, b'{"a":"%s"}\n{"a":1}\n' % (b"x" * 100), "--set", "pipeline.max_line=50")
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, b'{"a":1}\n')

    def test_set_overrides_a_stage_by_name(self):
        outcome = self.run_sluice("- generate: stdin\n- parse: json\n- filter: {where: a == 1}\n- write: stdout\n",
                                  b'{"a":1}\n{"a":2}\n', "--set", "stages.filter-3.where=a == 2")
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, b'{"a":2}\n')

    def test_set_of_an_unknown_key_exits_78_with_a_suggestion(self):
        outcome = self.run_sluice(THROUGH, b"", "--set", "pipeline.wrokers=4")
        self.assert_exit(outcome, 78)
        self.assertIn("workers", outcome.stderr)
        self.assertIn("--set", outcome.stderr)

    def test_set_without_a_value_is_wrong_usage(self):
        self.assertIn(self.run_sluice(THROUGH, b"", "--set", "pipeline.workers").returncode, (64, 78))

    def test_workers_and_grace_are_taken(self):
        outcome = self.run_sluice(THROUGH, b'{"a":1}\n', "--workers", "1", "--grace", "1m")
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, b'{"a":1}\n')

    def test_the_ledger_has_the_documented_keys(self):
        outcome = self.run_sluice(THROUGH, b'{"a":1}\nbroken\n\n')
        self.assertLessEqual({"balanced", "cause", "received", "written", "filtered", "rejected", "abandoned",
                              "in_flight", "elapsed_s", "bytes_in", "bytes_out", "stages"}, set(outcome.ledger))
        for stage in outcome.ledger["stages"]:
            self.assertLessEqual({"name", "kind", "in", "out", "filtered", "rejected", "errors", "busy_s"}, set(stage))
        self.assert_ledger(outcome, received=3, written=1, filtered=1, rejected=1, bytes_in=16, bytes_out=8)

    def test_a_ledger_that_cannot_be_written_is_reported(self):
        outcome = self.run_sluice(THROUGH, b'{"a":1}\n', "--ledger", "/nowhere/ledger.json")
        self.assertNotEqual(outcome.returncode, 0)
        self.assertIn("/nowhere/ledger.json", outcome.stderr)

    def test_data_goes_to_stdout_and_nothing_else_does(self):
        outcome = self.run_sluice(THROUGH, b'{"a":1}\nbroken\n', "--log-level", "debug", rejects="stderr")
        self.assertEqual(outcome.stdout, b'{"a":1}\n')

    def test_the_log_can_be_json(self):
        outcome = self.run_sluice(THROUGH, b'{"a":1}\n', "--log-format", "json", "--log-level", "debug")
        lines = outcome.stderr.splitlines()
        self.assertTrue(lines, "nothing was logged at debug level")
        for line in lines:
            self.assertIn("level", json.loads(line))

    def test_missing_fields_are_counted_by_reason_and_filter_the_record(self):
        outcome = self.run_sluice("- generate: stdin\n- parse: json\n- filter: status >= 500\n- write: stdout\n",
                                  b'{"status":500}\n{"other":1}\n{"status":"x"}\n')
        self.assertEqual(outcome.stdout, b'{"status":500}\n')
        errors = outcome.ledger["stages"][2]["errors"]
        self.assertEqual(sum(errors.values()), 2, errors)
        self.assertEqual(errors.get("no_such_field"), 1, errors)


class Explain(SluiceTest):
    def explain(self, *lines, input=None):
        path = self.write("sluice.yaml", GOOD)
        outcome = self.command("explain", path, *lines, input=input)
        self.assert_exit(outcome, 0)
        return outcome.stdout.decode()

    def test_a_line_that_is_kept_shows_every_stage_and_the_result(self):
        text = self.explain('{"status":503,"path":"/a"}')
        for stage in ("generate-1", "parse-2", "filter-3", "enrich-4", "write-5"):
            self.assertIn(stage, text)
        self.assertIn("fra1", text)
        self.assertRegex(text, "written|kept")

    def test_a_line_that_is_filtered_shows_where(self):
        text = self.explain('{"status":200}')
        self.assertIn("filter-3", text)
        self.assertIn("filtered", text)
        self.assertRegex(text, "status.*>= 500")

    def test_a_line_that_is_rejected_shows_the_reason(self):
        text = self.explain("broken")
        self.assertIn("parse-2", text)
        self.assertIn("rejected", text)

    def test_a_missing_field_is_explained(self):
        self.assertIn("status", self.explain('{"other":1}'))

    def test_lines_come_from_stdin_when_none_is_given(self):
        text = self.explain(input=b'{"status":503}\nbroken\n{"status":200}\n')
        for word in ("rejected", "filtered", "fra1"):
            self.assertIn(word, text)


class Reference(SluiceTest):
    def test_schema_is_json_schema(self):
        outcome = self.command("schema")
        self.assert_exit(outcome, 0)
        schema = json.loads(outcome.stdout)
        self.assertIn("json-schema.org", schema["$schema"])
        self.assertLessEqual({"stages", "pipeline", "rejects"}, set(schema["properties"]))
        text = json.dumps(schema)
        for name in ("combined", "logfmt", "linger", "keep_raw", "rename", "compute"):
            self.assertIn(name, text)

    def test_references_inside_the_schema_resolve(self):
        schema = json.loads(self.command("schema").stdout)
        for reference in set(re.findall(r'"\$ref": ?"([^"]+)"', json.dumps(schema))):
            target = schema
            for part in reference.lstrip("#/").split("/"):
                self.assertIn(part, target, reference)
                target = target[part]

    def test_stages_lists_every_kind_and_variant(self):
        outcome = self.command("stages")
        self.assert_exit(outcome, 0)
        text = outcome.stdout.decode()
        for name in ("generate", "parse", "filter", "enrich", "write", "stdin", "file", "demo", "json", "logfmt",
                     "combined", "common", "regex", "stdout", "null"):
            self.assertRegex(text, r"\b%s\b" % name)

    def test_stages_of_one_name_tells_its_options(self):
        text = self.command("stages", "parse").stdout.decode()
        for option in ("field", "into", "keep_raw", "types", "time", "on_error"):
            self.assertIn(option, text)

    def test_an_unknown_stage_gets_a_suggestion(self):
        self.assertIn("parse", self.command("stages", "prase").stderr)
