"""`sluice test`: the cases under `tests:`, on the binary and on every sample."""
import json
import os
import pty
import re
import xml.etree.ElementTree

import jsonschema
import yaml

from support.sluice import BINARY, ROOT, SluiceTest

SAMPLES = sorted((ROOT / "docs" / "samples").glob("*.yaml"))
PIPELINES = SAMPLES + sorted((ROOT / "systemd").glob("*.yaml"))

STAGES = """\
stages:
- generate: stdin
- parse: json
- filter: status >= 400
- write: {to: file, path: out.ndjson}
rejects: rejects.ndjson
tests:
"""


class Loader(yaml.SafeLoader):
    """The core schema of YAML 1.2, in which `on` is a word and a time is a text."""
    yaml_implicit_resolvers = {
        first: [(tag, regex) for tag, regex in resolvers if not tag.endswith((":bool", ":timestamp"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}


Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), "tf")


class TestCommand(SluiceTest):
    def outcome(self, cases, *arguments):
        (self.directory / "t.yaml").write_text(STAGES + cases)
        return self.command("test", "t.yaml", *arguments)

    def test_every_sample_has_cases_and_all_of_them_pass(self):
        self.assertGreater(len(SAMPLES), 5)
        for sample in SAMPLES:
            with self.subTest(sample=sample.name):
                outcome = self.command("test", sample, directory=ROOT)
                self.assert_exit(outcome, 0)
                self.assertRegex(outcome.stdout.decode(), r"\n\d+ tests? passed\n\Z")

    def test_no_file_is_read_or_written(self):
        outcome = self.outcome(r'- {input: "{\"status\": 500}\nno json", output: 1, rejected: 1}')
        self.assert_exit(outcome, 0)
        self.assertEqual(sorted(path.name for path in self.directory.iterdir() if "ndjson" in path.name), [])

    def test_a_failing_case_shows_what_differs(self):
        outcome = self.outcome("- {name: ends, input: '{\"status\": 500}', output: [{status: 501}]}\n")
        self.assert_exit(outcome, 1)
        self.assertEqual(outcome.stdout.decode(), """\
FAIL  ends  t.yaml:8:3
  write-4, number 1: is not as expected
    - {"status":501}
    + {"status":500}
      status: expected 501, found 500

1 of 1 test failed
""")

    def test_the_outcome_is_the_same_every_time(self):
        cases = r'- {input: "{\"status\": 500}\nx\ny\n{\"status\": 600}", output: 0, rejected: 0, filtered: 9}'
        said = {self.outcome(cases, "--workers", str(workers)).stdout for workers in (1, 2, 8)}
        self.assertEqual(len(said), 1, said)

    def test_colours_are_for_terminals_only(self):
        cases = "- {input: '{\"status\": 500}', output: [{status: 501}]}\n"
        self.assertNotIn(b"\x1b", self.outcome(cases).stdout)
        pid, master = pty.fork()
        if pid == 0:
            os.chdir(self.directory)
            os.environ.pop("NO_COLOR", None)
            os.execv(str(BINARY), [str(BINARY), "test", "t.yaml"])
        shown = b""
        while True:
            try:
                more = os.read(master, 65536)
            except OSError:  # EIO: the other end is closed
                break
            if not more:
                break
            shown += more
        os.close(master)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 1)
        self.assertIn(b'\x1b[7m"status":501\x1b[27m', shown)

    def test_build_servers_can_read_the_report(self):
        outcome = self.outcome("- {name: \"<&> \\u0001\", input: x, rejected: 1}\n- {input: x, output: 1}\n",
                               "--junit", "results.xml")
        self.assert_exit(outcome, 1)
        suites = xml.etree.ElementTree.parse(self.directory / "results.xml").getroot()
        self.assertEqual((suites.get("tests"), suites.get("failures")), ("2", "1"))
        good, bad = suites.iter("testcase")
        self.assertEqual(good.get("name"), "<&> ?")
        self.assertEqual((bad.get("name"), bad.get("file"), bad.get("line")), ("test 2", "t.yaml", "9"))
        self.assertIn("expected 1 record", bad.find("failure").text)

    def test_a_wrong_case_has_a_place_and_a_hint(self):
        for command in ("test", "check"):
            with self.subTest(command=command):
                (self.directory / "t.yaml").write_text(
                    STAGES + "- {input: x, ouput: 1}\n- {input: x, output: [{where: a ==}]}\n")
                outcome = self.command(command, "t.yaml")
                self.assert_exit(outcome, 78)
                self.assertIn("t.yaml:8:14", outcome.stderr)
                self.assertIn("did you mean `output`?", outcome.stderr)
                self.assertIn("t.yaml:9:", outcome.stderr)

    def test_the_configuration_may_come_from_stdin(self):
        text = STAGES + "- {input: x, rejected: 1}\n- {input: x, rejected: [invalid_json], environment: {A: b}}\n"
        outcome = self.command("test", "-", input=text.encode())
        self.assert_exit(outcome, 0)
        self.assertIn(b"2 tests passed", outcome.stdout)


class Schema(SluiceTest):
    def test_the_one_in_docs_is_up_to_date(self):
        outcome = self.command("schema")
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout.decode(), (ROOT / "docs" / "sluice.schema.json").read_text(),
                         "run: build/dev/sluice schema > docs/sluice.schema.json")

    def test_the_samples_name_it_and_are_as_it_says(self):
        schema = json.loads((ROOT / "docs" / "sluice.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        for pipeline in PIPELINES:
            with self.subTest(pipeline=pipeline.name):
                text = pipeline.read_text()
                where = text.splitlines()[0].partition("# yaml-language-server: $schema=")[2]
                if where != "/usr/share/sluice/sluice.schema.json":
                    self.assertTrue((pipeline.parent / where).samefile(ROOT / "docs" / "sluice.schema.json"), where)
                for error in validator.iter_errors(yaml.load(text, Loader)):
                    self.fail("%s: %s" % (error.json_path, error.message))

    def test_it_refuses_what_the_command_refuses(self):
        validator = jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "sluice.schema.json").read_text()))
        for cases in ["- {input: x, ouput: 1}", "- {input: x}", "- {output: 1}", "- {input: [{wiat: 1s}], output: 1}"]:
            with self.subTest(cases=cases):
                self.assert_exit(self.outcome(cases), 78)
                self.assertFalse(validator.is_valid(yaml.load(STAGES + cases, Loader)))

    def outcome(self, cases):
        (self.directory / "t.yaml").write_text(STAGES + cases + "\n")
        return self.command("test", "t.yaml")
