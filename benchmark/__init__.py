"""The harness: plans cells, runs and judges them; and the command line.

Sub-rooms: `commands`, `planning`, `runs`, `referee`, `isolation`, `executors`, `check`, `paper`,
`profiling`. May import every other room; from outside only `splitbench.run` and `check` import it.
"""

if __name__ == "benchmark":
    raise ImportError("benchmark is a room of splitbench; import splitbench.benchmark")
