"""What a service of Atoll needs to talk to it: one JSON object on a line, over a unix socket in the guest.

Copy this file into your own service; docs/services.md describes the messages.
"""

import json
import os
import socket

SOCKET = os.environ.get("ATOLL_SERVICE_SOCKET", "/run/user/1000/atoll/service.sock")


class Service:
    """The connection with Atoll. Where it ends, the program ends, and the guest starts it again."""

    def __init__(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(SOCKET)
        self._lines = connection.makefile("r", encoding="utf-8", newline="\n")
        self._connection = connection

    def say(self, kind, **fields):
        line = json.dumps({"type": kind, **fields}) + "\n"
        self._connection.sendall(line.encode())

    def messages(self):
        """What Atoll says, until it says no more: "desired", "job" and "cancel"."""
        for line in self._lines:
            yield json.loads(line)
