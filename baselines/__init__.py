"""How others solve it: the paper's opponents and simple policies, found by the registry.

Sub-room: `dads` (minimum cut of the layer graph). Imports `problems` and `solvers`.
"""

if __name__ == "baselines":
    raise ImportError("baselines is a room of splitbench; import splitbench.baselines")
