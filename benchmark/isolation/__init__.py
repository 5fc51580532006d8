"""Solvers in processes of their own: workers, limits, the local pool, Dask.

Built on `referee` and `runs`; used by the commands that run solvers.
"""
