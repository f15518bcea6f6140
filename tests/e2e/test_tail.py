"""`tail -F growing.log | sluice run`: each line appears on stdout within the linger time."""
import os
import statistics
import subprocess
import time

from support.sluice import PATIENCE, SANITIZE, SluiceTest, until

STAGES = """
- generate: stdin
- parse: json
- enrich: {fields: {dc: fra1}}
- write: stdout
"""


class Tail(SluiceTest):
    def start_tail(self, pipeline):
        log = self.write("app.log", b"")
        tail = subprocess.Popen(["tail", "-n", "+1", "-F", str(log)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(tail.wait)
        self.addCleanup(tail.kill)
        running = self.start(STAGES, pipeline=pipeline, stdin=tail.stdout)
        tail.stdout.close()
        return log, tail, running

    def latencies(self, running, log, numbers):
        """Append line by line; seconds from each append until the line is on stdout."""
        taken = []
        with open(log, "ab", buffering=0) as file:
            for number in numbers:
                began = time.monotonic()
                file.write(b'{"n":%d}\n' % number)
                running.until_output(b'{"n":%d,"dc":"fra1"}\n' % number)
                taken.append(time.monotonic() - began)
        return taken

    def test_each_line_appears_within_the_linger_time(self):
        log, tail, running = self.start_tail("batch: {linger: 200ms}")
        taken = self.latencies(running, log, range(30))
        self.assertLess(statistics.median(taken), 0.25 if not SANITIZE else 1.0)
        self.assertLess(max(taken), 0.2 + 0.5 * PATIENCE)  # what the scheduler of a busy machine may add

    def test_without_linger_a_line_appears_at_once(self):
        log, tail, running = self.start_tail("batch: {linger: 0ms}")
        taken = self.latencies(running, log, range(30))
        self.assertLess(statistics.median(taken), 0.05 if not SANITIZE else 1.0)

    def test_a_burst_keeps_its_order(self):
        log, tail, running = self.start_tail("batch: {linger: 20ms}")
        with open(log, "ab", buffering=0) as file:
            for first in range(0, 5000, 50):
                file.write(b"".join(b'{"n":%d}\n' % number for number in range(first, first + 50)))
        running.until_output(b'{"n":4999,"dc":"fra1"}\n')
        self.assertEqual(running.stdout, b"".join(b'{"n":%d,"dc":"fra1"}\n' % number for number in range(5000)))

    def test_half_a_line_waits_for_its_other_half(self):
        log, tail, running = self.start_tail("batch: {linger: 0ms}")
        with open(log, "ab", buffering=0) as file:
            file.write(b'{"n":1}\n{"n":')
            running.until_output(b'{"n":1,"dc":"fra1"}\n')
            file.write(b"2}\n")
            running.until_output(b'{"n":2,"dc":"fra1"}\n')
        self.assertFalse((running.directory / "rejects.ndjson").exists() and
                         (running.directory / "rejects.ndjson").read_bytes())

    def test_the_end_of_tail_is_the_end_of_the_run(self):
        log, tail, running = self.start_tail("batch: {linger: 1h}")
        with open(log, "ab", buffering=0) as file:
            file.write(b'{"n":1}\n')
        wchar = "/proc/%d/io" % tail.pid
        until(lambda: _written(wchar) >= 8, "tail passing the line on")
        tail.kill()
        outcome = running.wait(10)
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, b'{"n":1,"dc":"fra1"}\n')

    def test_a_log_that_is_rotated_under_tail_goes_on(self):
        log, tail, running = self.start_tail("batch: {linger: 0ms}")
        self.latencies(running, log, range(3))
        os.rename(log, self.directory / "app.log.1")
        self.write("app.log", b"")
        self.latencies(running, log, range(3, 6))
        self.assertEqual(running.stdout, b"".join(b'{"n":%d,"dc":"fra1"}\n' % number for number in range(6)))


def _written(path):
    with open(path) as file:
        return next(int(line.split()[1]) for line in file if line.startswith("wchar:"))
