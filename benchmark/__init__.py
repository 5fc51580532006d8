"""The harness: which cells there are, how they are run and checked, and the command line."""

if __name__ == "benchmark":
    raise ImportError("benchmark is a room of splitbench; import splitbench.benchmark")
