"""System calls that fail, wherever they may: nothing lost, nothing twice, and an error that says what to do.

tests/support/faults.c makes them fail. SLUICE_SEED=N repeats the choices of a run that failed.
"""
import os
import random
import resource
import shutil
import signal
import subprocess
import unittest

from support import numbered
from support.crashing import FAULTS, Pipeline, seed_for_this_run
from support.numbered import Harvest, Log, some
from support.sluice import SANITIZE, SMALL, SluiceTest

CONFIGURATION = """
pipeline: {checkpoint: %s, workers: 2, batch: {size: 4KiB, linger: 0ms}}
stages:
  - generate: {from: file, paths: 'logs/*.log*', follow: false, state: state}
  - parse: {format: regex, pattern: '^(?P<id>file-\\d+ line (?P<line>\\d+))'}
  - enrich: {fields: {dc: fra1}}
  - write: {to: file, path: out/all.ndjson%s}
rejects: out/rejects.ndjson
"""
ROTATED = ", rotate: {size: 16KiB}"


class FilesToFiles(SluiceTest):
    """Three files that are there, to one that is rotated. A run ends with its input."""

    def prepare(self, lines, checkpoint="1ms", write=ROTATED, prefix=(), broken=29):
        self.seed = seed_for_this_run()
        self.random = random.Random(self.seed)
        home = self.directory
        shutil.rmtree(home / "logs", ignore_errors=True)
        for name in ("logs", "out"):
            (home / name).mkdir(exist_ok=True)
        self.logs = [Log(home / "logs", file, broken_every=broken) for file in range(3)]
        for log in self.logs:
            log.append(lines)
            log.close()
        configuration = CONFIGURATION % (checkpoint, write)
        self.outputs = [home / "out" / "all.ndjson", home / "out" / "rejects.ndjson"]
        self.pipeline = Pipeline(home, configuration, prefix)
        self.addCleanup(self.pipeline.end)

    def expected(self):
        return {(log.file, number) for log in self.logs for number in range(1, log.count + 1)}

    def verify(self, what=""):
        harvest = Harvest(self.outputs, self.check_line)
        missing = self.expected() - set(harvest.lines)
        told = "%s; seed %d; stderr of the last run:\n%s" % (what, self.seed, self.pipeline.stderr[-2000:])
        self.assertFalse(harvest.twice(), "written twice: %s; %s" % (some(harvest.twice()), told))
        self.assertFalse(missing, "lost: %s; %s" % (some(missing), told))
        for path in self.outputs:
            self.assertEqual(Harvest([path]).out_of_order(), [], "%s: not in order; %s" % (path.name, told))

    @staticmethod
    def check_line(record):
        assert "raw" in record or record["dc"] == "fra1", record

    def complete(self):
        """A run without faults, to the end of the input."""
        self.pipeline.start().wait(0)

    def repeat(self):
        """Makes the next run begin anew."""
        for name in ("out", "state"):
            shutil.rmtree(self.directory / name, ignore_errors=True)
        (self.directory / "out").mkdir()


