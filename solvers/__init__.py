"""How it is solved: the contracts, the registry, the exact methods and the paper's scheme."""

from solvers.base import Context, Partitioner, Solver, ThreadAllocator, solve_slot
from solvers.registry import known_solvers, make
from solvers.scheme import Scheme
from solvers.solution import Solution, Status

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
