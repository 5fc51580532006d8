"""Where cells run: several referee processes on this machine, or a Dask cluster.

Built on `isolation` and `referee`; used by `runs`.
"""
