"""How a solve or a whole cell ended: the words that solvers, the store and the table share."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """How a solve ended or, where the harness writes it, how a cell ended; from best to worst.

    `optimal` and `infeasible` are proved. `invalid` is a decision that breaks a constraint: it is
    found by recomputing and never claimed. A row's status is the worst of its cells.
    """

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    INVALID = "invalid"
    UNSUPPORTED = "unsupported"
    NOT_INSTALLED = "not_installed"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    ERROR = "error"
