"""A service manager's socket (sd_notify(3)), for tests without systemd."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

from support.sluice import BINARY, PATIENCE


class NotifySocket:
    """Hears what a process started with `environment` tells its service manager."""

    def __init__(self, directory, watchdog_seconds=None):
        self.path = pathlib.Path(directory) / "notify.sock"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(str(self.path))
        self.messages = []  # each a dictionary, in the order of their coming
        self.environment = {"NOTIFY_SOCKET": str(self.path)}
        if watchdog_seconds is not None:
            self.environment["WATCHDOG_USEC"] = str(int(watchdog_seconds * 1e6))

    def close(self):
        self._socket.close()

    def read(self):
        """All that has come so far."""
        while True:
            try:
                text = self._socket.recv(65536).decode()
            except BlockingIOError:
                return self.messages
            self.messages.append(dict(line.split("=", 1) for line in text.split("\n") if line))

    def heard(self, key, value="1"):
        """Whether a message said this."""
        return any(message.get(key) == value for message in self.read())

    def all_of(self, key):
        return [message[key] for message in self.read() if key in message]


def speaks_to_its_service_manager():
    """Whether this sluice says READY=1 at all; a run that has ended must have said so."""
    directory = tempfile.mkdtemp(prefix="sluice-notify-")
    peer = NotifySocket(directory)
    try:
        configuration = pathlib.Path(directory) / "sluice.yaml"
        configuration.write_text("stages:\n  - generate: stdin\n  - write: stdout\n")
        subprocess.run([str(BINARY), "run", str(configuration)], stdin=subprocess.DEVNULL, capture_output=True,
                       env={**os.environ, **peer.environment}, timeout=30 * PATIENCE, check=True)
        return peer.heard("READY")
    finally:
        peer.close()
        shutil.rmtree(directory, True)
