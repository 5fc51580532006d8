"""The referee: steps the horizon, judges each decision, writes the record of a cell.

It imports no plug-in. Built on `planning`, `problems`, `solvers` and `results.store`; used by
`isolation`, `executors`, `runs` and studies.
"""
