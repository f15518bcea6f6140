"""`multiline`: several lines are one record, also while the input stays open."""
import os
import signal
import time
import unittest

from support.sluice import SluiceTest

TRACE = (b"com.example.Trouble: disk full\n"
         b"\tat com.example.Main.run(Main.java:10)\n"
         b"Caused by: java.io.IOException: no space\n"
         b"\t... 1 more\n")

STAGES = """
- generate: {from: stdin, multiline: %s}
- write: stdout
"""


def message(text):
    return b'{"message":"%s"}\n' % text.rstrip(b"\n").replace(b"\n", b"\\n").replace(b"\t", b"\\t")


class Multiline(SluiceTest):
    def start_pipe(self, multiline):
        reader, writer = os.pipe()
        running = self.start(STAGES % multiline, stdin=reader, pipeline="batch: {linger: 0ms}")
        os.close(reader)
        file = os.fdopen(writer, "wb", buffering=0)
        self.addCleanup(file.close)
        return running, file

    def test_a_trace_from_a_pipe_that_stays_open_appears_after_the_timeout(self):
        running, pipe = self.start_pipe("{preset: java, timeout: 700ms}")
        pipe.write(b"an ordinary line\n")
        running.until_output(message(b"an ordinary line"))
        began = time.monotonic()
        for line in TRACE.splitlines(keepends=True):
            pipe.write(line)
        running.until_output(message(TRACE))
        self.assertGreaterEqual(time.monotonic() - began, 0.7)
        self.assertEqual(running.stdout, message(b"an ordinary line") + message(TRACE))

    def test_the_next_record_ends_a_trace_at_once(self):
        running, pipe = self.start_pipe("{preset: java, timeout: 1h}")
        pipe.write(TRACE + b"an ordinary line\n")
        running.until_output(message(TRACE) + message(b"an ordinary line"))

    def test_a_signal_loses_no_line_of_a_trace(self):
        running, pipe = self.start_pipe("{preset: java, timeout: 1h}")
        pipe.write(b"an ordinary line\n" + TRACE)
        running.until_output(message(b"an ordinary line"))
        running.signal(signal.SIGTERM)
        outcome = running.wait(10)
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, message(b"an ordinary line") + message(TRACE))
        self.assert_ledger(outcome, received=2, written=2)

    def test_traces_go_through_the_pipeline_whole(self):
        text = b"".join(b"2026-11-25 line %d\n" % number + TRACE for number in range(20000))
        outcome = self.run_sluice(STAGES % "java", text)
        self.assert_exit(outcome, 0)
        self.assert_ledger(outcome, received=40000, written=40000, bytes_in=len(text))
        self.assertEqual(outcome.stdout,
                         b"".join(message(b"2026-11-25 line %d" % number) + message(TRACE) for number in range(20000)))


if __name__ == "__main__":
    unittest.main()
