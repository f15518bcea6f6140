"""The progress line of `sluice run` at a terminal: there while plain files are read, never torn, gone at the end."""
import contextlib
import gzip
import os
import pty
import re
import select
import subprocess
import termios
import time

from support.sluice import BINARY, PATIENCE, SluiceTest

LINE = re.compile(r"[ 0-9]{3}%  [0-9.]+ [kMGB]+ of [0-9.]+ [kMGB]+  \S+ \S+/s  \d+ records/s  [-:0-9]+ left")


class Progress(SluiceTest):
    def run_at_terminal(self, *arguments, environment=(), until=None, generate="{from: file, paths: in.log}",
                        stdin=None):
        """What came on the terminal that is its stderr. stdout is a pipe that is not read before `until` was seen there,
        so that the run, which writes more than the pipe holds, is still under way."""
        (self.directory / "in.log").write_bytes(b"".join(b"%099d\n" % number for number in range(60000)))
        (self.directory / "sluice.yaml").write_text("stages:\n- generate: %s\n- write: {to: stdout, encode: raw}\n" % generate)
        master, slave = pty.openpty()
        attributes = termios.tcgetattr(slave)
        attributes[1] &= ~termios.OPOST  # line ends as they are
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        values = {**os.environ, "TERM": "xterm", **dict(environment)}
        values.pop("NO_COLOR", None)
        if stdin is None:
            stdin = subprocess.DEVNULL
        with contextlib.ExitStack() as stack:
            if stdin == "pipe":
                cat = subprocess.Popen(["cat", str(self.directory / "in.log")], stdout=subprocess.PIPE)
                self.addCleanup(cat.wait)
                stdin = stack.enter_context(cat.stdout)
            elif isinstance(stdin, str):
                stdin = stack.enter_context(open(self.directory / stdin, "rb"))
            process = subprocess.Popen([str(BINARY), "run", "sluice.yaml", *arguments], cwd=self.directory, env=values,
                                       stdin=stdin, stdout=subprocess.PIPE, stderr=slave)
        os.close(slave)
        screen, deadline = b"", time.monotonic() + 60 * PATIENCE
        try:
            while until and until not in screen:
                ready, _, _ = select.select([master], [], [], max(deadline - time.monotonic(), 0))
                self.assertTrue(ready, "waited in vain for %r; the terminal shows %r" % (until, screen))
                screen += os.read(master, 65536)
            if until:
                process.send_signal(10)  # SIGUSR1: a message in between
                while b"ledger: " not in screen:
                    screen += os.read(master, 65536)
            else:  # the run waits for us; long enough for the line to be shown if it were
                quiet = time.monotonic() + 1
                while quiet > time.monotonic():
                    if select.select([master], [], [], max(quiet - time.monotonic(), 0))[0]:
                        screen += os.read(master, 65536)
            data = process.stdout.read()
            while True:
                try:
                    more = os.read(master, 65536)
                except OSError:  # EIO: all who had the terminal open are gone
                    break
                if not more:
                    break
                screen += more
            self.assertEqual(process.wait(60 * PATIENCE), 0, screen)
        finally:
            process.stdout.close()
            os.close(master)
            if process.poll() is None:
                process.kill()
                process.wait()
        self.assertEqual(len(data), 6000000)
        return screen.decode()

    def test_it_is_shown_while_files_are_read_and_is_gone_at_the_end(self):
        screen = self.run_at_terminal(until=b"left\r")
        self.assertRegex(screen, LINE)
        lines = screen.split("\n")
        self.assertEqual(lines[-1], "", "ends with a whole line")
        for line in lines[:-1]:
            shown = line.rsplit("\x1b[K", 1)[-1]
            self.assertRegex(shown, r"^(.*\r)?\d{4}-\d\d-\d\dT\S+ (info|warn) ", "each message stands alone")
        self.assertNotRegex(lines[-2].rsplit("\x1b[K", 1)[-1], LINE)

    def test_compressed_files_have_no_end_that_is_known(self):
        (self.directory / "in.log.gz").write_bytes(gzip.compress(b"".join(b"%099d\n" % n for n in range(60000))))
        screen = self.run_at_terminal(until=b"records/s", generate="{from: file, paths: in.log.gz}")
        self.assertNotRegex(screen, LINE)

    def test_it_is_left_out_where_it_is_not_wanted(self):
        for arguments, environment in [(["--no-progress"], {}), (["--log-level", "warn"], {}),
                                       (["--log-format", "json"], {}), ([], {"TERM": "dumb"})]:
            with self.subTest(arguments=arguments, environment=environment):
                screen = self.run_at_terminal(*arguments, environment=environment)
                self.assertNotIn("\x1b", screen)
                self.assertNotIn("left", screen)

    def test_it_is_not_shown_of_what_has_no_end(self):
        with self.subTest("stdin is no file"):
            self.assertNotIn("\x1b", self.run_at_terminal(generate="stdin", stdin="pipe"))

    def test_it_is_shown_of_a_file_on_stdin(self):
        self.assertRegex(self.run_at_terminal(until=b"left\r", generate="stdin", stdin="in.log"), LINE)
