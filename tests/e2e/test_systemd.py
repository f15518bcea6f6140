"""The Debian package in a real systemd: start, reload, watchdog, stop, removal, without losing or doubling a line."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from support.sluice import BINARY, PATIENCE, ROOT, SANITIZE, SHARED

BOX = SHARED / "systemd-in-a-box.sh"
RESULTS = pathlib.Path(os.environ.get("SLUICE_RESULTS") or ROOT / "build" / "results") / "systemd"
RELOADS = 100
BOX_CANNOT = 77
BOX_SILENT = 124


def why_not():
    """Why a systemd cannot be had here; nothing if it can."""
    if SANITIZE:
        return "what is packaged is not built with sanitizers"
    if not BOX.exists():
        return "%s is absent" % BOX
    if os.geteuid() != 0:
        return "booting a systemd needs root"
    for program in ("systemd-nspawn", "cpack", "dpkg-shlibdeps"):
        if shutil.which(program) is None:
            return "%s is not installed" % program
    if not (BINARY.parent / "CPackConfig.cmake").exists():
        return "%s is not a build directory" % BINARY.parent
    return None


class Service(unittest.TestCase):
    """One boot for all: what happened in it is looked at by each test."""

    @classmethod
    def setUpClass(cls):
        reason = why_not()
        if reason:
            raise unittest.SkipTest(reason)
        directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-systemd-"))
        cls.addClassCleanup(shutil.rmtree, directory, True)
        packed = subprocess.run(["cpack", "--config", str(BINARY.parent / "CPackConfig.cmake"), "-B",
                                 str(directory / "package")], capture_output=True, text=True, timeout=300 * PATIENCE)
        if packed.returncode:
            raise AssertionError(packed.stdout + packed.stderr)
        package = next((directory / "package").glob("*.deb"))
        boxed = subprocess.run(
            ["bash", str(BOX), "run", "--time", "280", "--out", str(RESULTS), "--", "env", "SLUICE_RELOADS=%d" % RELOADS,
             "/usr/bin/python3", str(ROOT / "tests" / "support" / "boxed_service.py"), str(package), "/box-out"],
            capture_output=True, text=True, timeout=290, cwd=directory)
        if boxed.returncode == BOX_CANNOT:
            raise unittest.SkipTest(boxed.stderr.strip())
        if boxed.returncode == BOX_SILENT or "mount:" in boxed.stderr:
            raise unittest.SkipTest("no systemd could be booted: " + boxed.stderr[-500:])
        if boxed.returncode:
            raise AssertionError(boxed.stdout + boxed.stderr)
        cls.seen = json.loads((RESULTS / "results.json").read_text())

    def test_it_went_through_to_the_end(self):
        if "failed" in self.seen:
            self.fail("%s\n%s\n%s" % (self.seen["failed"], self.seen["journal"][-3000:], self.seen["tail"]["journal"]))

    def test_the_package_installs_enables_and_starts(self):
        self.assertEqual(self.seen["install"]["status"], 0, self.seen["install"]["text"])
        after = self.seen["after_install"]
        self.assertEqual((after["ActiveState"], after["UnitFileState"]), ("active", "enabled"))

    def test_verify_has_nothing_to_say_and_the_exposure_is_low(self):
        self.assertEqual(self.seen["verify"], "")
        self.assertLessEqual(float(self.seen["exposure"].split(":")[1].split()[0]), 1.5, self.seen["exposure"])

    def test_the_daemon_has_no_capability_and_a_filter(self):
        for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
            self.assertIn(line, self.seen["capabilities"])

    def test_systemctl_status_says_something(self):
        self.assertTrue(self.seen["status"])

    def test_every_line_was_written_once_and_in_order(self):
        self.assertIn("lines", self.seen, self.seen.get("failed"))
        self.assertEqual(self.seen["lines"]["written"], self.seen["lines"]["fed"])
        self.assertTrue(self.seen["lines"]["in_order_and_once"])

    def test_reloads_under_load_keep_the_process_and_refuse_what_is_wrong(self):
        self.assertEqual(self.seen["reloads"], {"good": RELOADS - RELOADS // 10, "bad": RELOADS // 10,
                                                "accepted_bad": 0})
        self.assertTrue(self.seen["same_process"])

    def test_the_watchdog_restarts_a_process_that_hangs(self):
        self.assertEqual(self.seen["watchdog"], {"another_process": True, "journal": True})

    def test_the_watchdog_restarts_when_a_stage_hangs(self):
        self.assertEqual(self.seen["hung"], "restarted")

    def test_stop_is_a_success_and_the_journal_has_the_ledger(self):
        self.assertEqual(self.seen["stop"], 0)
        self.assertEqual(self.seen["result"], {"Result": "success", "ExecMainStatus": "0", "ActiveState": "inactive"})
        self.assertRegex(self.seen["journal"], r"SIGTERM: draining")
        self.assertRegex(self.seen["journal"], r"received = \d+ written")

    def test_what_comes_through_tail_has_no_gap_and_the_stop_is_a_success(self):
        tail = self.seen["tail"]
        self.assertEqual((tail["started"], tail["stopped"], tail["result"]), (0, 0, "success"), tail["journal"])
        self.assertTrue(tail["gapless"])
        self.assertGreater(tail["lines"], 10)

    def test_removal_keeps_and_purge_takes_what_is_ours(self):
        self.assertEqual((self.seen["remove"], self.seen["purge"], self.seen["left"]), (0, 0, []))
        self.assertEqual(len(self.seen["kept"]), 2)
