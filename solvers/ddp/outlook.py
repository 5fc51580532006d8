"""What may be known of the slots to come: how many, and what the sun's clear course promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from splitbench.problems import Horizon
from splitbench.problems.arrays import Floats


class Outlook(NamedTuple):
    """Expected harvest of each of the F slots after the present one, J, shape (F, E, N)."""

    harvest_j: Floats

    @property
    def slots_left(self) -> int:
        """F, how many slots follow."""
        return len(self.harvest_j)


class SunCourse:
    """Harvests of E horizons, seen slot by slot; the causal rule of `solvers.horizon.forecast`.

    Later slots keep the share of the clear-sky course that was seen so far, or, where that course
    is not known, the mean of what was seen.
    """

    def __init__(self, horizons: Sequence[Horizon]):
        self._harvest = np.stack([horizon.harvest_j for horizon in horizons], axis=1)
        courses = [horizon.clear_sky_harvest_j for horizon in horizons]
        known = [course for course in courses if course is not None]
        self._clear = np.stack(known, axis=1) if len(known) == len(courses) else None

    def after(self, slot: int) -> Outlook:
        """Return what is expected after slot 0, 1, …, with that slot seen."""
        seen = self._harvest[: slot + 1].mean(axis=0)
        later = len(self._harvest) - slot - 1
        if self._clear is None:
            return Outlook(np.repeat(seen[None], later, axis=0))
        clear = self._clear[: slot + 1].mean(axis=0)
        share = np.divide(seen, clear, out=np.ones_like(seen), where=clear > 0.0)
        return Outlook(self._clear[slot + 1 :] * share)
