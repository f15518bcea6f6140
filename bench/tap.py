#!/usr/bin/env python3
"""What viewers cost: job j1 with a tap on every stage beside the same without, as paired ratios.

usage: bench/tap.py [--binary build/release/sluice] [--rounds 15] [--lines 1700000] [--rate 1000]

Each round runs both one after the other on the same page-cached file, in turns which first; the ratios are medians of
those within a round. CPU time is that of sluice alone, answering the viewers included; wall time holds what the viewers
(one Python process, which throws away what it gets) take from it as well. The goal is less than 2 %.
"""
import argparse
import os
import pathlib
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from driver import ROOT, workload

JOB = ROOT / "bench" / "jobs" / "j1.yaml"
GOAL = 1.02


def stages_of():
    """The names of the job's stages: kind and position."""
    kinds = [line.split()[1].rstrip(":") for line in JOB.read_text().splitlines() if line.startswith("  - ")]
    return ["%s-%d" % (kind, position) for position, kind in enumerate(kinds, 1)]


class Viewers(threading.Thread):
    """Opens a tap on each stage as soon as the socket is there, and reads until sluice ends them."""

    def __init__(self, address, stages, rate):
        super().__init__()
        self.address, self.stages, self.rate = address, stages, rate
        self.bytes, self.opened_after, self.over = 0, None, False
        self.start()

    def connect(self, stage):
        connection = socket.socket(socket.AF_UNIX)
        while not self.over:
            try:
                connection.connect(str(self.address))
                break
            except OSError:
                time.sleep(0.0005)
        connection.sendall(b"GET /api/tap/%s?rate=%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % (stage.encode(), self.rate))
        return connection

    def run(self):
        start = time.monotonic()
        with selectors.DefaultSelector() as ready:
            try:
                for stage in self.stages:
                    ready.register(self.connect(stage), selectors.EVENT_READ)
            except OSError:  # sluice has ended already
                pass
            self.opened_after = time.monotonic() - start
            while ready.get_map():
                for key, _ in ready.select():
                    try:
                        data = key.fileobj.recv(1 << 16)
                    except OSError:
                        data = b""
                    self.bytes += len(data)
                    if not data:
                        ready.unregister(key.fileobj)
                        key.fileobj.close()


def measure(binary, path, folder, stages, rate):
    """Wall and CPU seconds of a run; stages to tap, or none."""
    address = folder / "admin.sock"
    with open(path, "rb") as source:
        start = time.monotonic()
        child = subprocess.Popen([binary, "run", JOB, "--set", "admin=%s" % address], stdin=source,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    viewers = Viewers(address, stages, rate) if stages else None
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit("exit code %d" % child.returncode)
    if viewers:
        viewers.over = True
        viewers.join()
        if viewers.opened_after > wall / 2 or viewers.bytes < 1000 * len(stages):
            sys.exit("the taps saw next to nothing: opened after %.3f of %.3f s, %d bytes"
                     % (viewers.opened_after, wall, viewers.bytes))
    return wall, usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=ROOT / "build" / "release" / "sluice", type=pathlib.Path)
    parser.add_argument("--rounds", default=15, type=int)
    parser.add_argument("--lines", default=1_700_000, type=int)
    parser.add_argument("--rate", default=1000, type=int, help="records a second of each tap")
    options = parser.parse_args()
    home = ROOT / "build" / "workloads"
    home.mkdir(parents=True, exist_ok=True)
    path = workload(home, "json", options.lines)
    stages = stages_of()
    ratios = {"wall": [], "CPU": []}
    plain = {"wall": [], "CPU": []}
    with tempfile.TemporaryDirectory(prefix="sluice-tap-") as name:
        for round_number in range(options.rounds + 1):
            order = [stages, []] if round_number % 2 else [[], stages]
            figures = {bool(taps): measure(options.binary.resolve(), path, pathlib.Path(name), taps, options.rate)
                       for taps in order}
            if round_number == 0:  # warms up
                continue
            for key, with_taps, without in zip(ratios, figures[True], figures[False]):
                ratios[key].append(with_taps / without)
                plain[key].append(without)
    size = path.stat().st_size
    print("%d MB, taps on %s, %d records/s each, %d rounds" % (size / 1e6, ", ".join(stages), options.rate,
                                                              options.rounds))
    for key, values in ratios.items():
        middle = statistics.median(values)
        print("%-4s %.3f s without taps; with taps / without: %.3f (%.3f-%.3f)%s"
              % (key, statistics.median(plain[key]), middle, min(values), max(values),
                 "  over the goal of 2 %" if key == "wall" and middle >= GOAL else ""))


if __name__ == "__main__":
    main()
