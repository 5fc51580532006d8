"""What the paper could not show: whose gain it is, other readings, maps, and its queue simulated.

Built on `benchmark.paper` and the verdicts of its figures.
"""
