"""How it is solved: the contracts, the registry, the exact methods and the paper's scheme."""

if __name__ == "solvers":
    raise ImportError("solvers is a room of splitbench; import splitbench.solvers")

from splitbench.solvers.contract import Context, Partitioner, Solver, ThreadAllocator, solve_slot
from splitbench.solvers.registry import known_solvers, make
from splitbench.solvers.scheme import Scheme
from splitbench.solvers.solution import Solution, Status

__all__ = [
    "Context",
    "Partitioner",
    "Scheme",
    "Solution",
    "Solver",
    "Status",
    "ThreadAllocator",
    "known_solvers",
    "make",
    "solve_slot",
]
