"""The search for constants that give the paper's numbers, and how much they bear.

Built on `benchmark.paper` and, for the search, on a simulation of many settings at once.
"""
