"""Turn a plug-in's return value into a Solution of plain types, or say why that is impossible.

The player does this before it sends an answer, so that a plug-in's mistake gets a message; the
referee does it again with what arrives, since a player may send anything.
"""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from splitbench.problems import InputError
from splitbench.problems.arrays import Floats, Ints
from splitbench.solvers import Solution, Status
from splitbench.solvers.contract import no_decision

#: Partitions and thread counts are below this: sums of them do not overflow.
LARGEST = 2**31
#: Most characters kept of a note, and most constraints in `relaxes`.
LONGEST_NOTE = 2_000
MOST_RELAXED = 16
LONGEST_NAME = 64

_STATUSES = frozenset(Status)


def plain_solution(solution: Solution, devices: int) -> Solution:
    """Return the solution with integer arrays, float claims and a `Status`.

    Raises
    ------
    InputError
        A claim of the wrong type, or a decision that is not N integers each.
    """
    if wrong := unusable_claim(solution):
        raise InputError(f"unusable answer: {wrong}")
    partition = threads = None
    if solution.partition is not None and solution.threads is not None:
        partition = _whole_numbers(solution.partition, devices, "partition")
        threads = _whole_numbers(solution.threads, devices, "threads")
    return Solution(
        partition,
        threads,
        Status(solution.status),
        bound=_number(solution.bound),
        relaxes=tuple(str(name)[:LONGEST_NAME] for name in solution.relaxes)[:MOST_RELAXED],
        note=str(solution.note)[:LONGEST_NOTE],
        energy_price=_price_of(solution.energy_price, devices),
        utility=_number(solution.utility),
    )


def plain_or_error(solution: Solution, devices: int) -> Solution:
    """Return `plain_solution`, or a Solution without a decision that says what was wrong."""
    try:
        return plain_solution(solution, devices)
    except InputError as error:
        return no_decision(Status.ERROR, str(error)[:LONGEST_NOTE])


def plain_incumbent(solution: Any, devices: int) -> Solution:
    """Return a published incumbent in plain types.

    Raises
    ------
    TypeError, ValueError
        It is no decision; the solver that published it sees the error.
    """
    if not isinstance(solution, Solution):
        raise TypeError(f"published {type(solution).__name__}; expected a Solution")
    try:
        incumbent = plain_solution(solution, devices)
    except InputError as error:
        reason = str(error).removeprefix("unusable answer: ").removeprefix("unusable decision: ")
        raise ValueError(f"published an unusable incumbent: {reason}") from None
    if not incumbent.decided:
        raise ValueError("published an unusable incumbent: it has no decision")
    return incumbent


def unusable_claim(solution: Solution) -> str:
    """Return which claim has a wrong type or value, "" for none."""
    if not isinstance(solution.status, str) or solution.status not in _STATUSES:
        return f"status is {solution.status!r}; expected one of {', '.join(Status)}"
    for name in ("bound", "utility"):
        value = getattr(solution, name)
        if not (value is None or type(value) is float or isinstance(value, Real)) or value != value:
            return f"{name} is {value!r}; expected a number or None"
    if not isinstance(solution.note, str):
        return f"note is {solution.note!r}; expected text"
    relaxes = solution.relaxes
    if not (
        isinstance(relaxes, tuple | list | set | frozenset)
        and all(isinstance(name, str) for name in relaxes)
    ):
        return f"relaxes is {relaxes!r}; expected a tuple of constraints"
    if solution.energy_price is not None and not _is_price(solution.energy_price):
        return f"energy_price is {solution.energy_price!r}; expected finite numbers (N,) or None"
    return ""


def _is_price(price: Any) -> bool:
    """Whether a price on energy is a row of finite numbers."""
    try:
        numbers = np.asarray(price, dtype=float)
    except (ValueError, TypeError, OverflowError):
        return False
    return numbers.ndim == 1 and bool(np.isfinite(numbers).all())


def _price_of(price: Any, devices: int) -> Floats | None:
    """Return a price for each device; None for a row of another length."""
    if price is None or len(price) != devices:
        return None
    return np.asarray(price, dtype=np.float64)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _whole_numbers(values: Any, devices: int, what: str) -> Ints:
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"unusable decision: {what}: {error}; expected integers") from None
    if array.shape != (devices,) or array.dtype.kind not in "iu":
        raise InputError(
            f"unusable decision: {what}: got {array.dtype} of shape {array.shape}; "
            f"expected integers of shape ({devices},)"
        )
    check_size(array, what)
    return array.astype(np.int64)


def check_size(numbers: np.ndarray[Any, Any], what: str) -> None:
    """Refuse integers whose sums could overflow.

    Raises
    ------
    InputError
        One of `LARGEST` or more, or of less than its negative.
    """
    values = numbers.tolist()  # for a few devices quicker than array operations
    if values and (max(values) >= LARGEST or min(values) < -LARGEST):
        raise InputError(
            f"unusable decision: {what}: got {min(values)} to {max(values)}; "
            f"expected integers of size below {LARGEST}"
        )
