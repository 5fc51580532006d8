"""The results store: one SQLite file with one record per cell; opening and merging.

Built on `problems.errors` only; used by the harness and the other parts of `results`.
"""
