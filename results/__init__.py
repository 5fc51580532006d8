"""What a run leaves: one record a cell, a store, and tables made from it.

Nothing here imports or runs what a store names: a record is text and numbers.
"""

if __name__ == "results":
    raise ImportError("results is a room of splitbench; import splitbench.results")

from splitbench.results.rows import Row, rows_of
from splitbench.results.store.record import CellKey, CellRecord
from splitbench.results.store.store import Store

__all__ = ["CellKey", "CellRecord", "Row", "Store", "rows_of"]
