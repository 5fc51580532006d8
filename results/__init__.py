"""What a run leaves: one record a cell, a store, and tables made from it.

Nothing here imports or runs what a store names: a record is text and numbers.
"""

from results.record import CellKey, CellRecord
from results.rows import Row, rows_of
from results.store import Store

__all__ = ["CellKey", "CellRecord", "Row", "Store", "rows_of"]
