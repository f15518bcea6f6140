"""Runs inside of a real systemd (test_systemd.py): the life of the installed service, told as JSON.

usage: boxed_service.py PACKAGE RESULTS-DIRECTORY
"""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

PATIENCE = 20.0
FEED = pathlib.Path("/var/log/feed")
OUT = pathlib.Path("/var/log/sluice/out.ndjson")
CONFIGURATION = pathlib.Path("/etc/sluice/pipeline.yaml")
RELOADS = int(os.environ.get("SLUICE_RELOADS", "100"))
STAGES = """stages:
  - generate: {from: file, paths: /var/log/feed/a.log, follow: true}
  - parse: json
  - enrich: {fields: {reload: %d}}
  - write: {to: file, path: /var/log/sluice/out.ndjson}
rejects: /var/log/sluice/rejects.ndjson
"""
HANGING = """stages:
  - generate: {from: demo, rate: 1000/s}
  - write: {to: unix, path: /run/unread.sock}
rejects: drop
"""
WATCHDOG = "[Service]\nWatchdogSec=2s\nRestartSec=100ms\n"
_never = threading.Event()


def until(condition, what, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("waited %.0f s in vain for %s" % (seconds, what))
        _never.wait(0.01)


def call(*words):
    return subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def show(unit, name):
    return call("systemctl", "show", "-P", name, unit).stdout.strip()


def journal(unit):
    return call("journalctl", "--no-pager", "-o", "short-monotonic", "-u", unit).stdout


class Feeder(threading.Thread):
    """Appends numbered lines to a log until it is told to stop."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.count, self._stop_it = path, 0, threading.Event()
        self.start()

    def run(self):
        with open(self.path, "ab", buffering=0) as log:
            while not self._stop_it.wait(0.002):
                lines = b"".join(b'{"n":%d}\n' % n for n in range(self.count, self.count + 10))
                log.write(lines)
                self.count += 10

    def stop(self):
        self._stop_it.set()
        self.join()


class Output:
    """What has been written so far, read on from where the last look ended."""

    def __init__(self):
        self.numbers, self.reloads, self._at, self._rest = [], set(), 0, b""

    def read(self):
        if OUT.exists():
            with open(OUT, "rb") as file:
                file.seek(self._at)
                text = file.read()
            self._at += len(text)
            *lines, self._rest = (self._rest + text).split(b"\n")
            for line in lines:
                record = json.loads(line)
                self.numbers.append(record["n"])
                self.reloads.add(record["reload"])
        return self


def install(package, results):
    # Images of containers forbid starting services; here it is what is looked at.
    pathlib.Path("/usr/sbin/policy-rc.d").unlink(missing_ok=True)
    done = call("dpkg", "-i", package)
    results["install"] = {"status": done.returncode, "text": done.stdout + done.stderr}
    results["after_install"] = {name: show("sluice", name) for name in ("ActiveState", "UnitFileState", "StatusText")}
    results["exposure"] = call("systemd-analyze", "security", "--no-pager", "sluice.service").stdout.splitlines()[-1]
    results["verify"] = call("systemd-analyze", "verify", "sluice.service", "sluice@x.service",
                             "sluice-tail@x.service").stderr


def begin(results):
    """The service on a configuration of its own, with a watchdog that soon loses patience."""
    for unit in ("sluice.service", "sluice@hung.service"):
        directory = pathlib.Path("/etc/systemd/system/%s.d" % unit)
        directory.mkdir(parents=True)
        (directory / "test.conf").write_text(WATCHDOG)
    FEED.mkdir()
    (FEED / "a.log").touch()
    call("chgrp", "-R", "adm", str(FEED))
    os.chmod(FEED / "a.log", 0o640)
    CONFIGURATION.write_text(STAGES % 0)
    call("systemctl", "daemon-reload")
    results["restart"] = call("systemctl", "restart", "sluice").returncode
    until(lambda: show("sluice", "ActiveState") == "active", "the service being active")
    results["status"] = show("sluice", "StatusText")
    results["capabilities"] = pathlib.Path("/proc/%s/status" % show("sluice", "MainPID")).read_text()


def reload_again_and_again(output, results):
    results["reloads"] = {"good": 0, "bad": 0, "accepted_bad": 0}
    process = show("sluice", "MainPID")
    for number in range(1, RELOADS + 1):
        if number % 10 == 0:
            CONFIGURATION.write_text(STAGES % number + "nonsense: 1\n")
            refused = call("systemctl", "reload", "sluice").returncode != 0
            results["reloads"]["bad" if refused else "accepted_bad"] += 1
            continue
        CONFIGURATION.write_text(STAGES % number)
        call("systemctl", "reload", "sluice")
        until(lambda: number in output.read().reloads, "output of reload %d" % number)
        results["reloads"]["good"] += 1
    CONFIGURATION.write_text(STAGES % RELOADS)  # the last one was wrong, and there will be a restart
    results["same_process"] = process == show("sluice", "MainPID")


def hang_the_process(results):
    before = show("sluice", "MainPID")
    os.kill(int(before), signal.SIGSTOP)
    until(lambda: show("sluice", "NRestarts") == "1" and show("sluice", "ActiveState") == "active", "a restart")
    results["watchdog"] = {"another_process": show("sluice", "MainPID") != before, "journal": "Watchdog timeout" in
                           journal("sluice")}


def hang_a_stage(results):
    """A writer whose peer accepts and never reads."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind("/run/unread.sock")
    os.chmod("/run/unread.sock", 0o666)
    listener.listen(16)
    pathlib.Path("/etc/sluice/hung.yaml").write_text(HANGING)
    call("systemctl", "start", "sluice@hung")
    try:
        until(lambda: int(show("sluice@hung", "NRestarts")) >= 1, "the watchdog to restart the hung instance")
    except AssertionError as error:
        results["hung"] = str(error)
    else:
        results["hung"] = "restarted"
    call("systemctl", "kill", "-s", "KILL", "sluice@hung")
    call("systemctl", "stop", "sluice@hung")
    (pathlib.Path(sys.argv[2]) / "journal-hung.txt").write_text(journal("sluice@hung"))
    listener.close()


def tail_a_file(results):
    unit, log = "sluice-tail@var-log-feed-b.log", FEED / "b.log"
    log.touch()
    written = pathlib.Path("/var/log/sluice/tail/var-log-feed-b.log/tail.ndjson")
    started = call("systemctl", "start", unit)
    feeder = Feeder(log)
    until(lambda: written.exists() and written.stat().st_size > 1000, "lines through tail")
    feeder.stop()
    stopped = call("systemctl", "stop", unit)
    numbers = [json.loads(line)["n"] for line in written.read_bytes().splitlines()]
    results["tail"] = {"started": started.returncode, "stopped": stopped.returncode, "lines": len(numbers),
                       "gapless": numbers == list(range(numbers[0], numbers[-1] + 1)),
                       "result": show(unit, "Result"), "journal": journal(unit)}


def end(feeder, output, results):
    feeder.stop()
    until(lambda: len(output.read().numbers) >= feeder.count, "the last line")
    results["stop"] = call("systemctl", "stop", "sluice").returncode
    output.read()
    results["lines"] = {"fed": feeder.count, "written": len(output.numbers),
                        "in_order_and_once": output.numbers == list(range(feeder.count))}
    results["result"] = {name: show("sluice", name) for name in ("Result", "ExecMainStatus", "ActiveState")}


def remove(results):
    results["remove"] = call("dpkg", "-r", "sluice").returncode
    results["kept"] = [str(path) for path in (CONFIGURATION, OUT) if path.exists()]
    results["purge"] = call("dpkg", "-P", "sluice").returncode
    results["left"] = [path for path in ("/etc/sluice/environment", "/var/lib/sluice", "/var/log/sluice", "/run/sluice")
                       if os.path.exists(path)]


def main(package, directory):
    if call("systemd-detect-virt", "--container").stdout.strip() != "systemd-nspawn" or not os.path.isdir("/box-out"):
        sys.exit("this installs a package and changes /etc: it runs in a box only")
    results = {}
    try:
        install(package, results)
        begin(results)
        feeder, output = Feeder(FEED / "a.log"), Output()
        until(lambda: len(output.read().numbers) > 100, "the first lines")
        reload_again_and_again(output, results)
        hang_the_process(results)
        end(feeder, output, results)
        tail_a_file(results)
        hang_a_stage(results)
        remove(results)
    except AssertionError as error:
        results["failed"] = str(error)
    results["journal"] = journal("sluice")
    results.setdefault("tail", {"journal": journal("sluice-tail@*")})
    (pathlib.Path(directory) / "journal.txt").write_text(results["journal"])
    (pathlib.Path(directory) / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
