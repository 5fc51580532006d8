"""What a solver answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from numpy.typing import ArrayLike


class Status(StrEnum):
    """How a solve ended, or, where the harness writes it, what became of a cell.

    `optimal` and `infeasible` are proved; `invalid` is a decision that breaks a constraint and is
    only ever found by recomputing, never claimed.
    """

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INVALID = "invalid"
    INFEASIBLE = "infeasible"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    ERROR = "error"
    UNSUPPORTED = "unsupported"
    NOT_INSTALLED = "not_installed"


@dataclass(frozen=True)
class Solution:
    """A decision and what the solver claims of it.

    Attributes
    ----------
    partition, threads
        l_n and k_n, integers of shape (N,); None where there is no decision.
    status
        The solver's claim; the harness recomputes what can be recomputed.
    bound
        An upper bound on the utility, or None.
    relaxes
        Constraints the scheme gives up by design (`threads_sum`: it leaves threads idle).
    utility
        The U that the solver gives its decision itself, or None.
    note
        One line for the reader: why there is no decision, what was trained, and the like.
    energy_price
        What the policy held a joule to be worth, U/J, shape (N,); None where it has no such
        notion. For figures only: nothing is judged by it.
    """

    partition: ArrayLike | None
    threads: ArrayLike | None
    status: Status = Status.FEASIBLE
    bound: float | None = None
    relaxes: tuple[str, ...] = ()
    note: str = ""
    energy_price: ArrayLike | None = None

    utility: float | None = None

    @property
    def decided(self) -> bool:
        """Whether there is a decision to evaluate."""
        return self.partition is not None and self.threads is not None


def no_decision(status: Status, note: str, **claims: Any) -> Solution:
    """Return a solution without a decision, for the reason given."""
    return Solution(None, None, status, note=note, **claims)
