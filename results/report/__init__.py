"""One HTML page about a store: tables, figures, failures, versions; needs no network.

Built on `results.tables` and `results.figures`; used by the command `report`.
"""
