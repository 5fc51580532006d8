"""Judging a decision: validation, recomputation, claims against the exact optimum.

Built on `problems`, `solvers` and `results.store`; used by `runs` and `isolation`.
"""
