"""The admin endpoint of a running sluice, and the commands that ask it: status, top, tap, reload."""
import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import stat
import subprocess

from support.sluice import BINARY, PATIENCE, Running, SluiceTest, term, until

STAGES = """
- generate: stdin
- parse: json
- filter: keep
- write: stdout
"""
LINES = [b'{"n": %d, "keep": %s}' % (n, b"true" if n % 3 else b"false") for n in range(300)] + [b"broken"] * 7
ENDS = ("received", "copied", "written", "filtered", "rejected", "abandoned", "in_flight")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connection(address):
    if "/" in str(address):
        return UnixConnection(address, 20 * PATIENCE)
    host, port = address.rsplit(":", 1)
    return http.client.HTTPConnection(host, int(port), timeout=20 * PATIENCE)


def ask(address, path, method="GET", headers=None):
    """(status, body) of one request."""
    with contextlib.closing(connection(address)) as client:
        client.request(method, path, headers=headers or {})
        answer = client.getresponse()
        return answer.status, answer.read().decode()


def answers(address):
    try:
        return ask(address, "/readyz")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def metrics(text):
    """{(name, ((label, value)...)): number} of a text in Prometheus' format."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
        found[name, tuple(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or ""))] = float(value)
    return found


class AdminTest(SluiceTest):
    def begin(self, stages=STAGES, admin=None, **more):
        """A run on a pipe, with its admin endpoint up: (running, address, descriptor of the pipe)."""
        address = admin or str(self.directory / "admin.sock")
        reader, writer = os.pipe()
        running = self.start(stages, "--set", "admin=%s" % address, stdin=reader, pipeline="batch: {linger: 0ms}", **more)
        os.close(reader)
        self.addCleanup(self.close, writer)
        running.until(lambda: answers(address), "the admin endpoint answering")
        return running, address, writer

    @staticmethod
    def close(descriptor):
        with contextlib.suppress(OSError):
            os.close(descriptor)

    def settled(self, address, received):
        """The ledger, once so many records were received and all of them have ended."""
        def ledger():
            now = json.loads(ask(address, "/api/ledger")[1])
            return now if now["received"] == received and now["in_flight"] == 0 else None
        return until(ledger, "%d records ending" % received)

    def fed(self, **more):
        running, address, writer = self.begin(**more)
        os.write(writer, b"\n".join(LINES) + b"\n")
        return running, address, writer, self.settled(address, len(LINES))


class Endpoint(AdminTest):
    def test_metrics_are_the_ledger_at_exit(self):
        running, address, writer, live = self.fed()
        text = ask(address, "/metrics")[1]
        os.close(writer)
        outcome = running.wait()
        self.assert_exit(outcome, 0)
        self.assertEqual([live[key] for key in ENDS], [outcome.ledger[key] for key in ENDS])
        self.assertEqual((live["filtered"], live["rejected"]), (100, 7))
        found = metrics(text)
        for stage in outcome.ledger["stages"]:
            for result in ("in", "out", "filtered", "rejected"):
                key = "sluice_records_total", (("stage", stage["name"]), ("result", result))
                self.assertEqual(found[key], stage[result], key)
            for reason, count in stage.get("errors", {}).items():
                self.assertEqual(found["sluice_errors_total", (("stage", stage["name"]), ("reason", reason))], count)
        sums = {result: sum(value for (name, labels), value in found.items()
                            if name == "sluice_records_total" and ("result", result) in labels)
                for result in ("filtered", "rejected", "abandoned")}
        self.assertEqual(sums, {result: outcome.ledger[result] for result in sums})
        self.assertEqual(found["sluice_bytes_total", (("stage", "generate-1"), ("direction", "in"))],
                         outcome.ledger["bytes_in"])

    def test_metrics_satisfy_promtool(self):
        promtool = shutil.which("promtool")
        if promtool is None:
            self.skipTest("promtool is not installed; script/bootstrap test installs it")
        _, address, _, _ = self.fed()
        checked = subprocess.run([promtool, "check", "metrics"], input=ask(address, "/metrics")[1], text=True,
                                 capture_output=True, timeout=30 * PATIENCE)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    def test_rejected_lines_can_be_looked_at(self):
        _, address, _, _ = self.fed()
        rejects = json.loads(ask(address, "/api/rejects")[1])
        self.assertEqual([(c["stage"], c["count"]) for c in rejects["counts"]], [("parse-2", 7)])
        self.assertEqual({sample["raw"] for sample in rejects["samples"]}, {"broken"})

    def test_the_socket_is_for_its_group_and_goes_with_the_process(self):
        running, address, writer = self.begin(prepare=lambda: os.umask(0o077))
        self.assertEqual(stat.S_IMODE(os.stat(address).st_mode), 0o660)
        os.close(writer)
        self.assert_exit(running.wait(), 0)
        self.assertFalse(os.path.exists(address))

    def test_a_socket_left_by_a_killed_process_is_taken_over(self):
        first, address, _ = self.begin()
        first.kill()
        self.assertTrue(os.path.exists(address))
        second, address, writer = self.begin()
        os.close(writer)
        self.assert_exit(second.wait(), 0)

    def test_the_socket_of_a_running_process_is_left_to_it(self):
        first, address, writer = self.begin()
        outcome = self.start(STAGES, "--set", "admin=%s" % address).wait()
        self.assert_exit(outcome, 1)
        self.assertIn("another process answers at %s" % address, outcome.stderr)
        self.assertTrue(answers(address))
        os.close(writer)
        self.assert_exit(first.wait(), 0)

    def test_a_token_is_asked_for_and_never_shown(self):
        token = self.write("token", "a-secret-of-this-test\n")
        reader, writer = os.pipe()
        self.addCleanup(self.close, writer)
        directory = self.directory / "tokened"
        directory.mkdir()
        configuration = directory / "p.yaml"
        admin = "admin: {listen: '%s', token_file: %s}\n"
        configuration.write_text(self.configuration(STAGES, more=admin % ("127.0.0.1:0", token)))
        running = self.start_file(configuration, reader)
        os.close(reader)
        address = running.until(lambda: re.search(r"admin endpoint: (127\.0\.0\.1:\d+)", running.stderr), "the port")[1]
        configuration.write_text(self.configuration(STAGES, more=admin % (address, token)))
        running.until(lambda: answers(address), "the admin endpoint answering")
        self.assertEqual(ask(address, "/api/ledger")[0], 401)
        self.assertEqual(ask(address, "/api/ledger", headers={"Authorization": "Bearer wrong"})[0], 401)
        self.assertEqual(ask(address, "/healthz")[0], 200)
        refused = self.command("status", "--admin", address)
        self.assert_exit(refused, 1)
        self.assertIn("--token-file", refused.stderr)
        self.assert_exit(self.command("status", "--admin", address, "--token-file", token), 0)
        self.assert_exit(self.command("status", configuration), 0)
        self.assert_exit(self.command("status", "--admin", address,
                                      environment={"SLUICE_ADMIN_TOKEN": "a-secret-of-this-test"}), 0)
        os.close(writer)
        self.assertNotIn("a-secret-of-this-test", running.wait().stderr)

    def start_file(self, configuration, stdin):
        running = Running(configuration.parent, ["run", configuration.name], stdin, None, dict(os.environ))
        self.addCleanup(running.kill)
        return running

    def test_beyond_this_machine_a_token_is_demanded(self):
        outcome = self.check(self.configuration(STAGES, more="admin: 0.0.0.0:9000\n"))
        self.assert_exit(outcome, 78)
        self.assertIn("has no token", outcome.stderr)

    def test_viewers_do_not_hold_up_the_end(self):
        running, address, writer = self.begin()
        with contextlib.closing(connection(address)) as viewer:
            viewer.request("GET", "/api/tap/parse-2")
            answer = viewer.getresponse()
            self.assertEqual(answer.status, 200)
            os.close(writer)
            self.assert_exit(running.wait(10), 0)
            self.assertIn('"why": "stopping"', answer.read().decode())


class Commands(AdminTest):
    def test_status_tells_the_counters(self):
        _, address, _, live = self.fed()
        outcome = self.command("status", "--admin", address)
        self.assert_exit(outcome, 0)
        text = outcome.stdout.decode()
        self.assertIn("received 307 = written 200 + filtered 100 + rejected 7  balanced", text)
        self.assertRegex(text, r"(?m)^parse-2 +307 +300 +0 +7 ")
        told = json.loads(self.command("status", "--json", "--admin", address).stdout)
        self.assertEqual({key: told["ledger"][key] for key in ENDS}, {key: live[key] for key in ENDS})
        self.assertEqual([stage["name"] for stage in told["stages"]], ["generate-1", "parse-2", "filter-3", "write-4"])

    def test_the_address_comes_from_the_environment_or_the_configuration(self):
        running, address, _, _ = self.fed()
        self.assert_exit(self.command("status", environment={"SLUICE_ADMIN": address}), 0)
        configuration = self.write("other.yaml", self.configuration(STAGES, more="admin: %s\n" % address))
        self.assert_exit(self.command("status", configuration), 0)
        nowhere = self.command("status", self.write("none.yaml", self.configuration(STAGES)))
        self.assert_exit(nowhere, 1)
        self.assertIn("has no `admin:`", nowhere.stderr)

    def test_tap_shows_what_passes_and_matches(self):
        running, address, writer = self.begin()
        tap = self.tap(address, "parse-2", "--where", "n == 2", "--limit", "3")
        self.feed_until_it_ends(tap, writer)
        self.assertEqual(tap.wait(10 * PATIENCE), 0, tap.stderr.read())
        self.assertEqual([json.loads(line)["n"] for line in tap.stdout.read().splitlines()], [2, 2, 2])

    def tap(self, address, *arguments):
        tap = subprocess.Popen([str(BINARY), "tap", *arguments, "--admin", address], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.addCleanup(tap.stdout.close)
        self.addCleanup(tap.stderr.close)
        self.addCleanup(lambda: tap.poll() is None and tap.kill())
        return tap

    @staticmethod
    def feed_until_it_ends(tap, writer):
        """A tap sees what passes after it was opened, so lines are sent again and again."""
        def ended():
            os.write(writer, b"\n".join(LINES[:4]) + b"\n")
            return tap.poll() is not None
        until(ended, "the tap ending")

    def test_tap_ends_quietly_with_its_reader(self):
        running, address, writer = self.begin()
        tap = self.tap(address, "write-4")
        reader = tap.stdout
        os.set_blocking(reader.fileno(), False)
        def seen():
            os.write(writer, b'{"keep": true}\n')
            return reader.read()
        self.assertIn(b'{"keep": true}', until(seen, "a line of the tap"))
        reader.close()
        self.feed_until_it_ends(tap, writer)
        self.assertEqual((tap.wait(), tap.stderr.read()), (0, b""))

    def test_tap_explains_what_it_cannot_do(self):
        _, address, _ = self.begin()
        unknown = self.command("tap", "parse-3", "--admin", address)
        self.assert_exit(unknown, 64)
        self.assertIn("did you mean `parse-2`?", unknown.stderr)
        wrong = self.command("tap", "parse-2", "--where", "n ==", "--admin", address)
        self.assert_exit(wrong, 64)
        self.assertIn("^", wrong.stderr)

    def test_reload_applies_a_right_configuration_and_refuses_a_wrong_one(self):
        running, address, writer, _ = self.fed()
        path = running.directory / "sluice.yaml"
        before = path.read_text()
        path.write_text(before.replace("filter: keep", "filter: nonsense("))
        wrong = self.command("reload", "--admin", address)
        self.assert_exit(wrong, 1)
        self.assertIn("the old configuration goes on", wrong.stderr)
        path.write_text(before.replace("filter: keep", "filter: '!keep'"))
        right = self.command("reload", "--admin", address)
        self.assert_exit(right, 0)
        self.assertIn("filter-3", right.stdout.decode())
        self.assertEqual(ask(address, "/api/reload", "POST")[0], 200)  # nothing changed, which is fine
        os.write(writer, b'{"n": 1000, "keep": false}\n')
        running.until_output(b'"n": 1000')
        pipeline = json.loads(ask(address, "/api/pipeline")[1])
        self.assertEqual((pipeline["reloads"], pipeline["failed_reloads"]), (2, 1))
        text = ask(address, "/metrics")[1]
        self.assertIn('sluice_reloads_total{result="ok"} 2\n', text)
        os.close(writer)
        outcome = running.wait()
        self.assert_exit(outcome, 0)
        self.assert_ledger(outcome, received=len(LINES) + 1, written=201)

    def test_top_into_a_pipe_is_one_table(self):
        _, address, _, _ = self.fed()
        outcome = self.command("top", "--admin", address, "--interval", "200ms")
        self.assert_exit(outcome, 0)
        text = outcome.stdout.decode()
        self.assertNotIn("\x1b", text)
        for part in ("STAGE", "generate-1", "parse-2", "filter-3", "write-4", "balanced", "idle"):
            self.assertIn(part, text)


class TopOnATerminal(AdminTest):
    """In a tmux of the test's own, at 80x24."""

    def setUp(self):
        super().setUp()
        if shutil.which("tmux") is None:
            self.skipTest("tmux is not installed; script/bootstrap test installs it")
        self.socket = self.directory / "tmux"
        self.addCleanup(self.tmux, "kill-server")

    def tmux(self, *arguments):
        result = subprocess.run(["tmux", "-f", "/dev/null", "-S", str(self.socket), *arguments], capture_output=True,
                                text=True, timeout=20 * PATIENCE)
        return result.stdout

    def screen(self):
        return self.tmux("capture-pane", "-p", "-t", "top")

    def open_top(self, address):
        """A shell that runs top and then says how it ended and how the terminal is."""
        self.tmux("new-session", "-d", "-s", "top", "-x", "80", "-y", "24",
                  "echo before; %s top --admin %s --interval 200ms; echo ended $?; stty -a; exec cat" % (BINARY, address))

    def test_shows_the_pipeline_and_leaves_the_terminal_as_it_was(self):
        _, address, writer, _ = self.fed()
        self.open_top(address)
        def shown():
            text = self.screen()
            return text if "balanced" in text and "idle" in text else None
        lines = until(shown, "top on the screen").splitlines()
        self.assertLessEqual(len(lines), 24)
        self.assertTrue(all(len(line) <= 80 for line in lines), lines)
        text = "\n".join(lines)
        self.assertRegex(lines[0], r"^sluice \d+\.\d+\.\d+  running")
        self.assertRegex(text, r"STAGE +IN/s +OUT/s +FILT/s +REJ/s +QUEUE +BUSY +BLOCK")
        for name in ("generate-1", "parse-2", "filter-3", "write-4"):
            self.assertIn(name, text)
        self.assertIn("received 307 = written 200 + filtered 100 + rejected 7  balanced", text)
        self.assertNotIn("before", text)
        self.tmux("send-keys", "-t", "top", "q")
        until(lambda: "ended 0" in self.screen(), "top ending")
        until(lambda: re.search(r"(?s)before.*[^-]isig.*[^-]icanon.*[^-]echo ", self.screen()), "the terminal as it was")

    def test_follows_the_size_of_the_window(self):
        _, address, _, _ = self.fed()
        self.open_top(address)
        until(lambda: "balanced" in self.screen(), "top on the screen")
        self.tmux("resize-window", "-t", "top", "-x", "120", "-y", "12")
        until(lambda: "balanced" in self.screen() and len(self.screen().splitlines()) <= 12, "the smaller screen")
        self.tmux("send-keys", "-t", "top", "C-c")
        until(lambda: "ended 0" in self.screen(), "top ending")

    def test_goes_on_when_the_daemon_comes_back(self):
        running, address, writer, _ = self.fed()
        self.open_top(address)
        until(lambda: "balanced" in self.screen(), "top on the screen")
        term(running)
        self.assert_exit(running.wait(), 0)
        until(lambda: "connection lost" in self.screen(), "top noticing")
        self.begin()
        until(lambda: "connection lost" not in self.screen() and "received 0" in self.screen(), "top connecting again")
        self.tmux("send-keys", "-t", "top", "q")
        until(lambda: "ended 0" in self.screen(), "top ending")