@unittest.skipIf(SANITIZE, "the faults are preloaded, and so is the sanitizer's runtime")
class Faults(FilesToFiles):
    def setUp(self):
        super().setUp()
        if not FAULTS.exists():
            self.fail("no %s: build the target `faults`" % FAULTS)

    def hit(self, faults, code, says=""):
        """A run with faults, which ends with this code and says this; then one without. All lines are there once."""
        with self.subTest(faults=faults):
            self.repeat()
            self.pipeline.start(faults, self.seed).wait(code)
            self.assertTrue(self.pipeline.injected(), "the fault never came")
            self.assertIn(says, self.pipeline.stderr)
            if code == 0:
                self.verify(faults)
            self.complete()
            self.verify(faults)

    def survive(self, faults):
        """Runs with faults that are killed at random moments, or end; then one without."""
        with self.subTest(faults=faults):
            self.repeat()
            injected = 0
            for attempt in range(4 if SMALL else 12):
                self.pipeline.start(faults, self.seed + attempt)
                try:
                    self.pipeline.process.wait(self.random.uniform(0.01, 0.12))
                except subprocess.TimeoutExpired:
                    self.pipeline.process.kill()
                    self.pipeline.process.wait()
                self.assertIn(self.pipeline.process.returncode, (0, 1, -signal.SIGKILL), self.pipeline.stderr)
                injected += len(self.pipeline.injected())
            print("%s: %d faults" % (faults, injected))  # by chance, and before the kill or after it
            self.complete()
            self.verify(faults)

    def leave_much_to_undo(self):
        """A whole run; more input; and a run that is killed, of which no checkpoint was made."""
        self.prepare(1000)
        self.repeat()
        self.complete()
        for log in self.logs:
            log.open_again()
            log.append(1000)
            log.close()
        self.pipeline.start("write:kill@40=/out/;open:EMFILE=sluice.state.new$").wait(-signal.SIGKILL)

    def test_short_and_interrupted_calls_do_not_matter(self):
        self.prepare(1000)
        self.hit("write:short%30=/out/;write:EINTR%10=/out/", 0)
        self.hit("read:short%30=/logs/;read:EINTR%20=/logs/", 0)
        self.hit("write:short%50=/state/;write:EINTR%30=/state/", 0)
        self.hit("read:short=/state/;write:short=/;read:EINTR%20=/", 0)

    def test_a_write_that_fails_ends_the_run(self):
        self.prepare(1000)
        for rule in ("write:ENOSPC@7=all.ndjson$", "write:EIO@1=all.ndjson$", "write:EDQUOT@20+=/out/",
                     "write:short%50=/out/;write:ENOSPC@9+=/out/"):
            self.hit(rule, 1, "cannot write to out/")
        self.hit("write:ENOSPC@1=rejects.ndjson$", 1, "No space left on device")

    def test_a_piece_of_a_line_that_cannot_be_cut_off_again_is_cut_off_at_the_next_start(self):
        self.prepare(1000)
        self.hit("write:short@8=all.ndjson$;write:ENOSPC@8=all.ndjson$;truncate:EIO=/out/", 1, "No space left")

    def test_a_sync_that_fails_ends_the_run_and_what_it_lost_is_written_again(self):
        for sync in ("batch", "interval, sync_interval: 1ms"):
            self.prepare(1000, write=ROTATED + ", sync: " + sync)
            for rule in ("fsync:EIO@1=/out/", "fsync:EIO@9=/out/", "fsync:lose@3=all.ndjson$",
                         "fsync:lose@12=all.ndjson$", "fsync:late@5=all.ndjson$"):
                self.hit(rule, 1, "cannot sync")

    def test_names_are_synced_with_what_is_in_the_files(self):
        self.prepare(1000, write=ROTATED + ", sync: batch")
        for number in (1, 2):  # of the output, of its next file, or of the rejects: whichever comes first
            self.hit("fsync:EIO@%d=/out$" % number, 1, "cannot sync out/")

    def test_rejects_are_safe_before_positions_move_past_them(self):
        self.prepare(1000)
        self.hit("fsync:EIO@1=/out$", 1, "cannot sync out/rejects.ndjson")
        self.hit("fsync:lose@1=rejects.ndjson$", 1, "cannot sync out/rejects.ndjson")

    def test_a_rotation_that_fails_ends_the_run(self):
        self.prepare(1000)
        self.hit("rename:EIO@2=/out/", 1, "cannot rename out/all.ndjson")
        self.hit("rename:late@2=/out/", 1, "cannot rename out/all.ndjson")
        self.hit("open:EMFILE@3=all.ndjson$", 1, "cannot open out/all.ndjson")
        self.hit("open:EACCES@1=rejects.ndjson$", 1, "cannot open out/rejects.ndjson")

    def test_a_state_that_cannot_be_written_is_said_and_tried_again(self):
        """The run goes on: the checkpoint before stays valid. Only the last one must be made."""
        self.prepare(4000)
        for rule in ("write:ENOSPC@1=sluice.state.new$", "fsync:EIO@1=sluice.state.new$",
                     "rename:EIO@1=sluice.state$", "open:EMFILE@1=sluice.state.new$", "open:EIO@3=/journal.",
                     "fsync:EIO@1=/state$"):
            self.hit(rule, 0, "no checkpoint can be made")
            self.assertEqual(self.pipeline.ledger()["received"], 0)
        for rule in ("write:ENOSPC@2+=sluice.state.new$", "rename:EIO@2+=sluice.state$", "fsync:EIO@2+=/state$"):
            self.hit(rule, 1, "the last checkpoint could not be made")

    def test_a_change_that_cannot_be_noted_is_not_made(self):
        self.prepare(1000)
        self.hit("write:ENOSPC@1+=/journal.", 1, "No space left on device")
        self.hit("write:short@5=/journal.;write:ENOSPC@5+=/journal.", 1, "No space left on device")
        # Once only: it ends the run if a writer needs the note, and not if a checkpoint does, which is made later then.
        self.hit("write:short@5=/journal.;write:ENOSPC@5=/journal.;truncate:EIO=/journal.", None)

    def test_a_start_that_cannot_read_its_state_reads_nothing_else(self):
        for rule in ("read:EIO@1=sluice.state$", "open:EACCES=sluice.state$", "read:EIO=/journal.",
                     "open:EACCES=/journal."):
            with self.subTest(faults=rule):
                self.leave_much_to_undo()
                self.pipeline.start(rule).wait(1)
                self.assertTrue(self.pipeline.injected(), self.pipeline.stderr)
                self.assertIn("state/", self.pipeline.stderr)
                self.assertEqual(self.pipeline.ledger()["received"], 0)
                self.complete()
                self.verify(rule)

    def test_an_undoing_that_fails_can_be_done_again(self):
        for rule in ("truncate:EIO@1=/out/", "rename:EIO@1=/out/", "truncate:late@1=/out/", "rename:late@1=/out/"):
            with self.subTest(faults=rule):
                self.leave_much_to_undo()
                self.pipeline.start(rule).wait(1)
                self.assertTrue(self.pipeline.injected(), self.pipeline.stderr)
                self.complete()
                self.verify(rule)

    def test_faults_and_kills_together(self):
        self.prepare(2000)
        self.survive("write:short%20=/;write:EINTR%10=/;read:short%20=/;read:EINTR%10=/")
        self.survive("write:ENOSPC%1=/out/;rename:EIO%5=/out/")
        self.survive("write:ENOSPC%5=/state/;fsync:EIO%10=/state;rename:late%10=/state/;open:EMFILE%5=/state/")
        self.survive("read:EIO%5=/logs/;open:EMFILE%5=/logs/")
        self.survive("truncate:EIO%20=/;unlink:EIO%20=/;close:EIO%20=/")
        self.prepare(2000, write=ROTATED + ", sync: batch")
        self.survive("fsync:lose%3=/out/;write:short%20=/out/")

    def test_a_kill_at_every_change_that_is_made(self):
        """Writing, renaming, truncating, removing, creating: all of them in turn, whole and torn."""
        self.prepare(450, write=", rotate: {size: 8KiB}", checkpoint="0s")
        for torn in ("kill", "torn"):
            number, step = 1, 7 if SMALL else 1
            while True:
                self.repeat()
                code = self.pipeline.start("change:%s@%d=%s" % (torn, number, self.directory)).wait()
                if code == 0:
                    break
                self.assertEqual(code, -signal.SIGKILL, self.pipeline.stderr)
                self.complete()
                self.verify("%s at change %d: %s" % (torn, number, self.pipeline.injected()))
                number += step
            self.verify("%s: none" % torn)
            self.assertGreater(number, 40)
            print("%s at each of %d changes (step %d)" % (torn, number - 1, step))

    def test_a_kill_at_every_change_that_is_made_while_undoing(self):
        self.prepare(450, write=", rotate: {size: 4KiB}", checkpoint="1h")
        number = 1
        while True:
            self.repeat()
            self.pipeline.start("write:kill@20=all.ndjson$").wait(-signal.SIGKILL)
            names = sorted(os.listdir(self.directory / "out"))
            code = self.pipeline.start("change:kill@%d=/out/" % number).wait()
            if code == 0 or number > 25:
                break
            for again in range(1, 3):
                self.pipeline.start("change:kill@%d=/out/" % again).wait(-signal.SIGKILL)
            self.complete()
            self.verify("undoing was killed at change %d of files %s" % (number, names))
            number += 1
        self.assertGreater(number, 10)

    def test_a_file_that_cannot_be_read(self):
        self.prepare(1000)
        self.hit("read:EIO=app-0.log$", 1, "app-0.log")
        self.hit("open:EACCES=app-1.log", 1, "app-1.log")

    def test_a_followed_file_that_cannot_be_read_is_said_once_and_read_later(self):
        self.prepare(1000)
        self.follow()
        for rule in ("open:EACCES@1=app-0.log$", "open:EMFILE@2=/logs/", "read:EIO@4=app-0.log$"):
            with self.subTest(faults=rule):
                self.repeat()
                self.pipeline.start(rule, self.seed)
                self.pipeline.until(self.is_complete, "all was read")
                self.pipeline.stop()
                self.assertTrue(self.pipeline.injected())
                self.assertIn("cannot read", self.pipeline.stderr, self.pipeline.injected())
                self.verify(rule)

    def follow(self):
        text = (self.pipeline.directory / "sluice.yaml").read_text().replace("follow: false", "follow: true")
        (self.pipeline.directory / "sluice.yaml").write_text(text)

    def test_a_copy_that_cannot_be_read_is_waited_for(self):
        """An original is cut while nobody looks; what comes in the way of knowing its copy says nothing about it."""
        said = 0
        for rule in ("open:EACCES@1=app-0.log.1$", "open:EIO@2=app-0.log.1$", "read:EIO@1=app-0.log.1$",
                     "read:EIO@2=app-0.log.1$", "read:EIO@3=app-0.log.1$", "read:EIO@1=app-0.log$",
                     "read:EIO@2=app-0.log$"):
            with self.subTest(faults=rule):
                self.prepare(200)
                self.repeat()
                self.follow()
                self.pipeline.start()
                self.pipeline.until(self.is_complete, "all was read")
                self.pipeline.stop()
                log = self.logs[0]
                log.open_again()
                log.append(100)
                log.rotate_by_copying()
                log.append(1000)
                log.close()
                self.pipeline.start(rule, self.seed)
                self.pipeline.until(self.is_complete, "all was read, after " + rule)
                self.pipeline.stop()
                self.assertTrue(self.pipeline.injected())
                said += "cannot read" in self.pipeline.stderr
                self.verify(rule)
        self.assertGreaterEqual(said, 3)  # it depends on what the reads are for

    def is_complete(self):
        try:
            return set(Harvest(self.outputs).lines) == self.expected()
        except (AssertionError, FileNotFoundError):
            return False


