"""Outputs and inputs that fail: a clear error, the contract's exit code, a balanced ledger, and never a hang."""
import itertools
import os
import resource
import subprocess

from support.sluice import MIB, SANITIZE, SMALL, SluiceTest

THROUGH = """
- generate: stdin
- parse: json
- write: stdout
"""


def to_file(path):
    return """
- generate: stdin
- parse: json
- write: {to: file, path: %s}
""" % path


def lines(count):
    return b"".join(b'{"n":%d,"text":"%s"}\n' % (number, b"x" * 80) for number in range(count))


class ReaderGoesAway(SluiceTest):
    def test_head_1_gets_its_line_and_the_run_ends_with_1(self):
        reader, writer = self.fifo()
        back, out = os.pipe()
        running = self.start(THROUGH, stdin=reader, stdout=out)
        os.close(reader)
        os.close(out)
        head = subprocess.Popen(["head", "-1"], stdin=back, stdout=subprocess.PIPE)
        os.close(back)
        self.feed(writer, itertools.repeat(lines(500)))
        first, _ = head.communicate(timeout=30)
        self.assertEqual(first, lines(1))
        outcome = running.wait(20)
        self.assert_exit(outcome, 1)
        self.assertGreater(outcome.ledger["abandoned"], 0)
        self.assertTrue(outcome.ledger["cause"].startswith("error: "), outcome.ledger["cause"])
        self.assertEqual(len(outcome.stderr.splitlines()), 1, outcome.stderr)

    def test_a_finite_input_ends_the_same_way(self):
        back, out = os.pipe()
        os.close(back)
        self.write("input", lines(20000))
        with open(self.directory / "input", "rb") as file:
            running = self.start(THROUGH, stdin=file, stdout=out)
        os.close(out)
        outcome = running.wait(20)
        self.assert_exit(outcome, 1)
        self.assert_ledger(outcome, written=0)
        self.assertEqual(len(outcome.stderr.splitlines()), 1, outcome.stderr)


class FullDisk(SluiceTest):
    def test_dev_full_as_stdout_exits_1_and_says_so(self):
        with open("/dev/full", "wb") as full:
            outcome = self.run_sluice(THROUGH, lines(1000), stdout=full)
        self.assert_exit(outcome, 1)
        self.assertIn("No space left on device", outcome.stderr)
        self.assert_ledger(outcome, written=0)
        self.assertIn("No space left on device", outcome.ledger["cause"])

    def test_dev_full_as_a_file_exits_1_and_names_it(self):
        outcome = self.run_sluice(to_file("/dev/full"), lines(1000))
        self.assert_exit(outcome, 1)
        self.assertIn("/dev/full", outcome.stderr)
        self.assertIn("No space left on device", outcome.stderr)
        self.assert_ledger(outcome, written=0)

    def test_a_disk_that_fills_up_holds_what_the_ledger_says(self):
        disk = self.directory / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("no tmpfs can be mounted here: %s" % mounted.stderr.decode().strip())
        try:
            outcome = self.run_sluice(to_file(disk / "out.ndjson"), lines(50000))
            self.assert_exit(outcome, 1)
            self.assertIn("No space left on device", outcome.stderr)
            content = (disk / "out.ndjson").read_bytes()
            whole = content[:content.rfind(b"\n") + 1]
            self.assertEqual(whole.count(b"\n"), outcome.ledger["written"])
            self.assertEqual(whole, lines(50000)[:len(whole)])
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)

    def test_rejects_that_cannot_be_stored_are_an_error(self):
        outcome = self.run_sluice(THROUGH, b"broken\n" * 1000, rejects="/dev/full")
        self.assert_exit(outcome, 1)
        self.assertIn("/dev/full", outcome.stderr)


