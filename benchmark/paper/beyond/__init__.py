"""Studies beyond the paper: sources of the gain, other formulations, maps, simulated queues.

Built on `benchmark.paper` and the verdicts of its figures.
"""