class FullDisk(FilesToFiles):
    """Disks of their own that are really full, in a mount namespace that a process holds."""

    SIZE = 512 * 1024

    def mount(self, name):
        """A small file system at directory/name, for the pipeline; the path at which the test sees it."""
        home = self.directory / name
        home.mkdir(exist_ok=True)
        holder = subprocess.Popen(
            ["unshare", "-rm", "sh", "-c",
             "mount -t tmpfs -o size=%d,nr_inodes=500 none %s && echo mounted && exec sleep 600" % (self.SIZE, home)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        if holder.stdout.readline() != "mounted\n":
            self.skipTest("no file system can be mounted here: " + holder.stderr.read().strip())
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.stderr.close)
        self.prefix = ["nsenter", "--user", "--mount", "--preserve-credentials", "--target", str(holder.pid), "--",
                       "sh", "-c", 'cd "$0" && exec "$@"', str(self.directory)]  # its working directory is outside
        return type(home)("/proc/%d/root" % holder.pid) / str(home).lstrip("/")

    def fill(self, disk, leave):
        """Leaves so many bytes on it."""
        (disk / "filler").unlink(missing_ok=True)
        room = os.statvfs(disk)
        with open(disk / "filler", "wb") as file:
            file.write(b"x" * (room.f_bavail * room.f_bsize - leave))

    def test_a_full_disk_of_the_output_ends_the_run_and_the_next_one_goes_on(self):
        disk = self.mount("out")
        self.prepare(2000, prefix=self.prefix)
        self.outputs = [disk / "all.ndjson", disk / "rejects.ndjson"]
        for leave in (0, 12288, 100 * 1024, 150 * 1024):
            self.fill(disk, leave)
            self.pipeline.start().wait(1)
            self.assertIn("No space left on device", self.pipeline.stderr)
        (disk / "filler").unlink()
        self.complete()
        self.verify("the disk was full")

    def test_a_full_disk_of_the_state_too(self):
        disk = self.mount("both")
        (disk / "out").mkdir()
        self.prepare(2000, prefix=self.prefix)
        text = (self.directory / "sluice.yaml").read_text()
        text = text.replace("out/", "both/out/").replace("state: state", "state: both/state")
        (self.directory / "sluice.yaml").write_text(text)
        self.outputs = [disk / "out" / "all.ndjson", disk / "out" / "rejects.ndjson"]
        for leave in (0, 8192, 24576, 60 * 1024, 100 * 1024, 150 * 1024):
            self.fill(disk, leave)
            self.pipeline.start().wait(1)
            self.assertIn("No space left on device", self.pipeline.stderr)
        (disk / "filler").unlink()
        self.complete()
        self.verify("the disk was full")

    def test_a_limit_of_the_size_of_files(self):
        self.prepare(2000, write="")
        for limit in (1000, 20_000, 60_000):
            def bounded():
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            self.pipeline.start(prepare=bounded).wait(1)
            self.assertIn("File too large", self.pipeline.stderr)
        self.complete()
        self.verify("files were limited")


if __name__ == "__main__":
    unittest.main()
