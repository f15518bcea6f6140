"""Sum up the results that script/test collected in a directory: `python3 tests/support/summary.py build/results`.

Reads ctest's and pytest's JUnit files, the fuzz results, and the lines of foreign suites in the tests' output:
`foreign suite NAME: N passed, N failed, N skipped`. Exits 1 if anything failed or nothing ran.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

FOREIGN = re.compile(r"^foreign suite (\S[^:]*): (\d+) passed, (\d+) failed(?:, (\d+) skipped)?", re.MULTILINE)


class Counts:
    def __init__(self):
        self.passed, self.failed, self.skipped, self.seconds = 0, 0, 0, 0.0
        self.failures = []

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.seconds += other.seconds
        self.failures += other.failures


def outcome(case):
    """passed, failed or skipped, for a <testcase> of ctest or pytest."""
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def count(cases):
    counts = Counts()
    for case in cases:
        result = outcome(case)
        setattr(counts, result, getattr(counts, result) + 1)
        counts.seconds += float(case.get("time") or 0)
        if result == "failed":
            counts.failures.append("%s.%s" % (case.get("classname"), case.get("name"))
                                   if case.get("classname") != case.get("name") else case.get("name"))
    return counts


def read_suite(directory, foreign):
    """The counts of one preset: C++ tests from ctest, end-to-end tests one by one from the file that each wrote."""
    unit, end_to_end = [], []
    for case in ElementTree.parse(directory / "ctest.xml").iter("testcase"):
        output = "".join(text for text in case.itertext() if text)
        for name, passed, failed, skipped in FOREIGN.findall(output):
            foreign[name] = (int(passed), int(failed), int(skipped or 0))
        details = directory / (case.get("name") + ".xml")
        if case.get("name").startswith("e2e.") and details.exists():
            found = list(ElementTree.parse(details).iter("testcase"))
            end_to_end += found if outcome(case) != "failed" or count(found).failed else found + [case]
        else:
            unit.append(case)
    return count(unit), count(end_to_end)


def main():
    results = pathlib.Path(sys.argv[1])
    total, foreign, rows = Counts(), {}, []

    def row(name, counts):
        rows.append((name, counts))
        total.add(counts)

    for preset in ("release", "asan", "tsan"):
        if (results / preset / "ctest.xml").exists():
            unit, end_to_end = read_suite(results / preset, foreign)
            row(preset + ", unit", unit)
            row(preset + ", end to end", end_to_end)
    fuzz = Counts()
    fuzz_results = results / "fuzz" / "results.txt"
    for line in fuzz_results.read_text().splitlines() if fuzz_results.exists() else []:
        verdict, name = line.split()
        if verdict == "pass":
            fuzz.passed += 1
        else:
            fuzz.failed += 1
            fuzz.failures.append(name)
    if fuzz_results.exists():
        row("fuzz", fuzz)
    broken = results / "broken.txt"
    for line in broken.read_text().splitlines() if broken.exists() else []:
        counts = Counts()
        counts.failed, counts.failures = 1, [line]
        row(line, counts)

    print("%-24s %8s %8s %8s %9s" % ("suite", "passed", "failed", "skipped", "test time"))
    for name, counts in rows:
        print("%-24s %8d %8d %8d %8.1fs" % (name, counts.passed, counts.failed, counts.skipped, counts.seconds))
    if foreign:
        print("\n%-24s %8s %8s %8s" % ("foreign suite", "passed", "failed", "skipped"))
        for name, numbers in sorted(foreign.items()):
            print("%-24s %8d %8d %8d" % ((name,) + numbers))
    for name in total.failures:
        print("failed: " + name)
    print()
    print("%d passed, %d failed, %d skipped" % (total.passed, total.failed, total.skipped))
    return 1 if total.failed or total.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
