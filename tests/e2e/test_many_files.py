"""Ten thousand files of which a hundred are written to: a quick start, little memory, and nothing to do while idle."""
import json
import os
import re
import shutil
import subprocess
import time

from support.crashing import Pipeline
from support.numbered import Harvest, Log, State
from support.sluice import MIB, PATIENCE, SANITIZE, SMALL, SluiceTest

FILES = 1000 if SANITIZE else 10_000
ACTIVE = 100
IDLE_SECONDS = 5 if SMALL else 10
CONFIGURATION = """
pipeline: {checkpoint: 1s}
stages:
  - generate: {from: file, paths: 'logs/**/*.log', follow: true, start: %s, state: state}
  - parse: {format: regex, pattern: '^(?P<id>file-\\d+ line (?P<line>\\d+))'}
  - write: {to: file, path: out/all.ndjson}
rejects: out/rejects.ndjson
"""


class ManyFiles(SluiceTest):
    def setUp(self):
        super().setUp()
        (self.directory / "out").mkdir()
        self.output = self.directory / "out" / "all.ndjson"
        self.logs = []
        for file in range(FILES):
            directory = self.directory / "logs" / ("%02d" % (file % 50))
            directory.mkdir(parents=True, exist_ok=True)
            path = directory / ("app-%d.log" % file)
            if file % (FILES // ACTIVE) == 0:
                self.logs.append(Log(directory, file, broken_every=0))
                self.addCleanup(self.logs[-1].close)
            else:
                path.write_bytes(b"file-%d line 000001 \n" % file)

    def start(self, start):
        self.pipeline = Pipeline(self.directory, CONFIGURATION % start)
        self.addCleanup(self.pipeline.end)
        began = time.monotonic()
        self.pipeline.start()
        return began

    def lines(self):
        return self.output.read_bytes().count(b"\n") if self.output.exists() else 0

    def peak_memory(self):
        with open("/proc/%d/status" % self.pipeline.process.pid) as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024

    def everything(self):
        one_line = {(file, 1) for file in range(FILES)} - {(log.file, 1) for log in self.logs}
        return one_line | {(log.file, number) for log in self.logs for number in range(1, log.count + 1)}

    def test_all_of_them_are_read_and_followed(self):
        for log in self.logs:
            log.append(100)
        began = self.start("beginning")
        self.pipeline.until(lambda: self.lines() > 0, "the first line")
        first = time.monotonic() - began
        self.pipeline.until(lambda: self.lines() >= len(self.everything()), "all lines", 60)
        took = time.monotonic() - began
        for _ in range(5):
            for log in self.logs:
                log.append(20)
        self.pipeline.until(lambda: self.lines() >= len(self.everything()), "lines that were added", 30)
        memory = self.peak_memory()
        self.pipeline.stop()
        harvest = Harvest([self.output])
        self.assertEqual(harvest.twice(), [])
        self.assertEqual(harvest.out_of_order(), [])
        self.assertEqual(self.everything() - set(harvest.lines), set())
        print("%d files: the first line after %.2f s, all of them after %.2f s; %.1f MiB at most"
              % (FILES, first, took, memory / MIB))
        self.assertLess(first, 2.0 * PATIENCE)
        if not SANITIZE:
            self.assertLess(memory, 64 * MIB)

    def test_the_end_of_each_is_found_quickly(self):
        """With `start: end` what a hundred files get is there at once, and nothing that was in them before."""
        for log in self.logs:
            log.append(3)
        before = {log.file: log.count for log in self.logs}
        began = self.start("end")
        state = State(self.directory / "state")
        self.pipeline.until(lambda: len(state.offsets()) == FILES, "positions in all files")
        ready = time.monotonic() - began
        for log in self.logs:
            log.append(10)
        self.pipeline.until(lambda: self.lines() >= 10 * ACTIVE, "the lines that were added")
        memory = self.peak_memory()
        self.pipeline.stop()
        self.assertEqual(set(Harvest([self.output]).lines), {(log.file, number) for log in self.logs
                                                            for number in range(before[log.file] + 1, log.count + 1)})
        print("%d files: started after %.2f s; %.1f MiB at most" % (FILES, ready, memory / MIB))
        self.assertLess(ready, 2.0 * PATIENCE)
        if not SANITIZE:
            self.assertLess(memory, 64 * MIB)

    def test_a_restart_reads_nothing_again(self):
        self.start("beginning")
        self.pipeline.until(lambda: self.lines() >= len(self.everything()), "all lines", 60)
        self.pipeline.stop()
        for log in self.logs:
            log.append(5)
        began = time.monotonic()
        self.pipeline.start()
        self.pipeline.until(lambda: self.lines() >= len(self.everything()), "what was added meanwhile", 30)
        took = time.monotonic() - began
        self.pipeline.stop()
        ledger = self.pipeline.ledger()
        print("%d files: all that was added while away is there %.2f s after the restart" % (FILES, took))
        self.assertEqual(ledger["received"], 5 * ACTIVE)
        self.assertEqual(Harvest([self.output]).twice(), [])

    def test_idle_means_idle(self):
        for log in self.logs:
            log.append(10)
        self.start("beginning")
        self.pipeline.until(lambda: self.lines() >= len(self.everything()), "all lines", 60)
        state = self.directory / "state" / "sluice.state"

        def saved():  # the checkpoint of the last line was made, so nothing is left to do
            if not state.exists():
                return False
            files = json.loads(state.read_bytes().split(b"\n")[0])["generators"].values()
            each = [file for generator in files for file in generator["files"]]
            return len(each) >= FILES and all(file["offset"] == file["size"] for file in each)
        self.pipeline.until(saved, "the last checkpoint", 20)
        count, how = self.count_system_calls()
        print("%d files: %d %s in %d idle seconds" % (FILES, count, how, IDLE_SECONDS))
        self.assertLess(count, 20 * IDLE_SECONDS)
        self.logs[0].append(1)  # it is idle, not dead
        self.pipeline.until(lambda: self.lines() >= len(self.everything()), "one more line")
        self.pipeline.stop()

    def count_system_calls(self):
        """(how many, of what): with strace where that is allowed, else wake-ups of all threads."""
        process = str(self.pipeline.process.pid)
        if shutil.which("strace") and not SANITIZE:
            table = self.directory / "strace"
            tracer = subprocess.Popen(["strace", "-f", "-c", "-o", table, "-p", process], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            first = tracer.stderr.readline()
            if "attached" in first:
                time.sleep(IDLE_SECONDS)
                tracer.send_signal(2)
                tracer.wait()
                tracer.stderr.close()
                total = re.search(r"^\s*100\.00\s+\S+\s+(?:\d+\s+)?(\d+)\s+(?:\d+\s+)?total$", table.read_text(), re.M)
                return int(total[1]) if total else 0, "system calls (strace)"
            tracer.kill()
            tracer.wait()
            tracer.stderr.close()
            print("strace cannot attach here, so wake-ups are counted: " + first.strip())
        before = self.wake_ups()
        time.sleep(IDLE_SECONDS)
        return self.wake_ups() - before, "wake-ups of its threads (voluntary_ctxt_switches)"

    def wake_ups(self):
        total = 0
        for task in os.listdir("/proc/%d/task" % self.pipeline.process.pid):
            with open("/proc/%d/task/%s/status" % (self.pipeline.process.pid, task)) as status:
                total += next(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt_switches"))
        return total


if __name__ == "__main__":
    import unittest
    unittest.main()
