"""Run the sluice binary in tests: configuration in, outcome and checked ledger out, no process left behind.

Environment: SLUICE_BINARY (default build/release/sluice), SLUICE_SANITIZE (the sanitizers it was built with, if any),
SLUICE_TEST_SCALE=small (less data), SLUICE_SHARED_DIR (foreign data), SLUICE_WORKLOADS (where workloads are kept).
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import textwrap
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("SLUICE_BINARY") or ROOT / "build" / "release" / "sluice")
SHARED = pathlib.Path(os.environ.get("SLUICE_SHARED_DIR") or ROOT.parent / "shared")
SANITIZE = os.environ.get("SLUICE_SANITIZE", "")
SMALL = bool(SANITIZE) or os.environ.get("SLUICE_TEST_SCALE") == "small"
PATIENCE = 8.0 if SANITIZE else 2.0  # every deadline is multiplied by it
MIB = 1024 * 1024

_never = threading.Event()


def until(condition, what, seconds=10.0):
    """Wait for a condition that something observable makes true; return its value. Fails after a deadline."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("waited %.0f s in vain for %s" % (seconds * PATIENCE, what))
        _never.wait(0.002)


def check_ledger(ledger):
    """Conservation: every record that was received has ended in exactly one way, and the run is over."""
    gains = ledger["received"] + ledger.get("copied", 0)
    ends = sum(ledger[key] for key in ("written", "filtered", "rejected", "abandoned", "in_flight"))
    assert gains == ends, "the ledger does not balance: %s" % json.dumps(ledger)
    assert ledger["balanced"] is True, "the ledger says of itself that it does not balance: %s" % json.dumps(ledger)


class Outcome:
    """What a finished run left: returncode, stdout (bytes), stderr (text), ledger (dict, or None), seconds."""

    def __init__(self, returncode, stdout, stderr, ledger, directory, seconds=0.0):
        self.returncode, self.stdout, self.stderr, self.ledger = returncode, stdout, stderr, ledger
        self.directory, self.seconds = directory, seconds

    @property
    def lines(self):
        """The lines on stdout, without their ends."""
        return self.stdout.split(b"\n")[:-1] if self.stdout.endswith(b"\n") else self.stdout.split(b"\n")

    @property
    def records(self):
        return [json.loads(line) for line in self.lines] if self.stdout else []

    @property
    def rejects(self):
        path = self.directory / "rejects.ndjson"
        return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


class Running:
    """A run that is under way. Its stdout goes to a file unless told otherwise, its stderr always."""

    def __init__(self, directory, arguments, stdin, stdout, environment, prepare=None, session=False):
        self.directory = directory
        self.out_path, self.err_path = directory / "stdout", directory / "stderr"
        self._owns_stdout = stdout is None
        self.started = time.monotonic()
        with open(self.err_path, "wb") as err, contextlib.ExitStack() as stack:
            if stdout is None:
                stdout = stack.enter_context(open(self.out_path, "wb"))
            self.process = subprocess.Popen(
                [str(BINARY)] + [str(argument) for argument in arguments], stdin=stdin, stdout=stdout, stderr=err,
                cwd=directory, env=environment, preexec_fn=prepare, start_new_session=session)

    @property
    def stdout(self):
        return self.out_path.read_bytes() if self._owns_stdout else b""

    @property
    def stderr(self):
        return self.err_path.read_text(errors="replace")

    def signal(self, number):
        self.process.send_signal(number)

    def output_size(self):
        return os.stat(self.out_path).st_size

    def until(self, condition, what, seconds=10.0):
        """As until(), but fails at once when the process has ended."""
        def alive_and_true():
            value = condition()
            if not value and self.process.poll() is not None:
                value = condition()
                if not value:
                    raise AssertionError("sluice ended with %s before %s; stderr:\n%s"
                                         % (self.process.returncode, what, self.stderr[-4000:]))
            return value
        return until(alive_and_true, what, seconds)

    def until_output(self, text, seconds=10.0):
        return self.until(lambda: text in self.stdout, "%r on stdout" % text, seconds)

    def until_stderr(self, text, seconds=10.0):
        return self.until(lambda: text in self.stderr, "%r on stderr" % text, seconds)

    def memory(self, key="VmHWM"):
        """Bytes, from /proc: VmHWM is the peak of resident memory, VmRSS what is resident now."""
        with open("/proc/%d/status" % self.process.pid) as status:
            for line in status:
                if line.startswith(key + ":"):
                    return int(line.split()[1]) * 1024
        raise AssertionError("no %s in /proc/%d/status" % (key, self.process.pid))

    def wait(self, seconds=30.0):
        """Wait for the end; check that the ledger, if any was written, balances."""
        try:
            self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("sluice did not end within %.0f s; stderr:\n%s"
                                 % (seconds * PATIENCE, self.stderr[-4000:])) from None
        ended = time.monotonic()
        path = self.directory / "ledger.json"
        ledger = json.loads(path.read_text()) if path.exists() else None
        if ledger:
            check_ledger(ledger)
        if SANITIZE and ("Sanitizer" in self.stderr or "runtime error" in self.stderr):
            raise AssertionError("a sanitizer complained:\n" + self.stderr[-8000:])
        return Outcome(self.process.returncode, self.stdout, self.stderr, ledger, self.directory, ended - self.started)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Feeder(threading.Thread):
    """Writes chunks to a descriptor from a thread, until they end, the reader goes away, or stop(). Closes it then."""

    def __init__(self, descriptor, chunks):
        super().__init__(daemon=True)
        self.descriptor, self.chunks, self.accepted, self._stopping = descriptor, chunks, 0, False
        self.start()

    def run(self):
        try:
            for chunk in self.chunks:
                view = memoryview(chunk)
                while view and not self._stopping:
                    count = os.write(self.descriptor, view)
                    self.accepted += count
                    view = view[count:]
                if self._stopping:
                    break
        except OSError:  # EPIPE: the reader is gone
            pass
        finally:
            os.close(self.descriptor)

    def stop(self):
        self._stopping = True


