"""Files in, files out, made-up input, and the ways to write a record."""
import json
import time

from support.sluice import PATIENCE, SluiceTest, term


class FileGenerator(SluiceTest):
    def test_globs_are_read_in_the_order_of_their_names(self):
        for name in ("b.log", "a.log", "c.txt", "d.log.1"):
            self.write(name, "of %s\n" % name)
        outcome = self.run_sluice("- generate: {from: file, paths: '../*.log'}\n- write: {to: stdout, encode: raw}\n")
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.lines, [b"of a.log", b"of b.log"])

    def test_what_is_excluded_is_not_read(self):
        for name in ("a.log", "b.log"):
            self.write(name, "of %s\n" % name)
        outcome = self.run_sluice("- generate: {from: file, paths: ['../*.log'], exclude: ['b.*']}\n"
                                  "- write: {to: stdout, encode: raw}\n")
        self.assertEqual(outcome.lines, [b"of a.log"])

    def test_a_last_line_without_newline_does_not_run_into_the_next_file(self):
        self.write("a.log", "one\ntwo")
        self.write("b.log", "three\n")
        outcome = self.run_sluice("- generate: {from: file, paths: '../*.log'}\n- write: {to: stdout, encode: raw}\n")
        self.assertEqual(outcome.lines, [b"one", b"two", b"three"])
        self.assert_ledger(outcome, received=3, written=3, cause="eof")

    def test_the_short_form_reads_a_path(self):
        self.write("a.log", "one\n")
        outcome = self.run_sluice("- generate: {file: ../a.log}\n- write: {to: stdout, encode: raw}\n")
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, b"one\n")

    def test_a_large_file_gives_what_stdin_gives(self):
        source = self.workload("json", 20000)
        stages = "- parse: json\n- filter: status >= 400\n- write: stdout\n"
        by_file = self.run_sluice("- generate: {from: file, paths: %s}\n" % source + stages, pipeline="workers: 4")
        by_stdin = self.run_sluice("- generate: stdin\n" + stages, source, pipeline="workers: 4")
        self.assert_exit(by_file, 0)
        self.assertEqual(by_file.stdout, by_stdin.stdout)


class FileWriter(SluiceTest):
    def test_file_to_file(self):
        self.write("in.ndjson", '{"a":1}\n{"a":2}\n')
        outcome = self.run_sluice("- generate: {from: file, paths: ../in.ndjson}\n- parse: json\n"
                                  "- write: {to: file, path: ../out.ndjson}\n")
        self.assert_exit(outcome, 0)
        self.assertEqual((self.directory / "out.ndjson").read_text(), '{"a":1}\n{"a":2}\n')
        self.assert_ledger(outcome, bytes_out=16)

    def test_an_existing_file_is_appended_to(self):
        self.write("out.ndjson", '{"a":0}\n')
        outcome = self.run_sluice("- generate: stdin\n- parse: json\n- write: {to: file, path: ../out.ndjson}\n",
                                  b'{"a":1}\n')
        self.assert_exit(outcome, 0)
        self.assertEqual((self.directory / "out.ndjson").read_text(), '{"a":0}\n{"a":1}\n')

    def test_null_counts_what_it_throws_away(self):
        outcome = self.run_sluice("- generate: stdin\n- parse: json\n- write: 'null'\n", b'{"a":1}\n{"a":2}\n')
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, b"")
        self.assert_ledger(outcome, received=2, written=2)


class Demo(SluiceTest):
    def test_a_count_ends_the_run(self):
        outcome = self.run_sluice("- generate: {from: demo, count: 1000}\n- write: {to: stdout, encode: raw}\n")
        self.assert_exit(outcome, 0)
        self.assertEqual(len(outcome.lines), 1000)
        self.assert_ledger(outcome, received=1000, written=1000, cause="eof")

    def test_a_seed_gives_the_same_records_again(self):
        stages = "- generate: {from: demo, count: 100, seed: 5}\n- write: {to: stdout, encode: raw}\n"

        def shapes(outcome):  # times may be those of the clock
            return [sorted(json.loads(line)) if line.startswith(b"{") else len(line.split()) for line in outcome.lines]
        self.assertEqual(shapes(self.run_sluice(stages)), shapes(self.run_sluice(stages)))

    def test_a_rate_is_kept(self):
        began = time.monotonic()
        outcome = self.run_sluice("- generate: {from: demo, rate: 100/s, count: 100}\n- write: 'null'\n")
        took = time.monotonic() - began
        self.assert_exit(outcome, 0)
        self.assertGreater(took, 0.5)
        self.assertLess(took, 1.5 + 2 * PATIENCE)

    def test_an_endless_demo_stops_on_sigterm(self):
        running = self.start("- generate: {from: demo, rate: 200/s}\n- write: {to: stdout, encode: raw}\n",
                             pipeline="batch: {linger: 5ms}")
        running.until(lambda: running.stdout.count(b"\n") > 20, "20 records")
        term(running)
        outcome = running.wait(10)
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout.count(b"\n"), outcome.ledger["written"])


class Formats(SluiceTest):
    def test_logfmt_in_json_out(self):
        outcome = self.run_sluice("- generate: stdin\n- parse: logfmt\n- write: stdout\n",
                                  b'level=info msg="hello \\"you\\"" dur=5ms n=7\n')
        self.assert_exit(outcome, 0)
        record, = outcome.records
        self.assertEqual((record["level"], record["msg"], record["dur"]), ("info", 'hello "you"', "5ms"))

    def test_json_in_logfmt_out_and_back(self):
        text = b'{"level":"info","msg":"two words","path":"/a=b","n":7}\n'
        outcome = self.run_sluice("- generate: stdin\n- parse: json\n- write: {to: stdout, encode: logfmt}\n", text)
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout.count(b"\n"), 1)
        back = self.run_sluice("- generate: stdin\n- parse: logfmt\n- write: stdout\n", outcome.stdout)
        record, = back.records
        self.assertEqual({key: str(value) for key, value in record.items()},
                         {"level": "info", "msg": "two words", "path": "/a=b", "n": "7"})

    def test_regular_expressions_give_their_groups_and_types(self):
        outcome = self.run_sluice(r"""
            - generate: stdin
            - parse:
                format: regex
                pattern: '^(?P<level>[A-Z]+) (?P<code>\d+) (?P<text>.*)$'
                types: {code: int}
            - write: stdout
            """, b"WARN 404 not found\nno match\n")
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.records, [{"level": "WARN", "code": 404, "text": "not found"}])
        self.assertEqual([reject["raw"] for reject in outcome.rejects], ["no match"])

    def test_common_log_format(self):
        outcome = self.run_sluice("- generate: stdin\n- parse: common\n- write: stdout\n",
                                  b'192.0.2.1 - ana [24/Nov/2026:09:00:00 +0000] "GET /a HTTP/1.1" 200 12\n')
        self.assert_exit(outcome, 0)
        record, = outcome.records
        for value in ("192.0.2.1", "ana", "GET", "/a", 200, 12):
            self.assertIn(value, list(record.values()))

    def test_a_template_writes_text(self):
        outcome = self.run_sluice(
            "- generate: stdin\n- parse: json\n- write: {to: stdout, encode: template, template: '{level}: {msg}'}\n",
            b'{"level":"info","msg":"hello"}\n')
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, b"info: hello\n")
