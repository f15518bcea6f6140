"""Signals: what was accepted is drained and accounted for; what cannot be is abandoned in time, and counted."""
import fcntl
import itertools
import json
import os
import pty
import signal
import termios
import time

from support.sluice import MIB, PATIENCE, SANITIZE, SMALL, SluiceTest, term, until

DRAIN = """
- generate: stdin
- parse: json
- filter: n % 3 != 0
- write: stdout
"""
PASS = """
- generate: stdin
- parse: json
- filter: level == "error"
- write: stdout
"""


def numbered_lines(broken_every=1000):
    """Endless chunks of JSON lines with a number; every so often a broken one."""
    for first in itertools.count(0, 500):
        yield b"".join(b'{"n":%d,"text":"the quick brown fox"}\n' % number if number % broken_every else b"broken\n"
                       for number in range(first, first + 500))


class Drain(SluiceTest):
    def stop_an_endless_stream(self, number):
        reader, writer = self.fifo()
        running = self.start(DRAIN, pipeline="workers: 4", stdin=reader)
        os.close(reader)
        self.feed(writer, numbered_lines())
        running.until(lambda: running.output_size() > MIB, "1 MiB of output", 30)
        running.signal(number)
        outcome = running.wait(20)
        self.assert_exit(outcome, 0)
        ledger = outcome.ledger
        self.assertEqual(ledger["received"], ledger["written"] + ledger["filtered"] + ledger["rejected"])
        self.assertEqual((ledger["abandoned"], ledger["in_flight"]), (0, 0))
        self.assertTrue(outcome.stdout.endswith(b"\n"))
        self.assertEqual(outcome.stdout.count(b"\n"), ledger["written"])
        numbers = [json.loads(line)["n"] for line in outcome.lines]  # every line whole
        self.assertEqual(numbers, [n for n in range(numbers[-1] + 1) if n % 3 and n % 1000])
        self.assertEqual(len(outcome.rejects), ledger["rejected"])
        return outcome

    def test_sigterm_in_an_endless_stream_drains_and_exits_0(self):
        self.assertEqual(self.stop_an_endless_stream(signal.SIGTERM).ledger["cause"], "signal: SIGTERM")

    def test_sigint_in_an_endless_stream_drains_and_exits_0(self):
        self.assertEqual(self.stop_an_endless_stream(signal.SIGINT).ledger["cause"], "signal: SIGINT")

    def test_lines_read_before_the_signal_are_written(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        running = self.start(DRAIN, pipeline="batch: {linger: 1h}", stdin=reader)
        os.close(reader)
        os.write(writer, b'{"n":1}\n{"n":2}\n{"n":')
        until(lambda: _unread(writer) == 0, "the pipe being read")
        term(running)
        outcome = running.wait(10)
        self.assert_exit(outcome, 0)
        self.assertTrue(outcome.stdout.startswith(b'{"n":1}\n{"n":2}\n'), outcome.stdout)

    def test_an_idle_run_stops_at_once(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        running = self.start(DRAIN, pipeline="batch: {linger: 0ms}", stdin=reader)
        os.close(reader)
        os.write(writer, b'{"n":1}\n')
        running.until_output(b'{"n":1}\n')
        began = time.monotonic()
        term(running)
        self.assert_exit(running.wait(5), 0)
        self.assertLess(time.monotonic() - began, 1.0 * PATIENCE)

    def test_closing_stdin_drains_and_exits_0(self):
        reader, writer = os.pipe()
        running = self.start(DRAIN, pipeline="batch: {linger: 1h}", stdin=reader)
        os.close(reader)
        os.write(writer, b'{"n":1}\n{"n":2}')
        os.close(writer)
        outcome = running.wait(10)
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, b'{"n":1}\n{"n":2}\n')
        self.assert_ledger(outcome, cause="eof", received=2, written=2)

    def test_sigusr1_logs_the_ledger_and_the_run_goes_on(self):
        reader, writer = os.pipe()
        running = self.start(DRAIN, pipeline="batch: {linger: 0ms}", stdin=reader)
        os.close(reader)
        os.write(writer, b'{"n":1}\n')
        running.until_output(b'{"n":1}\n')
        before = len(running.stderr)
        running.signal(signal.SIGUSR1)
        running.until(lambda: "received" in running.stderr[before:], "the ledger on stderr")
        self.assertIn("written", running.stderr[before:])
        os.write(writer, b'{"n":2}\n')
        running.until_output(b'{"n":2}\n')
        os.close(writer)
        self.assert_exit(running.wait(10), 0)


class Terminal(SluiceTest):
    def start_on_a_terminal(self):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        running = self.start(DRAIN, pipeline="batch: {linger: 0ms}", stdin=slave, session=True,
                             prepare=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        os.write(master, b'{"n":1}\n')
        running.until_output(b'{"n":1}\n')
        return running, master

    def test_ctrl_c_drains_and_exits_0(self):
        running, master = self.start_on_a_terminal()
        os.write(master, b"\x03")
        outcome = running.wait(10)
        self.assert_exit(outcome, 0)
        self.assert_ledger(outcome, cause="signal: SIGINT", received=1, written=1)

    def test_ctrl_d_is_the_end_of_input(self):
        running, master = self.start_on_a_terminal()
        os.write(master, b"\x04")
        outcome = running.wait(10)
        self.assert_exit(outcome, 0)
        self.assert_ledger(outcome, cause="eof", received=1, written=1)


class HangingWriter(SluiceTest):
    """stdout is a pipe that nobody reads."""

    def start_clogged(self, grace, megabytes=0):
        """Push this many megabytes that are filtered, then errors without end, until the pipe of stdin stays full."""
        quiet = b'{"level":"info","text":"%s"}\n' % (b"x" * 200) * 4096
        loud = b'{"level":"error","text":"%s"}\n' % (b"x" * 200) * 4096
        reader, writer = self.fifo()
        out = self.clogged_pipe()
        running = self.start(PASS, "--grace", grace, pipeline="workers: 4", stdin=reader, stdout=out)
        os.close(reader)
        os.close(out)
        rounds = megabytes * MIB // len(quiet)
        feeder = self.feed(writer, itertools.chain(itertools.repeat(quiet, rounds), itertools.repeat(loud)))
        running.until(lambda: feeder.accepted > megabytes * MIB, "%d MiB being read" % megabytes, 60)
        # Backpressure has reached the feeder when nothing more is accepted for half a second.
        state = {"accepted": -1, "since": time.monotonic()}

        def stuck():
            if feeder.accepted != state["accepted"]:
                state.update(accepted=feeder.accepted, since=time.monotonic())
            return time.monotonic() - state["since"] > 0.5 * PATIENCE
        running.until(stuck, "backpressure to reach the generator", 60)
        return running, feeder

    def test_memory_stays_bounded_while_a_gigabyte_is_pushed_and_sigterm_exits_75_within_grace(self):
        megabytes = 50 if SMALL else 1000
        running, feeder = self.start_clogged("2s", megabytes)
        if not SANITIZE:
            self.assertLessEqual(running.memory("VmHWM"), 64 * MIB)
        self.assertLess(feeder.accepted, (megabytes + 64) * MIB)
        began = time.monotonic()
        term(running)
        outcome = running.wait(10)
        took = time.monotonic() - began
        self.assert_exit(outcome, 75)
        self.assertLess(took, 2.0 + (1.0 if not SANITIZE else 5.0))
        self.assertGreaterEqual(took, 1.9)
        self.assertGreater(outcome.ledger["abandoned"], 0)
        self.assertEqual(outcome.ledger["in_flight"], 0)
        self.assertEqual(outcome.ledger["cause"], "deadline")

    def test_a_second_sigterm_ends_the_drain_at_once(self):
        running, _ = self.start_clogged("60s")
        term(running)
        running.until_stderr("SIGTERM")
        began = time.monotonic()
        term(running)
        outcome = running.wait(10)
        self.assertLess(time.monotonic() - began, 1.0 * PATIENCE)
        self.assert_exit(outcome, 75)
        self.assertGreater(outcome.ledger["abandoned"], 0)

    def test_a_reader_that_comes_back_during_the_drain_gets_everything(self):
        reader, writer = self.fifo()
        back, out = os.pipe()
        running = self.start(DRAIN, "--grace", "60s", pipeline="workers: 4", stdin=reader, stdout=out)
        os.close(reader)
        os.close(out)
        self.feed(writer, numbered_lines())
        running.until(lambda: _unread(back) > 4000, "a full pipe", 20)
        term(running)
        running.until_stderr("SIGTERM")
        with os.fdopen(back, "rb") as file:
            output = file.read()
        outcome = running.wait(20)
        self.assert_exit(outcome, 0)
        self.assertEqual(output.count(b"\n"), outcome.ledger["written"])
        self.assertEqual(outcome.ledger["abandoned"], 0)
        for line in output.splitlines():
            json.loads(line)

    def test_a_drain_of_zero_grace_abandons_at_once(self):
        running, _ = self.start_clogged("0s")
        term(running)
        outcome = running.wait(10)
        self.assert_exit(outcome, 75)
        self.assertGreater(outcome.ledger["abandoned"], 0)


def _unread(descriptor):
    """How many bytes lie in a pipe."""
    import array
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]
