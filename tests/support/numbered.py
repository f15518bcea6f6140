"""Logs of numbered lines that are rotated while they are written, and what came of their lines."""
import bisect
import collections
import gzip
import json
import os
import pathlib
import re
import subprocess

LINE = re.compile(rb"file-(\d+) line (\d+)")
ROTATED = re.compile(r"^(?P<stem>.*?)(\.\d{8}T\d{6}\.\d{3}Z)?(\.zst|\.gz)?$")


def text_line(file, number):
    return [b"file-%d line %06d %s\n" % (file, number, b"x" * (number % 40))]


def json_line(file, number):
    return [b'{"id":"file-%d line %06d","text":"%s"}\n' % (file, number, b"x" * (number % 40))]


def cri_line(file, number):
    """One to three parts of a message; each is a write of its own."""
    pieces = [b"file-%d line %06d " % (file, number), b"a" * (number % 30), b"b" * (number % 7)][:1 + number % 3]
    form = b"2026-11-25T00:00:00.%09dZ stdout %s %s\n"
    return [form % (number, b"P" if i + 1 < len(pieces) else b"F", piece) for i, piece in enumerate(pieces)]


def java_event(file, number):
    """An exception and its stack."""
    head = b"2026-11-25 00:00:00 ERROR file-%d line %06d\njava.lang.IllegalStateException: x\n" % (file, number)
    frames = b"".join(b"\tat org.example.A.f%d(A.java:%d)\n" % (i, i) for i in range(1 + number % 4))
    return [head + frames]


def broken_line(file, number):
    return [b"broken file-%d line %06d\n" % (file, number)]


class Log:
    """One log: `app-N.log`, `.1` the one before it, and so on. Used by one thread."""

    def __init__(self, directory, file, make=text_line, broken_every=97, chunk=4096):
        self.file, self.make, self.broken_every, self.chunk = file, make, broken_every, chunk
        self.path = directory / ("app-%d.log" % file)
        self.count = 0          # lines written: numbers 1..count
        self.begins = [1]       # the first number of each generation
        self.at_risk = set()    # numbers of lines that were written between copy and truncation
        self._descriptor = -1
        self._create()

    def _create(self):
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def close(self):
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def open_again(self):
        self._create()

    @property
    def rotations(self):
        return len(self.begins) - 1

    def generation(self, number):
        return bisect.bisect_right(self.begins, number)

    def is_broken(self, number):
        return self.broken_every != 0 and number % self.broken_every == 0

    def append(self, lines, tear=None):
        """`tear` is called between the pieces of a line, and between the two halves of the last one."""
        together = b""
        for _ in range(lines):
            self.count += 1
            pieces = (broken_line if self.is_broken(self.count) else self.make)(self.file, self.count)
            together += pieces[0]
            if len(pieces) > 1:
                os.write(self._descriptor, together)
                for piece in pieces[1:-1]:
                    if tear is not None:
                        tear()
                    os.write(self._descriptor, piece)
                together = pieces[-1]
        if tear is None or self.make is java_event:  # an event that stops in its middle for long is two
            os.write(self._descriptor, together)
        else:
            half = len(together) - 7
            os.write(self._descriptor, together[:half])
            tear()
            os.write(self._descriptor, together[half:])

    def identity(self):
        status = os.stat(self.path)
        return status.st_ino, status.st_size

    def _older(self, number):
        return self.path.with_name("%s.%d" % (self.path.name, number))

    def _shift(self):
        last = 1
        while self._older(last).exists():
            last += 1
        for number in range(last, 1, -1):
            os.rename(self._older(number - 1), self._older(number))

    def rotate_by_renaming(self):
        self._shift()
        os.rename(self.path, self._older(1))
        self._create()
        self.begins.append(self.count + 1)

    def rotate_by_copying(self, lines_between=0):
        """What is appended after the copy was made and before the file is truncated is in neither."""
        self._shift()
        with open(self.path, "rb", buffering=0) as source, open(self._older(1), "wb", buffering=0) as copy:
            while piece := source.read(self.chunk):
                copy.write(piece)
        if lines_between:
            first = self.count + 1
            self.append(lines_between)
            self.at_risk.update(range(first, self.count + 1))
        os.truncate(self.path, 0)
        self.begins.append(self.count + 1)

    def remove_oldest(self, keep, is_read):
        """Removes files beyond the `keep` youngest, if all in them was read."""
        last = keep
        while self._older(last + 1).exists():
            last += 1
        for number in range(last, keep, -1):
            status = os.stat(self._older(number))
            if not is_read(status.st_ino, status.st_size):
                return
            os.unlink(self._older(number))


def read_output(path):
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def rotated(path):
    """The files that `write: file` has made of this path, in the order in which they were written."""
    stem = ROTATED.match(path.name)["stem"]
    found = [each for each in path.parent.iterdir()
             if each != path and ROTATED.match(each.name)["stem"] == stem]
    return sorted(found) + ([path] if path.exists() else [])


class Harvest:
    """The lines of some outputs: (file, number) of each, in order."""

    def __init__(self, outputs, check=None):
        """`check` is called with each line as a dictionary, and fails if it is not as it should be."""
        self.lines = []
        for path in outputs:
            for each in rotated(path):
                content = read_output(each)
                if content and not content.endswith(b"\n"):
                    raise AssertionError("%s ends in the middle of a line: %r" % (each, content[-100:]))
                for line in content.splitlines():
                    found = LINE.search(line)
                    if found is None:
                        raise AssertionError("a line that nobody wrote in %s: %r" % (each, line[:200]))
                    if check is not None:
                        check(json.loads(line))
                    self.lines.append((int(found[1]), int(found[2])))

    def twice(self):
        return sorted(line for line, count in collections.Counter(self.lines).items() if count > 1)

    def out_of_order(self, generation_of=lambda line: 0):
        """(file, number before, number) where the numbers of one generation of a file do not rise."""
        last, wrong = {}, []
        for file, number in self.lines:
            key = file, generation_of((file, number))
            if number <= last.get(key, 0):
                wrong.append((file, last[key], number))
            last[key] = number
        return wrong

    def around(self, wrong):
        """The numbers of a file before and after the first place where they do not rise."""
        if not wrong:
            return ""
        file, _, number = wrong[0]
        numbers = [number for each, number in self.lines if each == file]
        at = numbers.index(number)
        return "file-%d: %s" % (file, numbers[max(0, at - 40):at + 40])


def some(lines):
    """For messages: a few of them, and how many there are."""
    lines = sorted(lines)
    return "%d (%s%s)" % (len(lines), ", ".join("file-%d line %d" % line[:2] for line in lines[:8]),
                          ", ..." if len(lines) > 8 else "")


class State:
    """What `sluice.state` says of files that are there."""

    def __init__(self, directory):
        self.path = directory / "sluice.state"

    def files(self):
        """Those that are gone may have had an inode that another one has by now."""
        try:
            saved = json.loads(self.path.read_bytes().split(b"\n")[0])
        except (FileNotFoundError, ValueError):
            return []
        return [each for generator in saved["generators"].values() for each in generator.get("files", [])
                if not each.get("gone")]

    def offsets(self):
        """Inode -> offset."""
        return {each["inode"]: each["offset"] for each in self.files()}

    def has_read_of(self, path, inode):
        """Whether something of the file was read under that name."""
        return any(each["inode"] == inode and each["offset"] != 0 and pathlib.Path(each["path"]).name == path.name
                   for each in self.files())
