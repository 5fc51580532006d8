"""The replay buffer: a ring of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Replay:
    """The last `capacity` transitions, each a row of several named arrays."""

    def __init__(self, capacity: int):
        self.capacity = capacity
        self.added = 0
        self._columns: dict[str, Array] = {}

    def __len__(self) -> int:
        return min(self.added, self.capacity)

    def add(self, **rows: Array) -> None:
        """Append rows (one array each, the same length), overwriting the oldest."""
        count = len(next(iter(rows.values())))
        if not self._columns:
            self._columns = {
                name: np.zeros((self.capacity, *row.shape[1:]), row.dtype)
                for name, row in rows.items()
            }
        place = (self.added + np.arange(count)) % self.capacity
        for name, row in rows.items():
            self._columns[name][place] = row
        self.added += count

    def sample(self, count: int, rng: np.random.Generator) -> dict[str, Array]:
        """Return `count` rows drawn with replacement."""
        chosen = rng.integers(0, len(self), count)
        return {name: column[chosen] for name, column in self._columns.items()}

    def state(self) -> dict[str, Array]:
        """Return what is in the buffer, for `restore`."""
        rows = {name: column[: len(self)] for name, column in self._columns.items()}
        return rows | {"added": np.array([self.added])}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set the rows that `state` returned."""
        self.added = int(state["added"][0])
        self._columns = {}
        for name, rows in state.items():
            if name != "added":
                column = np.zeros((self.capacity, *rows.shape[1:]), rows.dtype)
                column[: len(rows)] = rows
                self._columns[name] = column
