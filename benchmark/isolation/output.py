"""What a player prints: its beginning and its end are kept, everything is read."""

from __future__ import annotations

import contextlib
import os

#: Characters that are kept of the beginning, and of the end.
KEPT = 4_000
_AT_ONCE = 2**16
#: Most that is read of a player that is about to be killed.
_REST = 2**20


class Output:
    """A pipe that a player's stdout and stderr lead to."""

    def __init__(self) -> None:
        self.fileno, self.theirs = os.pipe()
        os.set_blocking(self.fileno, False)
        self.clear()

    def started(self) -> None:
        """Close the player's end here."""
        os.close(self.theirs)

    def clear(self) -> None:
        """Forget what was printed so far."""
        self._first, self._last, self._dropped = b"", b"", 0

    def read(self) -> int | None:
        """Read what is there; return how many bytes, 0 at the end, None for nothing yet."""
        try:
            data = os.read(self.fileno, _AT_ONCE)
        except BlockingIOError:
            return None
        room = KEPT - len(self._first)
        self._first += data[:room]
        tail = self._last + data[room:]
        self._dropped += max(0, len(tail) - KEPT)
        self._last = tail[-KEPT:]
        return len(data)

    def read_rest(self) -> None:
        """Read what a player that is gone has printed last."""
        left = _REST
        with contextlib.suppress(OSError):
            while left > 0 and (count := self.read()):
                left -= count

    def close(self) -> None:
        """Close our end."""
        with contextlib.suppress(OSError):
            os.close(self.fileno)

    @property
    def text(self) -> str:
        """What was printed, with the number of bytes that are left out."""
        left_out = f"\n... {self._dropped} bytes more ...\n" if self._dropped else ""
        first, last = (one.decode("utf-8", "replace") for one in (self._first, self._last))
        return first + left_out + last