class BadPaths(SluiceTest):
    def test_an_unwritable_path_exits_1_and_names_it(self):
        self.write("plain", "a file, not a directory")
        target = self.directory / "plain" / "out.ndjson"
        outcome = self.run_sluice(to_file(target), lines(10))
        self.assert_exit(outcome, 1)
        self.assertIn(str(target), outcome.stderr)
        self.assertIn("Not a directory", outcome.stderr)

    def test_a_directory_as_output_exits_1(self):
        outcome = self.run_sluice(to_file(self.directory), lines(10))
        self.assert_exit(outcome, 1)
        self.assertIn("is a directory", outcome.stderr.lower())

    def test_a_directory_without_permission_exits_1(self):
        if os.getuid() == 0:
            self.skipTest("root may write everywhere")
        closed = self.directory / "closed"
        closed.mkdir(mode=0o500)
        outcome = self.run_sluice(to_file(closed / "out.ndjson"), lines(10))
        self.assert_exit(outcome, 1)
        self.assertIn("Permission denied", outcome.stderr)

    def test_a_directory_as_stdin_exits_1(self):
        directory = os.open(self.directory, os.O_RDONLY)
        running = self.start(THROUGH, stdin=directory)
        os.close(directory)
        outcome = running.wait(10)
        self.assert_exit(outcome, 1)
        self.assertIn("is a directory", outcome.stderr.lower())

    def test_a_directory_as_input_file_is_an_error_that_names_it(self):
        outcome = self.run_sluice("- generate: {from: file, paths: %s}\n- write: stdout\n" % self.directory)
        self.assertIn(outcome.returncode, (1, 78), outcome.stderr)
        self.assertIn(str(self.directory), outcome.stderr)

    def test_a_missing_input_file_is_an_error_that_names_it(self):
        outcome = self.run_sluice("- generate: {from: file, paths: /nowhere/app.log}\n- write: stdout\n")
        self.assertIn(outcome.returncode, (1, 78), outcome.stderr)
        self.assertIn("/nowhere/app.log", outcome.stderr)

    def test_a_closed_stdin_is_no_input_or_an_error_but_no_hang(self):
        running = self.start(THROUGH, prepare=lambda: os.close(0))
        self.assertIn(running.wait(5).returncode, (0, 1))

    def test_a_closed_stdout_never_lets_data_into_another_file(self):
        outcome = self.run_sluice(THROUGH, lines(10) + b"broken\n", prepare=lambda: os.close(1))
        self.assert_exit(outcome, 1)
        self.assertIn("stdout", outcome.stderr)
        # The run may have failed before it came to that line.
        self.assertIn([reject["raw"] for reject in outcome.rejects], ([], ["broken"]))

    def test_a_closed_stderr_never_lets_messages_into_another_file(self):
        outcome = self.run_sluice(THROUGH, lines(10) + b"broken\n", "--log-level", "debug",
                                  prepare=lambda: os.close(2))
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, lines(10))
        self.assertEqual([reject["raw"] for reject in outcome.rejects], ["broken"])


class Sizes(SluiceTest):
    def test_an_empty_input_is_a_run_of_nothing(self):
        outcome = self.run_sluice(THROUGH, b"")
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, b"")
        self.assert_ledger(outcome, cause="eof", received=0, written=0, filtered=0, rejected=0, abandoned=0)

    def test_empty_lines_only(self):
        outcome = self.run_sluice(THROUGH, b"\n\r\n  \n\t\n\n")
        self.assert_exit(outcome, 0)
        self.assert_ledger(outcome, received=5, filtered=5, written=0, rejected=0)

    def feed_a_huge_line(self, megabytes, end):
        reader, writer = os.pipe()
        running = self.start(THROUGH, stdin=reader)
        os.close(reader)
        hold = os.dup(writer)
        chunk = b"x" * MIB
        self.feed(writer, itertools.chain([b'{"n":1}\n{"n":"'], itertools.repeat(chunk, megabytes), [end]))
        return running, hold

    def test_a_line_of_200_megabytes_is_rejected_without_being_buffered(self):
        megabytes = 20 if SMALL else 200
        running, hold = self.feed_a_huge_line(megabytes, b'"}\n{"n":3}\n')
        running.until_output(b'{"n":3}\n', 60)
        peak = running.memory("VmHWM")
        os.close(hold)
        outcome = running.wait(20)
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, b'{"n":1}\n{"n":3}\n')
        self.assert_ledger(outcome, received=3, written=2, rejected=1)
        self.assertEqual([reject["reason"] for reject in outcome.rejects], ["line_too_long"])
        self.assertLess(os.stat(outcome.directory / "rejects.ndjson").st_size, 8 * MIB)
        if not SANITIZE:
            self.assertLessEqual(peak, 64 * MIB)

    def test_a_huge_line_without_an_end_is_rejected_at_the_end_of_input(self):
        running, hold = self.feed_a_huge_line(5, b"")
        os.close(hold)
        outcome = running.wait(30)
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, b'{"n":1}\n')
        self.assertEqual([reject["reason"] for reject in outcome.rejects], ["line_too_long"])

    def test_max_line_counts_the_bytes_of_the_line_without_its_end(self):
        fits, too_long = b'{"n":"%s"}' % (b"x" * 992), b'{"n":"%s"}' % (b"x" * 993)
        self.assertEqual(len(fits), 1000)
        outcome = self.run_sluice(THROUGH, fits + b"\n" + too_long + b"\n" + fits + b"\r\n", pipeline="max_line: 1000")
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.lines, [fits, fits])
        self.assert_ledger(outcome, rejected=1)

    def test_a_long_run_with_few_descriptors_works(self):
        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
        outcome = self.run_sluice(THROUGH, lines(5000), prepare=few)
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, lines(5000))
