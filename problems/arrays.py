"""The array types used everywhere, and read-only arrays that are checked when they are made."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from splitbench.problems.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
#: Single precision, as the learned policies compute.
Singles = NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)


def frozen(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return a read-only copy."""
    copy = np.array(array)
    copy.setflags(write=False)
    return copy


def checked(
    values: ArrayLike, shape: tuple[int, ...], what: str, *, positive: bool = False
) -> Floats:
    """Return a read-only copy as floats, all finite and ≥ 0 (> 0 where `positive`).

    Raises
    ------
    InputError
        Another shape, or the first entry that is out of range, with its place.
    """
    array = np.array(values, dtype=np.float64)
    if array.shape != shape:
        raise InputError(f"{what}: got shape {array.shape}; expected {shape}")
    accepted = (array > 0.0 if positive else array >= 0.0) & (array < np.inf)
    if not accepted.all():
        place = tuple(int(axis[0]) for axis in np.nonzero(~accepted))
        where = "".join(f"[{index}]" for index in place)
        bound = "> 0" if positive else "≥ 0"
        raise InputError(f"{what}{where}: got {array[place]:g}; expected a finite number {bound}")
    array.setflags(write=False)
    return array


def check_charge(battery_j: Floats, battery_max_j: Floats, what: str) -> None:
    """Refuse a charge above the capacity; shape (N,) each.

    Raises
    ------
    InputError
        The first charge above its capacity.
    """
    above = battery_j > battery_max_j
    if above.any():
        index = int(above.argmax())
        raise InputError(
            f"{what}[{index}]: got {battery_j[index]:g}; "
            f"expected at most battery_max_j = {battery_max_j[index]:g}"
        )


def check_counts(min_threads: int, slot_s: float, utility_weight: float) -> None:
    """Refuse a k_min, τ or V out of range.

    Raises
    ------
    InputError
        k_min < 1, τ not finite and > 0, or V outside 0..1.
    """
    if min_threads < 1:
        raise InputError(f"min_threads: got {min_threads}; expected at least 1")
    if not 0.0 < slot_s < np.inf:
        raise InputError(f"slot_s: got {slot_s:g}; expected a finite number of seconds > 0")
    if not 0.0 <= utility_weight <= 1.0:
        raise InputError(f"utility_weight: got {utility_weight:g}; expected 0 to 1")
