"""What a solver handed back, held against what an answer may be: plug-ins put anything there."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from splitbench.solvers import Solution, Status
from splitbench.solvers.contract import no_decision

if TYPE_CHECKING:
    from splitbench.benchmark.referee.verify import Verdict


def unusable(solution: Solution) -> str:
    """Say which claim is none at all; a plug-in may put anything there."""
    if solution.status not in tuple(Status):
        return f"status is {solution.status!r}; expected one of {', '.join(Status)}"
    for name in ("bound", "utility"):
        value = getattr(solution, name)
        if value is not None and not (isinstance(value, Real) and value == value):
            return f"{name} is {value!r}; expected a number or None"
    if not isinstance(solution.note, str):
        return f"note is {solution.note!r}; expected text"
    relaxes = solution.relaxes
    if not (
        isinstance(relaxes, tuple | list | set | frozenset)
        and all(isinstance(name, str) for name in relaxes)
    ):
        return f"relaxes is {relaxes!r}; expected a tuple of constraints"
    if not _is_price(solution.energy_price):
        return f"energy_price is {solution.energy_price!r}; expected finite numbers (N,) or None"
    return ""


def plain(solution: Solution, verdict: Verdict) -> Solution:
    """Return an answer that was judged in plain types, as it is kept and told other processes.

    Of one that is unusable nothing is left but why.
    """
    unclear = bool(unusable(solution))
    if unclear or (solution.decided and verdict.outcome is None):
        return no_decision(Status.ERROR, verdict.note)
    outcome = verdict.outcome
    return Solution(
        None if outcome is None else outcome.partition,
        None if outcome is None else outcome.threads,
        Status(solution.status),
        **_claims(solution),
    )


def incumbent_of(solution: Any, devices: int) -> Solution:
    """Return a published incumbent in plain types.

    Raises
    ------
    TypeError, ValueError
        It is no decision; the solver that published it hears of it.
    """
    if not isinstance(solution, Solution):
        raise TypeError(f"published {type(solution).__name__}; expected a Solution")
    if wrong := unusable(solution):
        raise ValueError(f"published an unusable incumbent: {wrong}")
    return Solution(
        _whole_numbers(solution.partition, devices, "partition"),
        _whole_numbers(solution.threads, devices, "threads"),
        Status(solution.status),
        **_claims(solution),
    )


def _claims(solution: Solution) -> dict[str, Any]:
    """Return all but decision and status of a usable solution, in plain types."""
    return {
        "bound": _number(solution.bound),
        "utility": _number(solution.utility),
        "relaxes": tuple(solution.relaxes),
        "note": solution.note,
        "energy_price": _floats(solution.energy_price),
    }


def _is_price(price: Any) -> bool:
    """Whether a price on energy is None or a row of finite numbers."""
    try:
        numbers = np.zeros(0) if price is None else np.asarray(price, dtype=float)
    except (ValueError, TypeError, OverflowError):
        return False
    return numbers.ndim == 1 and bool(np.isfinite(numbers).all())


def _floats(price: Any) -> Any:
    return None if price is None else np.asarray(price, dtype=float)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _whole_numbers(values: Any, devices: int, what: str) -> Any:
    array = np.asarray(values)
    if array.shape != (devices,) or array.dtype.kind not in "iu":
        raise ValueError(f"published an unusable incumbent: {what} is no {devices} integers")
    return array.astype(np.int64)
