"""Results of runs: one record per cell, a store of records, and tables made from it.

Nothing here imports or runs a solver that a store names: a record is text and numbers.
"""

from __future__ import annotations

if __name__ == "results":
    raise ImportError("results is a room of splitbench; import splitbench.results")

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from splitbench.results.store.record import CellKey, CellRecord
from splitbench.results.store.store import Store

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["CellKey", "CellRecord", "Store"]


class _Room(ModuleType):
    """The package, which is also a function: `splitbench.results("x.sqlite")`."""

    def __call__(
        self, store: str | Path = "splitbench.sqlite", *, older: bool = False
    ) -> DataFrame:
        from splitbench.results.frame import results

        return results(store, older=older)


sys.modules[__name__].__class__ = _Room
