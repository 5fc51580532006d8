"""The socket between harness and worker: JSON objects, one a line, nothing pickled."""

from __future__ import annotations

import json
import socket
from collections import deque
from typing import Any

#: A line that does not end is no message: somebody else writes to the socket.
LONGEST_BYTES = 2**28
_AT_ONCE = 2**20


class Channel:
    """One end of a socket pair.

    Reading never blocks in the middle of a message, so that a worker which stops half way, or a
    solver that writes to the socket, cannot make the harness wait.
    """

    def __init__(self, end: socket.socket):
        self._socket = end
        self._unread = bytearray()
        self._waiting: deque[dict[str, Any]] = deque()

    def fileno(self) -> int:
        """Return the file descriptor, to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close this end; the other side reads an end of file."""
        self._socket.close()

    def send(self, kind: str, **content: Any) -> None:
        """Send one message."""
        self._socket.sendall(json.dumps({"kind": kind} | content).encode() + b"\n")

    def receive(self) -> dict[str, Any]:
        """Wait for one message; EOFError where the other side is gone."""
        while not self._waiting:
            self._waiting += self._whole(self._socket.recv(_AT_ONCE))
        return self._waiting.popleft()

    def arrived(self) -> list[dict[str, Any]]:
        """Return the messages that are there, without waiting.

        Raises
        ------
        EOFError
            The other side is gone.
        ValueError
            What came is no message.
        """
        try:
            return self._whole(self._socket.recv(_AT_ONCE, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return []
        except OSError as error:
            raise EOFError from error

    def _whole(self, read: bytes) -> list[dict[str, Any]]:
        if not read:
            raise EOFError
        self._unread += read
        if b"\n" not in read:
            if len(self._unread) > LONGEST_BYTES:
                raise ValueError("a message without end")
            return []
        *lines, rest = self._unread.split(b"\n")
        self._unread = bytearray(rest)
        messages = [json.loads(line) for line in lines]
        if not all(isinstance(message, dict) for message in messages):
            raise ValueError("expected JSON objects")
        return messages
