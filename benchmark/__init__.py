"""The harness: which cells there are, how they are run and judged, and the command line.

Sub-rooms: `commands`, `planning`, `runs`, `referee`, `isolation`, `executors`, `check`, `paper`,
`profiling`. May import every other room; only `splitbench.run` and `check` lead here from outside.
"""

if __name__ == "benchmark":
    raise ImportError("benchmark is a room of splitbench; import splitbench.benchmark")
