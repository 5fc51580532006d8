"""Many slots of one fleet at once: the model of `SlotProblem` over a leading axis of slots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.equations import Terms, battery_next_j, charge_j, slot_data, slot_terms
from splitbench.problems.fleet import Fleet
from splitbench.problems.formulation import UNSERVED_UTILITY, Formulation
from splitbench.problems.outcome import HIBERNATE
from splitbench.problems.slot import SlotProblem


class Slots(NamedTuple):
    """E slots of one fleet: K, shape (E,); λ (1/s), B (bit/s), E and H (J), shape (E, N)."""

    threads: Ints
    arrival_rate_hz: Floats
    uplink_bps: Floats
    battery_j: Floats
    harvest_j: Floats

    @classmethod
    def of(cls, problem: SlotProblem, copies: int = 1) -> Slots:
        """Return one slot, `copies` times."""
        rows = (problem.arrival_rate_hz, problem.uplink_bps, problem.battery_j, problem.harvest_j)
        return cls(
            np.full(copies, problem.threads),
            *(np.broadcast_to(row, (copies, len(problem))) for row in rows),
        )


class Result(NamedTuple):
    """Results of E slots: l (−1 hibernates), k, U_n, E_con and E(t+1), shape (E, N) each."""

    partition: Ints
    threads: Ints
    device_utility: Floats
    energy_j: Floats
    battery_next_j: Floats

    @property
    def utility(self) -> Floats:
        """U of each slot, shape (E,)."""
        total: Floats = self.device_utility.sum(axis=1)
        return total


class HasModel(Protocol):
    """Anything with one fleet and one model: a slot, a horizon or an episode's view."""

    @property
    def fleet(self) -> Fleet: ...  # noqa: D102
    @property
    def slot_s(self) -> float: ...  # noqa: D102
    @property
    def min_threads(self) -> int: ...  # noqa: D102
    @property
    def utility_weight(self) -> float: ...  # noqa: D102
    @property
    def formulation(self) -> Formulation: ...  # noqa: D102


@dataclass(frozen=True)
class BatchModel:
    """The model of one fleet, applied to many slots at once; hibernation is allowed."""

    fleet: Fleet
    slot_s: float
    min_threads: int
    utility_weight: float
    formulation: Formulation

    @classmethod
    def of(cls, source: HasModel) -> BatchModel:
        """Return the model that underlies a horizon, a slot or an episode's view."""
        return cls(
            source.fleet,
            source.slot_s,
            source.min_threads,
            source.utility_weight,
            source.formulation,
        )

    def apply(self, slots: Slots, partition: Ints, threads: Ints) -> Result:
        """Score feasible decisions, shape (E, N) each; hibernating devices earn −10.

        Nothing is checked here; use `SlotProblem.evaluate` where a decision may be infeasible.
        """
        asleep = partition == HIBERNATE
        whole = self.fleet.curve_s(int(slots.threads.max()))
        terms = self._terms(slots, partition, whole[np.arange(len(self.fleet)), threads - 1], 0)
        energy = np.where(asleep, 0.0, terms.energy_j)
        charge = charge_j(slots.battery_j, energy, slots.harvest_j)
        utility = np.where(asleep, UNSERVED_UTILITY, terms.utility)
        following = battery_next_j(charge, self.fleet.battery_max_j)
        return Result(partition, threads, utility, energy, following)

    def thread_range(self, slots: Slots) -> Ints:
        """All thread counts that some device can have in some slot; shape (C,).

        They end at the largest cap, as `SlotProblem.thread_range` does.
        """
        spare = int(slots.threads.max()) - len(self.fleet) * self.min_threads
        most = min(self.min_threads + max(spare, 0), int(self.thread_caps(slots).max()))
        return np.arange(self.min_threads, max(most, self.min_threads) + 1)

    def thread_caps(self, slots: Slots) -> Ints:
        """Most threads each device may hold in each slot, shape (E, N)."""
        return np.minimum(self.fleet.thread_caps, slots.threads[:, None])

    def latency_by_threads(self, slots: Slots, partition: Ints) -> Floats:
        """D_e2e in seconds at each thread count, shape (E, N, C); +inf where infeasible."""
        count = self.thread_range(slots)
        whole = self.fleet.curve_s(int(count[-1]))[:, self.min_threads - 1 :]
        terms = self._terms(slots, partition, whole, 1)
        spare = slots.threads - len(self.fleet) * self.min_threads
        most = np.minimum(self.thread_caps(slots), (self.min_threads + spare)[:, None])
        feasible = terms.steady & terms.powered & (count <= most[:, :, None])
        return np.where(feasible, terms.end_to_end_s, np.inf)

    def _terms(self, slots: Slots, partition: Ints, whole_s: Floats, axes: int) -> Terms:
        device, cut = np.arange(len(self.fleet)), np.clip(partition, 0, self.fleet.layers)
        cuts = self.fleet.cuts.at((device, cut)).at((..., *[None] * axes))
        return slot_terms(self, slot_data(slots, self.fleet, axes=axes), cuts, whole_s)
