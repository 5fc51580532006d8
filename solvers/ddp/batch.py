"""Many slots of one fleet at once: Algorithm 1 and the model over a leading axis of episodes.

The equations are those of `problems.slot` and the rule is that of `ThreadAllocation` (corrected,
even start), only carried out for E slots together; decisions are the same to the last thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from splitbench.problems import HIBERNATE, EpisodeView, Fleet, Formulation, Horizon, SlotProblem
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.formulation import UNSERVED_UTILITY
from splitbench.problems.slot import SlotData, Terms, slot_terms
from splitbench.solvers.threads.batch_threads import exchange, feasible_counts, split_evenly

Objective = Literal["latency", "utility"]


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
    """What E slots come to: l (−1 hibernates), k, U_n, E_con and E(t+1), shape (E, N) each."""

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


@dataclass(frozen=True)
class BatchModel:
    """The model of one fleet, applied to many slots at once; hibernation is allowed."""

    fleet: Fleet
    slot_s: float
    min_threads: int
    utility_weight: float
    formulation: Formulation

    @classmethod
    def of(cls, source: Horizon | SlotProblem | EpisodeView) -> BatchModel:
        """Return the model that a horizon, a slot or an episode's view stands on."""
        return cls(
            source.fleet,
            source.slot_s,
            source.min_threads,
            source.utility_weight,
            source.formulation,
        )

    def decide(self, slots: Slots, partition: Ints, objective: Objective = "latency") -> Result:
        """Allocate threads to partitions, shape (E, N), with TA and apply the model.

        Devices that cannot be served hibernate, as the allocators of a scheme make them.
        """
        caps = np.minimum(self.fleet.thread_caps, slots.threads[:, None])
        latency = self._latency_by_threads(slots, partition, caps)
        within = self.thread_range(slots) <= caps[:, :, None]
        chosen, least = feasible_counts(latency, partition, slots.threads, self.min_threads)
        latency = np.where((chosen == HIBERNATE)[:, :, None] & within, 0.0, latency)
        threads = least + split_evenly(slots.threads - least.sum(axis=1), caps - least)
        cost = latency
        if objective == "utility":
            cost = latency / self.fleet.deadline_s[:, None]
        threads = exchange(cost, threads, self.min_threads)
        place = (threads - self.min_threads)[:, :, None]
        held = np.take_along_axis(latency, place, axis=2)[:, :, 0]
        return self.apply(slots, np.where(np.isfinite(held), chosen, HIBERNATE), threads)

    def apply(self, slots: Slots, partition: Ints, threads: Ints) -> Result:
        """Score feasible decisions, shape (E, N) each; hibernating devices earn −10."""
        asleep = partition == HIBERNATE
        device = np.arange(len(self.fleet))
        whole = self.fleet.curve_s(int(slots.threads.max()))[device, threads - 1]
        terms = self._terms(slots, partition, whole, ())
        energy = np.where(asleep, 0.0, terms.energy_j)
        charge = slots.battery_j - energy + slots.harvest_j
        utility = np.where(asleep, UNSERVED_UTILITY, terms.utility)
        battery = np.minimum(np.maximum(charge, 0.0), self.fleet.battery_max_j)
        return Result(partition, threads, utility, energy, battery)

    def thread_range(self, slots: Slots) -> Ints:
        """Thread counts that any device can have in any of the slots; shape (C,)."""
        spare = int(slots.threads.max()) - len(self.fleet) * self.min_threads
        return np.arange(self.min_threads, self.min_threads + max(spare, 0) + 1)

    def _latency_by_threads(self, slots: Slots, partition: Ints, caps: Ints) -> Floats:
        """D_e2e in seconds at each thread count, shape (E, N, C); +inf where infeasible."""
        count = self.thread_range(slots)
        whole = self.fleet.curve_s(int(count[-1]))[:, self.min_threads - 1 :]
        terms = self._terms(slots, partition, whole, (1,))
        spare = slots.threads - len(self.fleet) * self.min_threads
        most = np.minimum(caps, (self.min_threads + spare)[:, None])
        feasible = (terms.charge_j > 0.0) & (count <= most[:, :, None])
        return np.where(feasible, terms.end_to_end_s, np.inf)

    def _terms(
        self, slots: Slots, partition: Ints, whole_s: Floats, trailing: tuple[int, ...]
    ) -> Terms:
        fleet, shape = self.fleet, (*partition.shape, *trailing)
        device, cut = np.arange(len(fleet)), np.clip(partition, 0, fleet.layers)
        fixed = (
            fleet.deadline_s,
            fleet.battery_max_j,
            fleet.compute_power_w,
            fleet.transmit_power_w,
        )
        data = SlotData(
            *(column.reshape(shape) for column in slots[1:]),
            *(column.reshape(-1, *trailing) for column in fixed),
        )
        return slot_terms(
            data,
            fleet.cut_bits[device, cut].reshape(shape),
            fleet.local_s[device, cut].reshape(shape),
            fleet.server_share[device, cut].reshape(shape),
            whole_s,
            slot_s=self.slot_s,
            utility_weight=self.utility_weight,
            formulation=self.formulation,
        )
