"""Threads for a given partition: Algorithm 1 (TA), the smallest feasible counts, refinement.

Built on `problems` and `solvers.contract`; used by `ddp` and baselines.
"""
