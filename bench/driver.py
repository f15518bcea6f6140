#!/usr/bin/env python3
"""Runs the jobs of bench/jobs beside their limit programs and prints ratios. Called by script/bench.

Each round runs the limit and sluice one after the other on the same page-cached file; a row's figures are medians over
the rounds, its ratios medians of the ratios within a round, so that what slows the machine slows both.
"""
import argparse
import filecmp
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
GENERATOR = ROOT.parent / "shared" / "bench" / "gen.py"

# name: (workload, lines for 500 MB, limit program, goal for CPU, peers: command lines that do the same)
JOBS = {
    "j1": ("json", 1_700_000, ["limit_json", "filter"], 1.5, {
        "jq": ["jq", "-c", 'select(.level == "error") | .dc = "fra1"'],
        "mlr": ["mlr", "--ijsonl", "--ojsonl", "filter", '$level == "error"', "then", "put", '$dc = "fra1"']}),
    "j2": ("json", 1_700_000, ["limit_json", "add"], 1.5, {
        "jq": ["jq", "-c", '.dc = "fra1"'],
        "mlr": ["mlr", "--ijsonl", "--ojsonl", "put", '$dc = "fra1"']}),
    "j3": ("combined", 3_500_000, ["limit_combined"], 2.0, {}),
    "j4": ("rfc5424", 2_500_000, ["limit_syslog"], 2.0, {}),
    "j5": ("combined", 3_500_000, ["limit_regex"], 1.3, {}),
}
PEER_BYTES = 20 << 20  # peers are slow: they get the first 20 MiB, and sluice's rate is compared


class Run:
    """One run of a command on a file: wall and CPU seconds, peak resident MiB.

    The kernel counts what this process held before it became the command, so this process keeps small."""

    def __init__(self, command, path, out=None):
        with open(path, "rb") as source, open(out or os.devnull, "wb") as sink:
            start = time.monotonic()
            child = subprocess.Popen(command, stdin=source, stdout=sink, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(child.pid, 0)
            self.wall = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: exit code {child.returncode}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss / 1024


def workload(folder, kind, lines):
    path = folder / f"{kind}-{lines}"
    if not path.exists():
        print(f"making {path} ...", file=sys.stderr)
        part = path.with_suffix(".part")
        with open(part, "wb") as out:
            subprocess.run([sys.executable, GENERATOR, kind, str(lines)], stdout=out, check=True)
        part.rename(path)
    with open(path, "rb") as file:  # into the page cache
        while file.read(1 << 20):
            pass
    return path


def same_output(job, limit, sluice, path, folder):
    """Whether both programs write the same bytes for the first part of the workload."""
    part = folder / f"{job}.part"
    with open(path, "rb") as source, open(part, "wb") as target:
        while target.tell() < PEER_BYTES and (line := source.readline()):
            target.write(line)
    outputs = [folder / f"{job}.out-{i}" for i in range(2)]
    for command, out in zip((limit, sluice), outputs):
        Run(command, part, out)
    same = filecmp.cmp(*outputs, shallow=False)
    for out in outputs:
        out.unlink()
    return part, same


def measure(job, binaries, folder, options):
    kind, lines, limit, goal, peers = JOBS[job]
    path = workload(folder, kind, lines // options.divide)
    limit = [binaries / "bench" / limit[0], *limit[1:]]
    sluice = [binaries / "sluice", "run", ROOT / "bench" / "jobs" / f"{job}.yaml", "--log-level", "error"]
    if subprocess.run([binaries / "sluice", "check", sluice[2]], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL).returncode != 0:
        print(f"{job:4} skipped: this sluice cannot run {sluice[2].name} yet")
        return None
    part, same = same_output(job, limit, sluice, path, folder)
    pairs = [(Run(limit, path), Run(sluice, path)) for _ in range(options.rounds)]
    median = statistics.median
    cpu = median(s.cpu / l.cpu for l, s in pairs)
    wall = median(s.wall / l.wall for l, s in pairs)
    size = path.stat().st_size / 1e9
    print(f"{job:4} {size:5.2f} GB  limit {size / median(l.wall for l, _ in pairs):5.2f} GB/s"
          f"  sluice {size / median(s.wall for _, s in pairs):5.2f} GB/s"
          f"  CPU {cpu:5.2f} x (goal {goal})  wall {wall:5.2f} x  memory {max(s.memory for _, s in pairs):4.0f} MiB"
          f"  output {'same' if same else 'other form'}", flush=True)
    figures = {"cpu": round(cpu, 3), "wall": round(wall, 3), "memory": round(max(s.memory for _, s in pairs))}
    compare(figures, options.recorded.get(job))
    for name, command in peers.items():
        if shutil.which(command[0]):
            peer, ours = Run(command, part), Run(sluice, part)
            print(f"     {name}: {peer.cpu / ours.cpu:5.1f} x our CPU, {peer.wall / ours.wall:5.1f} x our wall time", flush=True)
    return figures


def compare(figures, recorded):
    """A line that says how the ratios have changed since they were recorded."""
    if recorded:
        changes = [f"{name} {figures[name]:.2f}, was {recorded[name]:.2f} ({figures[name] / recorded[name] - 1:+.0%})"
                   for name in ("cpu", "wall")]
        print("     recorded: " + "; ".join(changes), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("jobs", nargs="*", default=list(JOBS), metavar="JOB", help=f"of {', '.join(JOBS)}; default: all")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "bench")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "build" / "bench-data")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--divide", type=int, default=1, help="use inputs of 1/N of the full 500 MB")
    parser.add_argument("--compare", type=pathlib.Path, metavar="FILE", help="also say what has changed since --save FILE")
    parser.add_argument("--save", type=pathlib.Path, metavar="FILE", help="record the ratios (bench/recorded.json)")
    options = parser.parse_args()
    options.recorded = json.loads(options.compare.read_text()) if options.compare else {}
    if not GENERATOR.exists():
        sys.exit(f"{GENERATOR} is not here: the workloads come from it")
    options.data.mkdir(parents=True, exist_ok=True)
    print(f"{os.cpu_count()} cores, {options.rounds} rounds, medians; CPU and wall are ratios to the limit program")
    figures = {job: measure(job, options.build, options.data, options) for job in options.jobs}
    if options.save:
        figures = {job: figure for job, figure in figures.items() if figure}
        options.save.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
