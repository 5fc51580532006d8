"""Frames between referee and player.

The referee sends Python objects (`pickle`), since the player trusts it. The player's messages are
never unpickled. They are a fixed row of numbers, then optional JSON text, then the numbers of a
decision, each of limited size. Compared with JSON, a fixed row halves the time of an empty round
trip (`tests/perf/test_perf_harness.py` prints it).
"""

from __future__ import annotations

import pickle
import socket
import struct
from typing import Any, NamedTuple

_LENGTH = struct.Struct("<I")
#: Two lengths, then the fixed fields of a `Frame`.
_REPLY = struct.Struct("<IIIBBBddd")
#: Most bytes of a player's text: notes, tracebacks and claims are shortened before sending.
LONGEST_WORDS = 2**16
_AT_ONCE = 2**16


class FrameError(Exception):
    """The received bytes are not a frame of this protocol."""


class Frame(NamedTuple):
    """A player's message; `answers.py` defines the meaning of the numbers.

    Attributes
    ----------
    request
        Number of the request that it answers.
    words
        A JSON object, or nothing.
    body
        Raw numbers of 8 bytes.
    """

    request: int
    kind: int
    status: int
    flags: int
    bound: float
    utility: float
    seconds: float
    words: bytes = b""
    body: bytes = b""


def request_bytes(request: Any) -> bytes:
    """Return a referee's request as bytes."""
    body = pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


def reply_bytes(frame: Frame) -> bytes:
    """Return a player's message as bytes."""
    *fields, words, body = frame
    return _REPLY.pack(len(words), len(body), *fields) + words + body


def receive_request(end: socket.socket) -> Any:
    """Wait for a request of the referee; EOFError if the referee has ended."""
    data = end.recv(_AT_ONCE)  # nearly always the whole request: the referee sends one at a time
    data += _exactly(end, max(0, _LENGTH.size - len(data)))
    (length,) = _LENGTH.unpack_from(data)
    data += _exactly(end, max(0, _LENGTH.size + length - len(data)))
    return pickle.loads(memoryview(data)[_LENGTH.size :])


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
    """Reads frames from a socket as they arrive, without blocking.

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
        """Whether nothing that was read is left, not even part of a frame."""
        return not self._unread

    def next_frame(self) -> Frame | None:
        """Return the next frame, None if it has not arrived in full.

        Raises
        ------
        EOFError
            The other end is closed.
        FrameError
            The received frame is too long.
        """
        frame = self._split()
        while frame is None and self._read():
            frame = self._split()
        return frame

    def _read(self) -> bool:
        """Read available data; False if there is none."""
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
        unread = self._unread
        if len(unread) < _REPLY.size:
            return None
        first, second, *fields = _REPLY.unpack_from(unread)
        if first > LONGEST_WORDS or second > self.longest_body:
            raise FrameError(f"a message of {first} + {second} bytes")
        start, end = _REPLY.size + first, _REPLY.size + first + second
        if len(unread) < end:
            return None
        words, body = bytes(unread[_REPLY.size : start]), bytes(unread[start:end])
        del unread[:end]
        return Frame._make((*fields, words, body))