class SluiceTest(unittest.TestCase):
    """A test with a directory of its own; whatever it starts is ended with it."""

    maxDiff = 4000

    def setUp(self):
        if not BINARY.exists():
            self.fail("no binary at %s: build it, or set SLUICE_BINARY" % BINARY)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-"))
        self.addCleanup(shutil.rmtree, self.directory, True)
        self._runs = 0

    def configuration(self, stages, pipeline="", rejects="rejects.ndjson", more=""):
        """The text of a configuration: `stages` is the YAML list, `pipeline` the body of that section on one line."""
        text = "pipeline: {%s}\n" % pipeline if pipeline else ""
        text += "stages:\n" + textwrap.indent(textwrap.dedent(stages).strip("\n"), "  ") + "\n"
        return text + ("rejects: %s\n" % rejects if rejects else "") + textwrap.dedent(more)

    def write(self, name, content):
        path = self.directory / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def start(self, stages, *arguments, pipeline="", stdin=subprocess.DEVNULL, stdout=None, environment=None,
              rejects="rejects.ndjson", prepare=None, session=False):
        """Start `sluice run` on these stages. Each start has a directory of its own under the test's."""
        self._runs += 1
        directory = self.directory / ("run-%d" % self._runs)
        directory.mkdir()
        (directory / "sluice.yaml").write_text(self.configuration(stages, pipeline, rejects))
        ledger = [] if "--ledger" in arguments else ["--ledger", "ledger.json"]
        running = Running(directory, ["run", "sluice.yaml", *ledger, *arguments], stdin, stdout,
                          {**os.environ, **(environment or {})}, prepare, session)
        self.addCleanup(running.kill)
        return running

    def run_sluice(self, stages, input=b"", *arguments, pipeline="", seconds=60.0, **more):
        """Run to the end on input (bytes, or the path of a file)."""
        if isinstance(input, bytes):
            source = self.directory / ("input-%d" % self._runs)
            source.write_bytes(input)
        else:
            source = input
        with open(source, "rb") as file:
            return self.start(stages, *arguments, pipeline=pipeline, stdin=file, **more).wait(seconds)

    def command(self, *arguments, input=None, seconds=30.0, environment=None, directory=None):
        """Any other command of the binary, e.g. command("check", path); run in `directory`, else the test's own."""
        result = subprocess.run([str(BINARY)] + [str(argument) for argument in arguments], input=input,
                                stdin=subprocess.DEVNULL if input is None else None, capture_output=True,
                                cwd=directory or self.directory, timeout=seconds * PATIENCE,
                                env={**os.environ, **(environment or {})})
        stderr = result.stderr.decode(errors="replace")
        if SANITIZE and ("Sanitizer" in stderr or "runtime error" in stderr):
            self.fail("a sanitizer complained:\n" + stderr[-8000:])
        return Outcome(result.returncode, result.stdout, stderr, None, self.directory)

    def check(self, text, *arguments, environment=None):
        """`sluice check` of a configuration given as text."""
        return self.command("check", self.write("sluice.yaml", text), *arguments, environment=environment)

    def feed(self, descriptor, chunks):
        """A Feeder that is stopped with the test."""
        feeder = Feeder(descriptor, chunks)
        self.addCleanup(feeder.stop)
        return feeder

    def fifo(self, name="fifo"):
        """A named pipe: (descriptor to read from, descriptor to write to), both blocking."""
        path = self.directory / name
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        writer = os.open(path, os.O_WRONLY)
        os.set_blocking(reader, True)
        return reader, writer

    def clogged_pipe(self):
        """A descriptor to write to that blocks once the pipe is full, because nobody reads the other end."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        return writer

    def shared(self, path):
        """A file of the shared foreign data; skips the test where it is absent."""
        found = SHARED / path
        if not found.exists():
            self.skipTest("foreign data absent: %s" % found)
        return found

    def workload(self, form, lines, seed=7):
        """The path of what the shared generator makes of these arguments; made once, then kept."""
        generator = self.shared("bench/gen.py")
        home = pathlib.Path(os.environ.get("SLUICE_WORKLOADS") or
                            pathlib.Path(tempfile.gettempdir()) / ("sluice-workloads-%d" % os.getuid()))
        home.mkdir(parents=True, exist_ok=True)
        path = home / ("%s-%d-%d" % (form, lines, seed))
        if not path.exists():
            handle, temporary = tempfile.mkstemp(dir=home)
            with os.fdopen(handle, "wb") as file:
                subprocess.run(["python3", str(generator), form, str(lines), str(seed)], stdout=file, check=True,
                               timeout=120 * PATIENCE)
            os.rename(temporary, path)
        return path

    def assert_ledger(self, outcome, **expected):
        """The ledger has these values."""
        self.assertIsNotNone(outcome.ledger, "no ledger was written; stderr:\n" + outcome.stderr)
        self.assertEqual({key: outcome.ledger[key] for key in expected}, expected, outcome.stderr[-2000:])

    def assert_exit(self, outcome, code):
        self.assertEqual(outcome.returncode, code, "stderr:\n%s" % outcome.stderr[-4000:])


def term(running):
    running.signal(signal.SIGTERM)
