"""The results store: one SQLite file, one record a cell; opening, merging.

Built on `problems.errors` only; used by the harness and the other parts of `results`.
"""
