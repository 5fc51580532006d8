"""Run cells in several referee processes on this machine, or on a Dask cluster.

Built on `isolation` and `referee`; used by `runs`.
"""
