"""Writers beyond one file: files named by records, rotation, compression, and peers that go away and come back."""
import fcntl
import gzip
import json
import os
import signal
import socket
import sys
import termios
import threading

from support.sluice import SluiceTest


def numbered(count, **more):
    return b"".join(json.dumps({"n": number, **more}).encode() + b"\n" for number in range(count))


class Files(SluiceTest):
    def test_a_path_that_cannot_be_written_ends_an_endless_input_at_once(self):
        reader, writer = self.fifo()  # nothing ever comes, and it does not end
        outcome = self.start("- generate: stdin\n- write: {to: file, path: /nonexistent/out}", stdin=reader).wait(10)
        os.close(reader)
        os.close(writer)
        self.assert_exit(outcome, 1)
        self.assertIn("there is no directory /nonexistent", outcome.stderr)

    def test_rejects_that_cannot_be_written_end_it_as_well(self):
        outcome = self.run_sluice("- generate: stdin\n- write: stdout", b"x\n", rejects="/nonexistent/rejects")
        self.assert_exit(outcome, 1)
        self.assertIn("/nonexistent/rejects", outcome.stderr)

    def test_records_find_their_files_in_order_with_many_workers(self):
        stages = """
        - generate: stdin
        - parse: json
        - write: {to: file, path: 'out/%Y-%m-%d/{service}.ndjson', create_directories: true, max_open: 2}
        """
        records = [{"n": n, "service": "abc"[n % 3], "time": "2026-01-%02dT12:00:00Z" % (1 + n % 4)}
                   for n in range(20000)]
        lines = [json.dumps(record).encode() for record in records]
        outcome = self.run_sluice(stages, b"\n".join(lines) + b"\n", "--workers", "4", pipeline="batch: {size: 8KiB}")
        self.assert_exit(outcome, 0)
        self.assert_ledger(outcome, received=20000, written=20000)
        found = 0
        for path in sorted((outcome.directory / "out").rglob("*.ndjson")):
            day, service = path.parent.name, path.stem
            want = [line for record, line in zip(records, lines)
                    if record["time"].startswith(day) and record["service"] == service]
            self.assertEqual(path.read_bytes().splitlines(), want, path)
            found += len(want)
        self.assertEqual(found, 20000)

    def test_rotated_and_compressed_files_hold_every_line_once(self):
        stages = """
        - generate: stdin
        - write: {to: file, path: out.gz, encode: raw, compress: gzip, rotate: {size: 20KiB}}
        """
        outcome = self.run_sluice(stages, numbered(50000), pipeline="batch: {size: 64KiB}")
        self.assert_exit(outcome, 0)
        rotated = sorted(outcome.directory.glob("out.2*.gz"))
        self.assertGreater(len(rotated), 2)
        text = b"".join(gzip.decompress(path.read_bytes()) for path in rotated + [outcome.directory / "out.gz"])
        self.assertEqual(text, numbered(50000))


class Peer:
    """A TCP server that reads `limit` bytes of each connection, then resets it; the last one it reads to the end."""

    def __init__(self, limits):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(60)
        self.port = self.listener.getsockname()[1]
        self.received = []
        self._limits = limits
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        for limit in self._limits:
            connection, _ = self.listener.accept()
            connection.settimeout(60)
            text = b""
            while limit is None or len(text) < limit:
                some = connection.recv(65536)
                if not some:
                    break
                text += some
            self.received.append(text)
            connection.close()


def waiting_bytes(pipe):
    """How many bytes nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


class Sockets(SluiceTest):
    def test_a_peer_that_breaks_connections_gets_what_was_not_sent(self):
        peer = Peer([100000, 200000, None])
        count = 200000
        running = self.run_sluice("- generate: stdin\n- write: {to: tcp, address: '127.0.0.1:%d', encode: raw,"
                                  " reconnect: {first: 10ms}}" % peer.port, numbered(count))
        peer.thread.join(60)
        self.assert_exit(running, 0)
        self.assert_ledger(running, received=count, written=count, balanced=True)
        self.assertEqual(running.ledger["stages"][1]["errors"]["connection_lost"], 2)
        last = peer.received[2].splitlines()
        self.assertEqual(last, numbered(count).splitlines()[-len(last):])
        self.assertGreater(len(last), 0)

    def test_sigterm_ends_the_wait_for_a_peer_within_grace(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        reader, writer = self.fifo()
        running = self.start("- generate: stdin\n- write: {to: tcp, address: '127.0.0.1:%d'}" % port, stdin=reader,
                             pipeline="grace: 300ms")
        os.write(writer, numbered(10))
        running.until_stderr("trying again")
        running.until(lambda: waiting_bytes(reader) == 0, "the lines to be read")
        running.signal(signal.SIGTERM)
        outcome = running.wait(10)
        os.close(reader)
        os.close(writer)
        self.assert_exit(outcome, 75)
        self.assert_ledger(outcome, written=0, balanced=True)
        self.assertGreater(outcome.ledger["abandoned"], 0)

    def test_udp_carries_a_record_in_each_datagram_and_rejects_what_is_too_large(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.0.0.1", 0))
            peer.settimeout(30)
            outcome = self.run_sluice("- generate: stdin\n- write: {to: udp, address: '127.0.0.1:%d', encode: raw,"
                                      " max_datagram: 10B}" % peer.getsockname()[1], b"one\n01234567890\nthree\n")
            self.assert_exit(outcome, 0)
            self.assertEqual([peer.recv(100), peer.recv(100)], [b"one", b"three"])
        self.assert_ledger(outcome, received=3, written=2, rejected=1, balanced=True)
        self.assertEqual([reject["reason"] for reject in outcome.rejects], ["datagram_too_large"])
