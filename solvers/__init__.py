"""How it is solved: the contract of plug-ins, the registry, exact methods, TA and DDP.

Sub-rooms: `exact`, `ilp` and `threads` for one slot; `horizon` (bounds, lookahead); `ddp`.
Imports only `problems`.
"""

if __name__ == "solvers":
    raise ImportError("solvers is a room of splitbench; import splitbench.solvers")

from splitbench.problems.status import Status
from splitbench.solvers.calling import solve_slot
from splitbench.solvers.contract import Allocator, Context, Partitioner, Solution, Solver
from splitbench.solvers.registry import known_solvers, make
from splitbench.solvers.scheme import Scheme

__all__ = [
    "Allocator",
    "Context",
    "Partitioner",
    "Scheme",
    "Solution",
    "Solver",
    "Status",
    "known_solvers",
    "make",
    "solve_slot",
]
