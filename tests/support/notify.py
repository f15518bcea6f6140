"""A service manager's socket (sd_notify(3)), for tests without systemd."""
import pathlib
import socket


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
