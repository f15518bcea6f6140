"""Run one pipeline again and again on the same files, and kill it."""
import json
import os
import pathlib
import random
import signal
import subprocess

from support.sluice import BINARY, PATIENCE, SANITIZE, check_ledger, until

FAULTS = BINARY.parent / "faults.so"


def seed_for_this_run():
    """SLUICE_SEED, to repeat a failure; else another one each time."""
    return int(os.environ.get("SLUICE_SEED") or random.randrange(1, 1 << 31))


class Pipeline:
    """A configuration in a directory, and the runs of it: at most one at a time."""

    def __init__(self, directory, configuration, prefix=()):
        self.directory = pathlib.Path(directory)
        (self.directory / "sluice.yaml").write_text(configuration)
        self.runs, self.process, self.prefix = 0, None, list(prefix)
        self.err_path = self.directory / "stderr"
        self.faults_path = self.directory / "faults"

    def start(self, faults="", seed=1, prepare=None):
        self.runs += 1
        environment = dict(os.environ)
        if faults:
            environment.update(LD_PRELOAD=str(FAULTS), SLUICE_FAULTS=faults, SLUICE_FAULTS_SEED=str(seed),
                               SLUICE_FAULTS_LOG=str(self.faults_path))
        for stale in (self.directory / "ledger.json", self.faults_path):
            stale.unlink(missing_ok=True)
        with open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(
                self.prefix + [str(BINARY), "run", "sluice.yaml", "--ledger", "ledger.json"],
                stdin=subprocess.DEVNULL, stdout=err, stderr=err, cwd=self.directory, env=environment,
                preexec_fn=prepare)
        return self

    @property
    def stderr(self):
        return self.err_path.read_text(errors="replace")

    def injected(self):
        """Each fault of the last run: `CALL EFFECT PATH`."""
        return self.faults_path.read_text().splitlines() if self.faults_path.exists() else []

    def handles(self, number):
        """Whether the process has taken charge of this signal."""
        try:
            with open("/proc/%d/status" % self.process.pid) as status:
                masks = {line.split(":")[0]: int(line.split()[1], 16) for line in status if line.startswith("Sig")
                         and not line.startswith("SigQ")}
        except (FileNotFoundError, ProcessLookupError):
            return False
        return bool((masks.get("SigCgt", 0) | masks.get("SigBlk", 0)) >> (number - 1) & 1)

    def until(self, condition, what, seconds=10.0):
        def alive_and_true():
            value = condition()
            if not value and self.process.poll() is not None and not condition():
                raise AssertionError("run %d ended with %s before %s; stderr:\n%s"
                                     % (self.runs, self.process.returncode, what, self.stderr[-4000:]))
            return value
        return until(alive_and_true, what, seconds)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """SIGKILL; fails if the run had ended by itself with an error."""
        self.process.kill()
        code = self.process.wait()
        self.check_sanitizer()
        if code not in (-signal.SIGKILL, 0):
            raise AssertionError("run %d ended with %d before it was killed; stderr:\n%s"
                                 % (self.runs, code, self.stderr[-4000:]))

    def stop(self, seconds=20.0):
        """SIGTERM, and a drain that accounts for everything."""
        self.until(lambda: self.handles(signal.SIGTERM), "SIGTERM was handled")
        self.signal(signal.SIGTERM)
        self.wait(0, seconds)

    def wait(self, code=None, seconds=30.0):
        """The end of the run; with `code` it must be this one. Returns the code."""
        try:
            self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            self.end()
            raise AssertionError("run %d did not end; stderr:\n%s" % (self.runs, self.stderr[-4000:])) from None
        self.check_sanitizer()
        ledger = self.ledger()
        if ledger:
            check_ledger(ledger)
        if code is not None and self.process.returncode != code:
            raise AssertionError("run %d ended with %d, not with %d; stderr:\n%s"
                                 % (self.runs, self.process.returncode, code, self.stderr[-4000:]))
        return self.process.returncode

    def ledger(self):
        path = self.directory / "ledger.json"
        return json.loads(path.read_text()) if path.exists() else None

    def check_sanitizer(self):
        if SANITIZE and ("Sanitizer" in self.stderr or "runtime error" in self.stderr):
            raise AssertionError("a sanitizer complained:\n" + self.stderr[-8000:])

    def end(self):
        """Whatever it is doing."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
