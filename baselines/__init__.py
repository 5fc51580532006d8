"""How others solve it: the paper's opponents and simple policies, found by the registry."""

if __name__ == "baselines":
    raise ImportError("baselines is a room of splitbench; import splitbench.baselines")
