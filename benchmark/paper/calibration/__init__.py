"""The search for constants that reproduce the paper's numbers, and their sensitivity.

Built on `benchmark.paper` and, for the search, on a simulation of many settings at once.
"""
