"""The exact optimum of a slot: knapsack over threads, brute force, forced choices.

Built on `problems` and `solvers.contract`; used by the reference, `ilp`, `horizon` and baselines.
"""
