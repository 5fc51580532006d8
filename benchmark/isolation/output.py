"""A player's output: all of it is read, its beginning and its end are kept."""

from __future__ import annotations

import contextlib
import os

#: Characters kept from the beginning, and from the end.
KEPT = 4_000
_AT_ONCE = 2**16
#: Most bytes read from a player that is about to be killed.
_REST = 2**20


class Output:
    """A pipe for a player's stdout and stderr."""

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
        """Read available output; return the number of bytes, 0 at the end, None for none yet."""
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
        """Read the last output of an ended player."""
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
        """The output, with the number of bytes left out."""
        left_out = f"\n... {self._dropped} bytes more ...\n" if self._dropped else ""
        first, last = (one.decode("utf-8", "replace") for one in (self._first, self._last))
        return first + left_out + last
