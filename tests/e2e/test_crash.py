"""Killed at random moments and started again, while the logs that it follows are rotated: nothing lost, nothing twice.

SLUICE_SEED=N repeats the choices of a run that failed (not its timing). SLUICE_KILLS=N says how often to kill.
"""
import os
import random
import shutil
import signal
import threading
import time

from support import numbered
from support.crashing import Pipeline, seed_for_this_run
from support.numbered import Harvest, Log, State, some
from support.sluice import SMALL, SluiceTest, until

KILLS = int(os.environ.get("SLUICE_KILLS") or (20 if SMALL else 200))
FEW_KILLS = max(KILLS // 5, 4)  # for the variants of the test

PIPELINE = "pipeline: {checkpoint: 20ms, workers: 2, batch: {size: 4KiB, linger: 5ms}}\n"
REJECTS = "rejects: out/rejects.ndjson\n"
FOLLOW = "{from: file, paths: 'logs/%s', follow: true, state: state%s}"
PARSE_TEXT = r"""{format: regex, pattern: '^(?P<id>file-\d+ line (?P<line>\d+))', types: {line: int}}"""
ENRICH = "{fields: {dc: fra1}, compute: {twice: line * 2}}"
WRITE = "{to: file, path: out/all.ndjson, rotate: {size: 64KiB}%s}"


def simple(pattern, parse=PARSE_TEXT, enrich=ENRICH, follow="", write=""):
    return PIPELINE + "stages:\n  - generate: %s\n  - parse: %s\n  - enrich: %s\n  - write: %s\n" % (
        FOLLOW % (pattern, follow), parse, enrich, WRITE % write) + REJECTS


class Writer(threading.Thread):
    """The application: appends to its logs and rotates them, until it is stopped. An error in it fails the test."""

    def __init__(self, logs, rotate, seed):
        super().__init__(daemon=True)
        self.logs, self.rotate, self.random = logs, rotate, random.Random(seed)
        self._ending, self.error = threading.Event(), None
        self.due = {}  # logs that are to be rotated as soon as that is safe; nothing is written to them meanwhile
        self.start()

    def run(self):
        try:
            while not self._ending.wait(0.002):
                self.turn()
        except BaseException as error:  # told by stop()
            self.error = error

    def turn(self):
        log = self.random.choice(self.logs)
        if log.file not in self.due and self.random.random() < 0.02:
            self.due[log.file] = True
        if log.file in self.due:
            if self.rotate(log):
                del self.due[log.file]
            return
        tear = (lambda: self._ending.wait(0.003)) if self.random.random() < 0.05 else None
        log.append(self.random.randint(1, 12), tear)

    def stop(self):
        self._ending.set()
        self.join()
        if self.error is not None:
            raise self.error


class Crash(SluiceTest):
    def setUp(self):
        super().setUp()
        self.seed = seed_for_this_run()
        self.random = random.Random(self.seed)
        for name in ("logs", "out"):
            (self.directory / name).mkdir()
        self.state = State(self.directory / "state")
        self.outputs = [self.directory / "out" / "all.ndjson", self.directory / "out" / "rejects.ndjson"]
        self.check_line = self.check_enriched
        self.addCleanup(self.keep_evidence)

    def keep_evidence(self):
        """SLUICE_KEEP=DIR: what a failed test leaves is copied there."""
        where = os.environ.get("SLUICE_KEEP")
        result = self._outcome.result
        failed = [test for test, _ in getattr(result, "failures", []) + getattr(result, "errors", [])]
        if where and any(self in (test, getattr(test, "test_case", None)) for test in failed):
            shutil.copytree(self.directory, where, dirs_exist_ok=True)

    @staticmethod
    def check_enriched(record):
        if "raw" in record:
            assert record["raw"].startswith("broken ") and record["stage"].startswith("parse-"), record
            return
        assert record["dc"] == "fra1", record
        if "twice" in record:
            assert record["twice"] == 2 * int(record["id"].split()[-1]), record

    # How rotation may happen.

    def rename_any_time(self, log):
        log.rotate_by_renaming()
        log.remove_oldest(3, self.is_read)
        return True

    def rename_when_seen(self, log):
        """A file that nobody ever saw under a name that matches cannot be found under another."""
        inode, size = log.identity()
        return size == 0 or (self.state.has_read_of(log.path, inode) and self.rename_any_time(log))

    def copy_any_time(self, log):
        log.rotate_by_copying()
        log.remove_oldest(3, self.is_read)
        return True

    def copy_when_read(self, log):
        """For patterns that do not match the copy."""
        inode, size = log.identity()
        return size == 0 or (self.is_read(inode, size) and self.copy_any_time(log))

    def copy_while_writing(self, log):
        log.rotate_by_copying(lines_between=5)
        log.remove_oldest(3, self.is_read)
        return True

    def is_read(self, inode, size):
        return self.state.offsets().get(inode) == size

    @staticmethod
    def by_file(even, odd):
        return lambda log: (odd if log.file % 2 else even)(log)

    # The test itself.

    def crash(self, configuration, rotate, kills=FEW_KILLS, make=numbered.text_line, files=5, broken=97):
        self.logs = [Log(self.directory / "logs", file, make, broken) for file in range(files)]
        for log in self.logs:
            self.addCleanup(log.close)
        self.pipeline = Pipeline(self.directory, configuration)
        self.addCleanup(self.pipeline.end)
        self.ways = {"kill": 0, "stop": 0, "reload": 0}
        with self.subTest(seed=self.seed):
            writer = Writer(self.logs, rotate, self.seed)
            try:
                for _ in range(kills):
                    self.run_and_end()
            finally:
                writer.stop()
            self.finish()
            self.verify()

    def output_size(self):
        """Changes whenever something is written."""
        while True:
            try:
                return sum(each.stat().st_size for each in (self.directory / "out").iterdir())
            except FileNotFoundError:  # it has just been rotated
                continue

    def run_and_end(self):
        pipeline = self.pipeline.start()
        kind = self.random.random()
        if kind < 0.4:  # at any moment, also while it is still undoing what the run before has done
            time.sleep(self.random.uniform(0.002, 0.15))
        else:  # soon after the first output
            before = self.output_size()
            until(lambda: self.output_size() != before or pipeline.process.poll() is not None, "output")
            time.sleep(self.random.uniform(0, 0.25))
        if kind > 0.85:
            pipeline.until(lambda: pipeline.handles(signal.SIGHUP), "SIGHUP was handled")
            pipeline.signal(signal.SIGHUP)
            self.ways["reload"] += 1
            time.sleep(self.random.uniform(0, 0.05))
        if self.random.random() < 0.12:
            pipeline.stop()
            self.ways["stop"] += 1
        else:
            pipeline.kill()
            self.ways["kill"] += 1

    def expected(self):
        """All lines; (file, number). Those that copytruncate may have lost are in at_risk()."""
        return {(log.file, number) for log in self.logs for number in range(1, log.count + 1)}

    def at_risk(self):
        return {(log.file, number) for log in self.logs for number in log.at_risk}

    def missing(self):
        try:
            return self.expected() - self.at_risk() - set(Harvest(self.outputs).lines)
        except (AssertionError, FileNotFoundError):  # a line is being written, or a file being rotated
            return {None}

    def finish(self):
        """A last run that reads all of it, and is then asked to stop."""
        self.pipeline.start()
        try:
            self.pipeline.until(lambda: (time.sleep(0.1), not self.missing())[1], "all lines were written", 20)
        except AssertionError as error:
            print(error)  # verify() says which lines are missing
        self.pipeline.stop()

    def verify(self, ordered=True, generation_of=lambda line: 0):
        harvest = Harvest(self.outputs, self.check_line)
        missing = self.expected() - set(harvest.lines)
        lost_by_rotation = missing & self.at_risk()
        print("%s: %d lines of %d files, %d rotations; %d kills, %d SIGTERM, %d SIGHUP; %d of %d lines that were "
              "written between copy and truncation were lost by the rotation; seed %d"
              % (self._testMethodName, len(harvest.lines), len(self.logs), sum(log.rotations for log in self.logs),
                 self.ways["kill"], self.ways["stop"], self.ways["reload"], len(lost_by_rotation),
                 len(self.at_risk()), self.seed))
        self.assertFalse(missing - self.at_risk(), "lost: %s; generations begin at %s"
                         % (some(missing - self.at_risk()), {log.file: log.begins for log in self.logs}))
        self.assertFalse(set(harvest.lines) - self.expected(), "written by nobody")
        twice = harvest.twice()
        self.assertFalse(twice, "written twice: %s" % some(twice))
        if ordered:
            for path in self.outputs:
                lines = Harvest([path])
                wrong = lines.out_of_order(generation_of)
                self.assertEqual(wrong, [], "%s is not in order: %s" % (path.name, lines.around(wrong)))

    def test_files_that_are_rotated_by_renaming_and_by_copying(self):
        self.crash(simple("*.log*"), self.by_file(self.rename_any_time, self.copy_any_time), KILLS)

    def test_patterns_that_do_not_match_rotated_names(self):
        self.crash(simple("*.log"), self.by_file(self.rename_when_seen, self.copy_when_read))

    def test_copytruncate_while_lines_are_written(self):
        self.crash(simple("*.log*"), self.copy_while_writing)

    def test_json(self):
        self.crash(simple("*.log*", "json", "{fields: {dc: fra1}}"), self.rename_any_time, make=numbered.json_line)

    def test_compressed_output(self):
        self.outputs[0] = self.directory / "out" / "all.ndjson.zst"
        configuration = simple("*.log*", write=", compress: zstd").replace("all.ndjson", "all.ndjson.zst")
        self.crash(configuration, self.by_file(self.rename_any_time, self.copy_any_time))

    def test_output_that_is_synced(self):
        self.crash(simple("*.log*", write=", sync: batch"), self.by_file(self.rename_any_time, self.copy_any_time))

    def test_files_that_are_named_by_fields(self):
        configuration = simple("*.log*", write=", max_open: 2").replace("out/all.ndjson", "'out/out-{file}.ndjson'")
        configuration = configuration.replace("^(?P<id>file-\\d+", "^(?P<id>file-(?P<file>\\d+)")
        self.outputs[:1] = [self.directory / "out" / ("out-%d.ndjson" % file) for file in range(5)]
        self.crash(configuration, self.rename_any_time)

    def test_two_generators_and_two_writers(self):
        """A diamond: odd and even lines take different ways; one writer gets both again, the other the odd ones."""
        configuration = PIPELINE + """
stages:
  - {name: low, generate: {from: file, paths: 'logs/app-[01].log*', follow: true, state: state}}
  - {name: high, generate: {from: file, paths: 'logs/app-[234].log*', follow: true, state: state}}
  - {name: parse-it, parse: %s, from: [low, high]}
  - route: {routes: {odd: 'line %% 2 == 1'}}
  - {name: odd-ones, enrich: %s, from: odd}
  - {name: even-ones, enrich: %s, from: otherwise}
  - {name: all, write: {to: file, path: out/all.ndjson, rotate: {size: 64KiB}}, from: [odd-ones, even-ones]}
  - {name: some, write: {to: file, path: out/odd.ndjson.gz, rotate: {size: 16KiB}, compress: gzip},
     from: odd-ones}
""" % (PARSE_TEXT, ENRICH, ENRICH) + REJECTS
        self.verify_all, self.verify = self.verify, lambda: self.verify_all(ordered=False)
        self.crash(configuration, self.by_file(self.rename_any_time, self.copy_any_time))
        odd = Harvest([self.directory / "out" / "odd.ndjson.gz"], self.check_line)
        self.assertEqual(odd.twice(), [])
        self.assertEqual(set(odd.lines), {(log.file, number) for log in self.logs
                                          for number in range(1, log.count + 1, 2) if not log.is_broken(number)})
        self.assertEqual(odd.out_of_order(), [])

    def test_messages_in_parts(self):
        """Parts of a message that are held back are held back over a kill. One generator for each container's log."""
        generators = "".join("  - {name: g%d, generate: {from: file, paths: 'logs/app-%d.log*', follow: true, "
                             "state: state}}\n" % (file, file) for file in range(3))
        configuration = PIPELINE + "stages:\n" + generators + (
            "  - {parse: cri, from: [g0, g1, g2]}\n  - enrich: {fields: {dc: fra1}}\n  - write: %s\n" % WRITE % ""
        ) + REJECTS
        self.check_line = self.check_whole_message
        self.crash(configuration, self.rename_any_time, make=numbered.cri_line, files=3)

    @staticmethod
    def check_whole_message(record):
        if "raw" in record:
            return
        number = int(record["message"].split()[2])
        whole = ["", "a" * (number % 30), "b" * (number % 7)]
        assert record["message"].split(" ", 3)[3] == "".join(whole[:1 + number % 3]), record

    def test_stack_traces(self):
        """Lines that belong together stay together.

        Each generation of a log is in order. Its last event waits for a line that may still belong to it, and the next
        generation does not wait with it.
        """
        parse = r"{format: regex, pattern: '^(?s)\S+ \S+ ERROR (?P<id>file-\d+ line (?P<line>\d+))\n(?P<stack>.*)'}"
        follow = ", multiline: {start: '^20', timeout: 300ms}"
        self.check_line = self.check_whole_event
        self.verify_all = self.verify
        self.verify = lambda: self.verify_all(generation_of=lambda line: self.logs[line[0]].generation(line[1]))
        self.crash(simple("*.log*", parse, "{fields: {dc: fra1}}", follow), self.rename_any_time,
                   make=numbered.java_event, broken=0)

    @staticmethod
    def check_whole_event(record):
        number = int(record["id"].split()[2])
        assert record["stack"].count("\tat ") == 1 + number % 4, record


if __name__ == "__main__":
    import unittest
    unittest.main()
