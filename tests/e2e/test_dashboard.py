"""The dashboard in headless Chromium: against a mock of the admin endpoint, and on a running sluice.

The promises are in tests/dashboard/*_test.js. Screenshots go to build/results/dashboard. Skips, saying so, where there
is no node, no chromium or no playwright-core (script/bootstrap test installs them).
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

from support.sluice import PATIENCE, ROOT, SANITIZE, SluiceTest

HERE = ROOT / "tests" / "dashboard"
MODULES = pathlib.Path(os.environ.get("SLUICE_NODE_MODULES") or ROOT / "build" / "node" / "node_modules")
SOURCES = ROOT / "daemon" / "admin" / "dashboard"
BUDGET = 60 * 1024  # bytes of the page

STAGES = """
- generate: stdin
- parse: json
- filter: keep
- name: split
  route: {routes: {odd: "has(record.n) && n % 2 == 1"}}
- name: odd-ones
  from: odd
  write: {to: file, path: odd.ndjson}
- name: others
  from: otherwise
  write: stdout
"""


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


class Browser(SluiceTest):
    def setUp(self):
        super().setUp()
        self.page = self.directory / "dashboard.html"
        subprocess.run([sys.executable, "-B", str(SOURCES / "assemble.py"), str(self.page)], check=True)

    def keep_promises(self, script, *arguments):
        """Run a script of promises; fail with those that were broken."""
        node = shutil.which("node")
        if not node:
            self.skipTest("no node to drive a browser with; script/bootstrap test installs it")
        environment = {**os.environ, "NODE_PATH": str(MODULES), "PATIENCE": str(PATIENCE),
                       "SCREENSHOTS": str(ROOT / "build" / "results" / "dashboard"), "HOME": str(self.directory),
                       "PAGE": str(self.page)}
        browser = subprocess.run([node, str(HERE / script), *arguments], capture_output=True, text=True,
                                 timeout=240 * PATIENCE, env=environment)
        results = [json.loads(line) for line in browser.stdout.splitlines()]
        if browser.returncode == 77:
            self.skipTest(results[0]["skip"])
        broken = ["%s\n%s" % (result["name"], result["error"]) for result in results if result["error"]]
        self.assertEqual(browser.returncode, 0, browser.stderr[-4000:])
        self.assertGreater(len(results), 3)
        if broken:
            self.fail("%d of %d promises were broken:\n%s" % (len(broken), len(results), "\n\n".join(broken)))


class Page(Browser):
    def test_is_small_and_writes_no_markup_from_data(self):
        page = self.page.read_text()
        self.assertLess(len(page.encode()), BUDGET)
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "https://"):
            self.assertNotIn(way, page)

    @unittest.skipIf(SANITIZE, "the binary has no part in it")
    def test_keeps_its_promises_against_a_mock(self):
        self.keep_promises("mock_test.js")


class RunningSluice(Browser):
    def admin(self):
        """Start sluice with its admin endpoint on a port; (running, URL, path of the FIFO that is its stdin)."""
        reader, writer = self.fifo()
        self.addCleanup(os.close, writer)
        running = self.start(STAGES, "--set", "admin=127.0.0.1:0", stdin=reader)
        os.close(reader)
        said = running.until(lambda: re.search(r"admin endpoint: (127\.0\.0\.1:\d+)", running.stderr), "the port")
        url = "http://%s/" % said[1]
        running.until(lambda: answers(url + "readyz"), "the admin endpoint answering")
        return running, url, self.directory / "fifo"

    def test_serves_what_its_sources_make(self):
        _, url, _ = self.admin()
        self.assertEqual(answers(url), self.page.read_bytes())

    def test_the_page_shows_what_the_daemon_counts(self):
        running, url, fifo = self.admin()
        self.keep_promises("real_test.js", url, str(fifo))
        running.signal(signal.SIGTERM)
        self.assert_exit(running.wait(), 0)
