"""What a service manager hears, told to a socket of the test's own: start, status, watchdog, reload, stop."""
import os
import re
import signal
import time

from support.notify import NotifySocket
from support.sluice import PATIENCE, SluiceTest, term, until

PASS = """
- generate: stdin
- parse: json
- write: stdout
"""


class Notify(SluiceTest):
    def begin(self, stages=PASS, watchdog=None, **more):
        """A run on a pipe, and its service manager. The watchdog's process is not named: any may ping."""
        peer = NotifySocket(self.directory, watchdog)
        self.addCleanup(peer.close)
        reader, writer = os.pipe()
        running = self.start(stages, pipeline="batch: {linger: 0ms}", stdin=reader, environment=peer.environment, **more)
        os.close(reader)
        return running, peer, writer

    def end(self, running, writer):
        os.close(writer)
        self.assert_exit(running.wait(20), 0)

    def test_ready_comes_once_when_every_stage_is_up(self):
        running, peer, writer = self.begin()
        running.until(lambda: peer.heard("READY"), "READY=1")
        self.assertEqual(peer.all_of("STOPPING"), [])
        self.end(running, writer)
        self.assertEqual(peer.all_of("READY"), ["1"])

    def test_ready_does_not_come_when_a_stage_cannot_start(self):
        running, peer, writer = self.begin("- generate: stdin\n- write: {to: file, path: /nowhere/out}")
        outcome = running.wait(20)
        os.close(writer)
        self.assertEqual(outcome.returncode, 1)
        self.assertEqual(peer.all_of("READY"), [])

    def test_a_wrong_configuration_says_nothing(self):
        running, peer, writer = self.begin("- generate: nonsense")
        self.assertEqual(running.wait(20).returncode, 78)
        os.close(writer)
        self.assertEqual(peer.read(), [])

    def test_stopping_comes_with_the_drain(self):
        running, peer, writer = self.begin()
        running.until(lambda: peer.heard("READY"), "READY=1")
        term(running)
        self.assert_exit(running.wait(20), 0)
        os.close(writer)
        self.assertEqual(peer.all_of("STOPPING"), ["1"])

    def test_the_status_is_for_people(self):
        running, peer, writer = self.begin()
        os.write(writer, b'{"n":1}\n')
        running.until_output(b'{"n":1}\n')
        running.until(lambda: peer.all_of("STATUS"), "a status")
        self.end(running, writer)

    def test_an_idle_run_is_alive(self):
        running, peer, writer = self.begin(watchdog=0.4 * PATIENCE)
        running.until(lambda: len(peer.all_of("WATCHDOG")) >= 4, "four signs of life")
        self.end(running, writer)

    def test_without_a_watchdog_there_are_no_signs_of_life(self):
        running, peer, writer = self.begin()
        running.until(lambda: peer.heard("READY"), "READY=1")
        self.end(running, writer)
        self.assertEqual(peer.all_of("WATCHDOG"), [])

    def test_the_signs_of_life_end_when_there_is_work_and_no_progress_and_come_again_with_it(self):
        interval = 0.4 * PATIENCE
        reader, output = os.pipe()
        running, peer, writer = self.begin(watchdog=interval, stdout=output)
        os.close(output)
        running.until(lambda: peer.heard("WATCHDOG"), "a sign of life")
        self.feed(writer, (b'{"text":"%s"}\n' % (b"x" * 1000) * 100 for _ in range(100_000)))

        def silent():  # for twice the time after which a service manager would act
            known, began = len(peer.all_of("WATCHDOG")), time.monotonic()
            until(lambda: time.monotonic() - began > 2 * interval or len(peer.all_of("WATCHDOG")) > known, "silence")
            return len(peer.all_of("WATCHDOG")) == known
        running.until(silent, "the signs of life to end", 20)
        known = len(peer.all_of("WATCHDOG"))
        running.until(lambda: os.read(reader, 1 << 20) and len(peer.all_of("WATCHDOG")) > known, "life again")
        running.signal(signal.SIGKILL)
        os.close(reader)

    def test_reloading_carries_the_clock_and_ends_with_ready(self):
        running, peer, writer = self.begin()
        running.until(lambda: peer.heard("READY"), "READY=1")
        before = time.monotonic_ns() // 1000
        running.signal(signal.SIGHUP)
        running.until(lambda: peer.heard("RELOADING"), "an answer to SIGHUP")
        running.until(lambda: peer.all_of("READY") == ["1", "1"], "the end of the reload")
        self.assertGreaterEqual(int(peer.all_of("MONOTONIC_USEC")[0]), before)
        (running.directory / "sluice.yaml").write_text("nonsense: 1\n")
        running.signal(signal.SIGHUP)
        running.until(lambda: len(peer.all_of("READY")) == 3, "the end of a reload that was refused")
        os.write(writer, b'{"n":1}\n')
        running.until_output(b'{"n":1}\n')
        self.end(running, writer)

    def test_a_long_drain_asks_for_time(self):
        running, peer, writer = self.begin(watchdog=2 * PATIENCE, stdout=self.clogged_pipe())
        running.until(lambda: peer.heard("READY"), "READY=1")
        self.feed(writer, (b'{"text":"%s"}\n' % (b"x" * 1000) * 100 for _ in range(100_000)))
        running.until(lambda: re.search("[1-9]\\d* under way", " ".join(peer.all_of("STATUS"))), "something to drain")
        term(running)
        running.until(lambda: peer.all_of("EXTEND_TIMEOUT_USEC"), "a request for more time")
        term(running)  # at once
        self.assertEqual(running.wait(20).returncode, 75)
