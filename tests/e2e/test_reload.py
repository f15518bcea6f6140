"""SIGHUP puts another configuration in the place of the one that runs: all or nothing, no line lost or read twice."""
import itertools
import json
import os
import re
import select
import signal

from support.sluice import Running, SluiceTest, term

STAMPED = """
- generate: stdin
- parse: json
- enrich: {fields: {reload: %d}}
- write: {to: file, path: out.ndjson}
"""
FOLLOWED = """
- generate: {from: file, paths: 'logs/*.log', follow: true, state: state%s}
- parse: json
- enrich: {fields: {reload: %d}}
- write: {to: file, path: out.ndjson}
"""
RAW = "- generate: stdin\n- write: {to: stdout, encode: raw}"
ANSWER = re.compile(r"^\S+ (?:info reloaded: |error reload failed)", re.M)


def numbered(first, count):
    return b"".join(b'{"n":%d}\n' % n for n in range(first, first + count))


class Numbers:
    """Endless numbered lines, and how many of them were made."""

    def __init__(self):
        self.made, self._stop = 0, False

    def chunks(self):
        while not self._stop:
            self.made += 100
            yield numbered(self.made - 100, 100)

    def stop(self):
        self._stop = True


class Reload(SluiceTest):
    def answers(self, running):
        """How many reloads have come to an end; a good one has a line for each change, here there is one."""
        return len(ANSWER.findall(running.stderr))

    def reload(self, running, stages, pipeline="", more=""):
        """What the log says of it."""
        before, known = self.answers(running), len(running.stderr)
        text = self.configuration(stages, pipeline) if stages else "nonsense: 1\n"
        (running.directory / "sluice.yaml").write_text(text + more)
        running.signal(signal.SIGHUP)
        running.until(lambda: self.answers(running) > before, "the end of a reload", 20)
        return running.stderr[known:]

    def output(self, running, name="out.ndjson"):
        """The records of all lines that are there in full."""
        path = running.directory / name
        return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]] if path.exists() else []

    def begin(self, stages, pipeline="batch: {linger: 0ms}", **more):
        """A run on a pipe that takes lines already; the pipe's other end."""
        reader, writer = os.pipe()
        running = self.start(stages, stdin=reader, pipeline=pipeline, **more)
        os.close(reader)
        running.until(lambda: (running.directory / "out.ndjson").exists(), "the output's file")
        return running, writer

    def test_a_pipe_is_read_on_without_a_gap(self):
        running, writer = self.begin(STAMPED % 0)
        numbers = Numbers()
        feeder = self.feed(writer, numbers.chunks())
        for number in range(1, 31):
            log = self.reload(running, None if number % 5 == 0 else STAMPED % number, "batch: {linger: 0ms}")
            if number % 5 == 0:
                running.until_stderr("unknown key `nonsense`")
            else:
                self.assertIn("info reloaded: enrich-3: changed (fields)\n", log)
        numbers.stop()
        feeder.join()
        outcome = running.wait()
        self.assert_exit(outcome, 0)
        records = self.output(running)
        self.assertEqual([record["n"] for record in records], list(range(numbers.made)))
        stamps = [stamp for stamp, _ in itertools.groupby(record["reload"] for record in records)]
        self.assertEqual(stamps, sorted(stamps))
        self.assertGreater(len(stamps), 1)
        self.assert_ledger(outcome, received=numbers.made, written=numbers.made, cause="eof")

    def follow(self):
        """A run on files of numbered lines, and a function that appends."""
        running = self.start(FOLLOWED % ("", 0), pipeline="checkpoint: 20ms")
        logs = running.directory / "logs"
        logs.mkdir()
        running.until(lambda: (running.directory / "out.ndjson").exists(), "the output's file")
        count = 0

        def append(lines=50):
            nonlocal count
            with open(logs / ("%d.log" % (count % 3)), "ab") as log:
                log.write(numbered(count, lines))
            count += lines
            return count
        return running, append

    def finish_following(self, running, count):
        running.until(lambda: len(self.output(running)) >= count, "all lines", 20)
        term(running)
        outcome = running.wait()
        self.assert_exit(outcome, 0)
        self.assertEqual(sorted(record["n"] for record in self.output(running)), list(range(count)))
        return outcome

    def test_files_are_followed_on(self):
        running, append = self.follow()
        for number in range(1, 21):
            append()
            self.reload(running, FOLLOWED % ("", number), "checkpoint: 20ms")
        outcome = self.finish_following(running, append())
        self.assert_ledger(outcome, received=21 * 50)

    def test_a_generator_with_other_settings_goes_on_where_the_one_before_stopped(self):
        running, append = self.follow()
        for number in range(1, 21):
            append()
            log = self.reload(running, FOLLOWED % (", exclude: '*.%d'" % number, 0), "checkpoint: 20ms")
            self.assertIn("reloaded: generate-1: changed (exclude)", log)
        self.finish_following(running, append())

    def test_other_workers_queues_and_batches(self):
        running, append = self.follow()
        for number in range(1, 9):
            append()
            log = self.reload(running, FOLLOWED % ("", 0), "checkpoint: 20ms, workers: %d, queue: %d, batch: {size: %dKiB}"
                              % (1 + number % 3, 2 + number, 16 + number))
            self.assertIn("pipeline.queue: changed", log)
        self.finish_following(running, append())

    def test_a_kill_after_a_reload_goes_back_to_the_last_checkpoint(self):
        running, append = self.follow()
        for number in range(1, 6):
            append()
            self.reload(running, FOLLOWED % (", exclude: '*.%d'" % (number // 2), number), "checkpoint: 20ms")
            count = append()
        running.kill()
        again = self.command("run", "sluice.yaml", "--set", "stages.generate-1.follow=false", directory=running.directory)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(sorted(record["n"] for record in self.output(running)), list(range(count)))

    def test_half_a_line_goes_to_the_generator_with_other_settings(self):
        running, writer = self.begin(STAMPED % 0)
        os.write(writer, b'{"n":0}\n{"n"')
        running.until(lambda: len(self.output(running)) == 1, "the first line")
        other = STAMPED.replace("stdin", "{from: stdin, keep_blank: true}") % 0
        self.assertIn("generate-1: changed (keep_blank)", self.reload(running, other, "batch: {linger: 0ms}"))
        os.write(writer, b':1}\n')
        os.close(writer)
        self.assert_exit(running.wait(), 0)
        self.assertEqual([record["n"] for record in self.output(running)], [0, 1])

    def test_what_cannot_be_brought_up_leaves_the_old_one_in_place(self):
        running, writer = self.begin(STAMPED % 0)
        numbers = Numbers()
        feeder = self.feed(writer, numbers.chunks())
        for _ in range(5):
            log = self.reload(running, (STAMPED % 1).replace("out.ndjson", "/nowhere/out.ndjson"), "batch: {linger: 0ms}")
            self.assertIn("error reload failed, the old configuration goes on:", log)
        running.until_stderr("/nowhere")
        numbers.stop()
        feeder.join()
        outcome = running.wait()
        self.assert_exit(outcome, 0)
        self.assertEqual([record["n"] for record in self.output(running)], list(range(numbers.made)))
        self.assertEqual({record["reload"] for record in self.output(running)}, {0})
        self.assert_ledger(outcome, received=numbers.made, written=numbers.made)

    def test_what_cannot_be_written_within_grace_is_waited_for_by_the_old_one(self):
        reader, output = os.pipe()
        source, writer = os.pipe()
        running = self.start(RAW, stdin=source, stdout=output,
                             pipeline="grace: 200ms, batch: {linger: 0ms}")
        os.close(source), os.close(output)
        text = b"".join(b"%d\n" % n for n in range(200_000))
        self.feed(writer, [text])
        running.until(lambda: select.select([reader], [], [], 0)[0], "output")
        self.reload_when_clogged(running)
        running.until_stderr("did not reach its end within 200ms")
        got = b""
        while chunk := os.read(reader, 1 << 20):
            got += chunk
        os.close(reader)
        self.assert_exit(running.wait(), 0)
        self.assertEqual(got, text)

    def reload_when_clogged(self, running):
        """A reload may come before the pipe is full, and then it succeeds."""
        while True:
            log = self.reload(running, RAW, "grace: 200ms, batch: {linger: 0ms}")
            if "failed" in log:
                return

    def test_a_stop_in_the_middle_of_a_reload_stops(self):
        for number in range(1, 9):
            running, writer = self.begin(STAMPED % 0)
            numbers = Numbers()
            feeder = self.feed(writer, numbers.chunks())
            running.until(lambda: len(self.output(running)) > 100, "output")
            (running.directory / "sluice.yaml").write_text(self.configuration(STAMPED % number))
            running.signal(signal.SIGHUP)
            term(running)
            outcome = running.wait()
            numbers.stop()
            feeder.join()
            self.assert_exit(outcome, 0)
            written = [record["n"] for record in self.output(running)]
            self.assertEqual(written, list(range(len(written))))
            self.assert_ledger(outcome, written=len(written), abandoned=0, cause="signal: SIGTERM")

    def test_records_that_are_held_back_are_held_back_on(self):
        stages = """
        - generate: stdin
        - parse: cri
        - enrich: {fields: {reload: %d}}
        - write: {to: file, path: out.ndjson}
        """
        running, writer = self.begin(stages % 0)
        os.write(writer, b"2026-11-25T08:00:00Z stdout F whole\n2026-11-25T08:00:01Z stdout P first, \n")
        running.until(lambda: len(self.output(running)) == 1, "the first line")
        self.reload(running, stages % 1, "batch: {linger: 0ms}")
        os.write(writer, b"2026-11-25T08:00:02Z stdout F second\n")
        os.close(writer)
        outcome = running.wait()
        self.assert_exit(outcome, 0)
        self.assertEqual([(record["message"], record["reload"]) for record in self.output(running)],
                         [("whole", 0), ("first, second", 1)])
        self.assert_ledger(outcome, received=3, written=2)

    def test_stages_come_and_go(self):
        running, writer = self.begin(STAMPED % 0)
        os.write(writer, numbered(0, 10))
        running.until(lambda: len(self.output(running)) == 10, "ten lines")
        self.reload(running, """
        - generate: stdin
        - parse: json
        - filter: n % 2 == 0
        - write: {to: file, path: out.ndjson}
        """, "batch: {linger: 0ms}")
        running.until_stderr("info reloaded: enrich-3: removed\n")
        running.until_stderr("info reloaded: filter-3: added\n")
        os.write(writer, numbered(10, 10))
        os.close(writer)
        outcome = running.wait()
        self.assert_ledger(outcome, received=20, written=15, filtered=5)
        counts = {stage["name"]: stage["in"] for stage in outcome.ledger["stages"]}
        self.assertEqual(counts, {"generate-1": 20, "parse-2": 20, "filter-3": 10, "write-4": 15, "enrich-3": 10})

    def test_files_that_a_configuration_names_are_read_again_and_outputs_opened_again(self):
        stages = """
        - generate: stdin
        - parse: json
        - enrich: {lookup: {file: ../owners.csv, on: n, add: [owner]}}
        - write: {to: file, path: out.ndjson}
        """
        self.write("owners.csv", "n,owner\n1,ann\n")
        running, writer = self.begin(stages)
        os.write(writer, b'{"n":"1"}\n')
        running.until(lambda: self.output(running), "the first line")
        os.rename(running.directory / "out.ndjson", running.directory / "out.ndjson.1")
        self.write("owners.csv", "n,owner\n1,ben\n")
        self.assertIn("the configuration is the same", self.reload(running, stages, "batch: {linger: 0ms}"))
        os.write(writer, b'{"n":"1"}\n')
        os.close(writer)
        self.assert_exit(running.wait(), 0)
        self.assertEqual([record["owner"] for record in self.output(running, "out.ndjson.1")], ["ann"])
        self.assertEqual([record["owner"] for record in self.output(running)], ["ben"])

    def test_the_state_does_not_move_while_positions_are_kept(self):
        running, append = self.follow()
        append()
        log = self.reload(running, (FOLLOWED % ("", 1)).replace("state: state", "state: elsewhere"), "checkpoint: 20ms")
        self.assertIn("failed", log)
        running.until_stderr("restart sluice for that")
        self.finish_following(running, append())

    def test_a_configuration_from_stdin_cannot_be_read_again(self):
        text = self.configuration("- generate: {from: demo, rate: 100/s}\n- write: {to: file, path: out.ndjson}")
        directory = self.directory
        source = self.write("configuration", text)
        with open(source, "rb") as file:
            running = Running(directory, ["run", "-"], file, None, dict(os.environ))
        self.addCleanup(running.kill)
        running.until(lambda: (directory / "out.ndjson").exists(), "the output's file")
        running.signal(signal.SIGHUP)
        running.until_stderr("was read from stdin and cannot be read again")
        term(running)
        self.assert_exit(running.wait(), 0)
