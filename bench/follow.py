#!/usr/bin/env python3
"""Following a file beside reading it once: prints how much longer it takes until all of the file is in the output.

usage: bench/follow.py [--binary build/release/sluice] [--rounds 7] [--megabytes 300] [--folder DIR]

Each round reads the same page-cached file once, then follows it, then follows it with checkpoints; the ratios are
medians of those within a round, so that what slows the machine slows all three. The time is that from the start of the
process until the output has its full length.
"""
import argparse
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WAYS = {"once": "follow: false", "follow": "follow: true", "follow, state": "follow: true, state: state"}
CONFIGURATION = """
pipeline: {batch: {linger: 1ms}}
stages:
  - generate: {from: file, paths: %s, %s}
  - write: {to: file, path: out, append: false, encode: raw}
"""


def make_lines(path, megabytes):
    """Lines such as logs have: 60 to 260 bytes."""
    with open(path, "wb") as file:
        form = b"2026-11-25T00:00:%02d.%06dZ info worker-%d %s\n"
        block = b"".join(form % (i % 60, i, i % 8, b"x" * (20 + i * 37 % 200)) for i in range(8192))
        for _ in range(megabytes * 1_000_000 // len(block)):
            file.write(block)
    return path.stat().st_size


def measure(binary, folder, source, size, way):
    """Seconds until all of it is in the output."""
    for stale in (folder / "out", folder / "sluice.yaml"):
        stale.unlink(missing_ok=True)
    shutil.rmtree(folder / "state", ignore_errors=True)
    (folder / "sluice.yaml").write_text(CONFIGURATION % (source, WAYS[way]))
    environment = {name: value for name, value in os.environ.items() if name != "STATE_DIRECTORY"}
    start = time.monotonic()
    child = subprocess.Popen([binary, "run", "sluice.yaml"], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    out = folder / "out"
    while not out.exists() or out.stat().st_size < size:
        if child.poll() not in (None, 0):
            sys.exit(child.stderr.read().decode(errors="replace"))
        time.sleep(0.0005)
    wall = time.monotonic() - start
    if way != "once":  # which ends by itself
        child.send_signal(signal.SIGTERM)
    child.wait()
    if child.returncode != 0:
        sys.exit(f"{way}: exit code {child.returncode}: {child.stderr.read().decode(errors='replace')}")
    child.stderr.close()
    return wall


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=ROOT / "build" / "release" / "sluice", type=pathlib.Path)
    parser.add_argument("--rounds", default=7, type=int)
    parser.add_argument("--megabytes", default=300, type=int)
    parser.add_argument("--folder", type=pathlib.Path, help="where the files go (default: a temporary directory)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-", dir=options.folder) as name:
        folder = pathlib.Path(name)
        source = folder / "source.log"
        size = make_lines(source, options.megabytes)
        times = {way: [] for way in WAYS}
        for round_number in range(options.rounds + 1):
            for way in WAYS:
                took = measure(options.binary.resolve(), folder, source, size, way)
                if round_number > 0:  # the first one warms up
                    times[way].append(took)
        print("%-14s %8s %8s %22s" % ("", "seconds", "MB/s", "ratio (lowest-highest)"))
        for way in WAYS:
            ratios = [mine / base for mine, base in zip(times[way], times["once"])]
            wall = statistics.median(times[way])
            print("%-14s %8.3f %8.0f %8.3f (%.3f-%.3f)" % (way, wall, size / 1e6 / wall, statistics.median(ratios),
                                                         min(ratios), max(ratios)))


if __name__ == "__main__":
    main()
