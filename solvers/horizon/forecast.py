"""Forecast later slots: from observed slots, the clear-sky course, or the true future."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from splitbench.problems import EpisodeView, Horizon, SlotProblem
from splitbench.problems.arrays import Floats

Kind = Literal["causal", "persistence", "oracle"]


class Forecast:
    """A forecast of the slots after the current one; call `see` once per slot, in order.

    Parameters
    ----------
    view
        The episode. `oracle` asks it for the future, which marks the run as clairvoyant.
    kind
        `causal`: every later slot is the mean of those seen so far; harvest keeps the share of
        the clear-sky course that it had so far, or its mean where that course is not known.
        `persistence`: every later slot is the current one. `oracle`: the truth.
    """

    def __init__(self, view: EpisodeView, kind: Kind):
        self.view, self.kind = view, kind
        self.future: Horizon | None = view.oracle() if kind == "oracle" else None
        self.seen = 0
        self._sums: dict[str, Floats] = {}

    @property
    def slots_left(self) -> int:
        """How many slots follow the current one."""
        return max(self.view.slots - self.seen, 0)

    def see(self, problem: SlotProblem) -> None:
        """Observe the current slot."""
        self.seen += 1
        values = {
            "threads": np.array([float(problem.threads)]),
            "arrival_rate_hz": problem.arrival_rate_hz,
            "uplink_bps": problem.uplink_bps,
            "harvest_j": problem.harvest_j,
        }
        for name, value in values.items():
            known = self.kind == "causal" and self.seen > 1
            self._sums[name] = self._sums[name] + value if known else value

    def typical(self, name: str) -> Floats:
        """Return the expected value of a later slot's field, such as `arrival_rate_hz`."""
        value: Floats = self._sums[name] / (self.seen if self.kind == "causal" else 1)
        return value

    def harvest_j(self) -> Floats:
        """Return the expected harvest of each later slot, J, shape (F, N)."""
        if self.future is not None:
            return self.future.harvest_j[self.seen :]
        course = None if self.kind == "persistence" else self.view.clear_sky_harvest_j
        return expected_harvest_j(self.typical("harvest_j"), course, self.seen, self.slots_left)

    def horizon(self, problem: SlotProblem) -> Horizon:
        """Return the current slot and the forecast ones as a horizon from the current charge on."""
        later = self.slots_left
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(problem, name)[None, :], self._later(name, later)])
            for name in ("arrival_rate_hz", "uplink_bps")
        }
        threads = np.rint(self._later("threads", later).reshape(later)).astype(np.int64)
        return Horizon(
            fleet=problem.fleet,
            threads=np.append(problem.threads, threads),
            harvest_j=np.concatenate([problem.harvest_j[None, :], self.harvest_j()]),
            battery_start_j=problem.battery_j,
            slot_s=problem.slot_s,
            min_threads=problem.min_threads,
            utility_weight=problem.utility_weight,
            formulation=problem.formulation,
            **columns,
        )

    def _later(self, name: str, later: int) -> Floats:
        if self.future is not None:
            rest: Floats = getattr(self.future, name)[self.seen :]
            return rest
        return np.repeat(self.typical(name)[None, :], later, axis=0)


def expected_harvest_j(
    usual_j: Floats, clear_sky_j: Floats | None, seen: int, slots_left: int
) -> Floats:
    """Expect later slots to keep the share of the clear-sky course that was seen so far.

    Parameters
    ----------
    usual_j
        Mean harvest of the slots seen, J, shape (…).
    clear_sky_j
        Harvest of every slot under a clear sky, J, shape (T, …). Where it is not known (None),
        later slots are like the mean of those seen.
    seen, slots_left
        How many slots have been seen, and how many follow.

    Returns
    -------
    Floats
        Expected harvest of each later slot, J, shape (slots_left, …).
    """
    if clear_sky_j is None:
        return np.repeat(usual_j[None], slots_left, axis=0)
    clear = clear_sky_j[:seen].mean(axis=0)
    share = np.divide(usual_j, clear, out=np.ones_like(usual_j), where=clear > 0.0)
    ahead: Floats = clear_sky_j[seen:] * share
    return ahead
