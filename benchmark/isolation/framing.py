"""Frames between referee and player: two lengths, a header and a body of bytes.

The referee sends Python objects (`pickle`): the player trusts it. What the player sends is never
unpickled: its header is a JSON object, its body numbers, and both have a largest size.
"""

from __future__ import annotations

import json
import pickle
import socket
import struct
from typing import Any, NamedTuple

_LENGTHS = struct.Struct("<II")
#: Bytes of a player's header: notes, tracebacks and claims are shortened before they are sent.
LONGEST_HEADER = 2**16
_AT_ONCE = 2**16


class FrameError(Exception):
    """What arrived is no frame of this protocol."""


class Frame(NamedTuple):
    """A player's message: a JSON object and raw numbers."""

    header: dict[str, Any]
    body: bytes


def request_bytes(request: Any) -> bytes:
    """Return a referee's request as bytes."""
    body = pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTHS.pack(0, len(body)) + body


def reply_bytes(header: dict[str, Any], body: bytes = b"") -> bytes:
    """Return a player's message as bytes."""
    text = json.dumps(header).encode()
    return _LENGTHS.pack(len(text), len(body)) + text + body


def receive_request(end: socket.socket) -> Any:
    """Wait for a request of the referee; EOFError where it is gone."""
    _, length = _LENGTHS.unpack(_exactly(end, _LENGTHS.size))
    return pickle.loads(_exactly(end, length))


def _exactly(end: socket.socket, count: int) -> bytes:
    parts = []
    while count:
        part = end.recv(min(count, 2**24))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


class FrameReader:
    """Takes frames from a socket as they arrive, without ever waiting.

    Parameters
    ----------
    end
        The referee's end of the socket pair.
    """

    def __init__(self, end: socket.socket):
        self._end = end
        self._unread = bytearray()
        self.longest_body = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing has arrived that was not taken, not even part of a frame."""
        return not self._unread and not self._read()

    def next_frame(self) -> Frame | None:
        """Return the next frame, None where it has not arrived in full.

        Raises
        ------
        EOFError
            The other end is closed.
        FrameError
            What arrived is longer than a frame may be, or its header is no JSON object.
        """
        frame = self._split()
        while frame is None and self._read():
            frame = self._split()
        return frame

    def _read(self) -> bool:
        """Read what is there; False for nothing."""
        try:
            read = self._end.recv(_AT_ONCE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError as error:
            raise EOFError from error
        if not read:
            raise EOFError
        self._unread += read
        return True

    def _split(self) -> Frame | None:
        if len(self._unread) < _LENGTHS.size:
            return None
        first, second = _LENGTHS.unpack_from(self._unread)
        if first > LONGEST_HEADER or second > self.longest_body:
            raise FrameError(f"a message of {first} + {second} bytes")
        start, end = _LENGTHS.size + first, _LENGTHS.size + first + second
        if len(self._unread) < end:
            return None
        text, body = bytes(self._unread[_LENGTHS.size : start]), bytes(self._unread[start:end])
        del self._unread[:end]
        try:
            header = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise FrameError("a message that is no JSON") from error
        if not isinstance(header, dict):
            raise FrameError("a message that is no JSON object")
        return Frame(header, body)
