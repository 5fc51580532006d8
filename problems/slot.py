"""One slot of P1: the problem that every solver is handed, and its utilities as arrays.

The equations are those of `problems.equations`; the symbols are the paper's (MODEL.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from splitbench.problems.arrays import (
    Floats,
    Ints,
    check_charge,
    check_counts,
    checked,
    frozen,
)
from splitbench.problems.equations import (
    EnergyTerms,
    Terms,
    energy_terms,
    slot_data,
    slot_terms,
)
from splitbench.problems.errors import InputError
from splitbench.problems.even_split import even_split
from splitbench.problems.fleet import Fleet
from splitbench.problems.formulation import UNSERVED_UTILITY, Formulation
from splitbench.problems.outcome import (
    HIBERNATE,
    SHOWN_DEVICES,
    Outcome,
    left_out,
    outcomes_of,
)

#: Entries of the utility table computed at a time. Arrays that fit the CPU's cache (and stay below
#: malloc's threshold for fresh pages) take half the time of larger ones.
_CHUNK = 15_000


class BestByThreads(NamedTuple):
    """g_n(k) = max_l f_n(l, k), shape (N, C), and the l that gives it (−1: hibernation)."""

    utility: Floats
    partition: Ints


@dataclass(frozen=True, eq=False, repr=False)
class SlotProblem:
    """One slot: which partition l_n and how many threads k_n for each of N devices.

    Immutable; arrays are copied in and read-only. `len(problem)` is N.

    Attributes
    ----------
    fleet
        The devices and their DNNs.
    threads
        K, the server's threads in this slot; Σ k_n = K (Eq. 13).
    arrival_rate_hz, uplink_bps, battery_j, harvest_j
        λ_n (1/s), B_n (bit/s), charge at the start (J), harvest (J); shape (N,).
    slot_s, min_threads, utility_weight
        τ (s), k_min (Eq. 14), V (Eq. 10).
    planning
        The devices as solvers are shown them, where that differs from `fleet`: with a fitted D(k)
        in place of the measured one. Only `as_planned` reads it.
    """

    fleet: Fleet
    threads: int
    arrival_rate_hz: Floats
    uplink_bps: Floats
    battery_j: Floats
    harvest_j: Floats
    slot_s: float = 30.0
    min_threads: int = 1
    utility_weight: float = 0.5
    formulation: Formulation = field(default_factory=Formulation)
    name: str = ""
    planning: Fleet | None = None

    def __post_init__(self) -> None:
        check_counts(self.min_threads, self.slot_s, self.utility_weight)
        if self.threads < 1:
            raise InputError(f"threads: got {self.threads}; expected at least 1")
        shape = (len(self.fleet),)
        for attribute in ("arrival_rate_hz", "uplink_bps"):
            rate = checked(getattr(self, attribute), shape, attribute, positive=True)
            object.__setattr__(self, attribute, rate)
        for attribute in ("battery_j", "harvest_j"):
            energy = checked(getattr(self, attribute), shape, attribute)
            object.__setattr__(self, attribute, energy)
        check_charge(self.battery_j, self.fleet.battery_max_j, "battery_j")

    @classmethod
    def of_checked(cls, **fields: Any) -> SlotProblem:
        """Build a slot without checks or copies, for speed.

        The arrays must be read-only and already checked.
        """
        problem = object.__new__(cls)
        problem.__dict__.update(fields)
        return problem

    def __len__(self) -> int:
        return len(self.fleet)

    def __repr__(self) -> str:
        switches = self.formulation
        lines = [
            f"SlotProblem {self.name!r}: {len(self)} devices, {self.threads} threads "
            f"(at least {self.min_threads} each), {self.slot_s:g} s, V = {self.utility_weight:g}, "
            f"energy {switches.energy_term} a {switches.energy_scope}, "
            f"hibernation {switches.hibernation}"
        ]
        for index, device in enumerate(self.fleet.devices[:SHOWN_DEVICES]):
            lines.append(
                f"  {device.name} ({device.dnn}): S = {device.layers}, "
                f"λ = {self.arrival_rate_hz[index]:.3g} /s, "
                f"B = {self.uplink_bps[index] / 1e6:.3g} Mbit/s, "
                f"E = {self.battery_j[index]:.4g} of {device.battery_max_j:.4g} J, "
                f"H = {self.harvest_j[index]:.3g} J"
            )
        return "\n".join([*lines, *left_out(len(self))])

    def as_planned(self) -> SlotProblem:
        """Return the slot as solvers are shown it: with the `planning` fleet, if there is one."""
        return self if self.planning is None else replace(self, fleet=self.planning, planning=None)

    @property
    def layers(self) -> Ints:
        """S_n, shape (N,): the partition that runs everything on the device."""
        return self.fleet.layers

    @property
    def spare_threads(self) -> int:
        """K − N·k_min, the threads beyond the minimum of all devices; negative: infeasible."""
        return self.threads - len(self) * self.min_threads

    @cached_property
    def thread_range(self) -> Ints:
        """Thread counts that some device can have while the others keep k_min; shape (C,).

        They end at the largest cap: C is K − N·k_min + 1 only where a device can hold the rest.
        """
        most = min(self.min_threads + self.spare_threads, int(self.thread_caps.max()))
        if self.spare_threads >= 0:
            most = max(most, self.min_threads)  # the tables have a column even where no cap does
        return frozen(np.arange(self.min_threads, most + 1))

    @cached_property
    def thread_caps(self) -> Ints:
        """Most threads a device may hold: its own cap or K, shape (N,)."""
        return frozen(np.minimum(self.fleet.thread_caps, self.threads))

    def even_threads(self) -> Ints:
        """Split K evenly: ⌊K/N⌋ each, the remainder to the first devices, within the caps."""
        return even_split(self.threads, self.thread_caps)

    def utility_table(self, start: int = 0, stop: int | None = None) -> Floats:
        """f_n(l, k): utility of each device for every partition and thread count.

        Parameters
        ----------
        start, stop
            Devices of the rows wanted; all by default.

        Returns
        -------
        Floats
            Shape (stop − start, L, C): partition l = 0..L−1 by thread count `thread_range`;
            −inf where infeasible (ρ ≥ 1, Eq. 12, Eq. 15, a thread cap). Hibernation has no
            row here: where allowed it is worth −10 at every thread count.
        """
        rows = slice(start, stop)
        data = slot_data(self, self.fleet, axes=2, rows=rows)
        cuts = self.fleet.cuts_of(rows).at((slice(None), slice(None), None))
        terms = slot_terms(self, data, cuts, self._curve_s(rows)[:, None, :])
        feasible = terms.steady & (terms.powered & self.fleet.in_range_of(rows)[:, :, None])
        return self._within_caps(np.where(feasible, terms.utility, -np.inf), rows, -np.inf)

    def best_by_threads(self, start: int = 0, stop: int | None = None) -> BestByThreads:
        """Maximise over l at each thread count: P1 is separable but for Σ k = K.

        Parameters
        ----------
        start, stop
            Devices of the rows wanted; all by default.

        Returns
        -------
        BestByThreads
            Shapes (stop − start, C); ties go to the smallest l, hibernation (−1) only where better.
        """
        count = max(len(self.thread_range), 1)
        chunk = max(1, _CHUNK // (count * self.fleet.width))
        behind = len(self) if stop is None else min(stop, len(self))
        parts = [
            self._best_rows(row, min(row + chunk, behind)) for row in range(start, behind, chunk)
        ]
        if len(parts) == 1:
            return parts[0]
        return BestByThreads(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def utility_by_threads(self, partition: ArrayLike) -> Floats:
        """f_n(l_n, k) of a given partition, shape (N, C); −inf where infeasible.

        A hibernating device (−1) is worth −10 at every thread count within its cap.
        """
        return self._by_threads(partition, "utility", -np.inf, UNSERVED_UTILITY)

    def latency_by_threads(self, partition: ArrayLike) -> Floats:
        """D_e2e of a given partition in seconds, shape (N, C); +inf where infeasible.

        A hibernating device (−1) has latency 0 at every thread count within its cap.
        """
        return self._by_threads(partition, "end_to_end_s", np.inf, 0.0)

    def evaluate(
        self, partition: ArrayLike, threads: ArrayLike, relax: Sequence[str] = ()
    ) -> Outcome:
        """Apply the model to one decision, whether it is feasible or not.

        Parameters
        ----------
        partition, threads
            l_n and k_n as integers, shape (N,); −1 hibernates where that is allowed.
        relax
            `threads_sum` to score a decision that leaves threads idle as it is.

        Raises
        ------
        InputError
            Wrong length, or numbers that are not integers.
        """
        chosen = self._integers(partition, "partition")[None]
        held = self._integers(threads, "threads")[None]
        return outcomes_of([self], chosen, held, [frozenset(relax)])[0]

    def terms_at(self, partition: Ints, threads: Ints) -> Terms:
        """Eq. 1–10 for one decision; l is read as clipped to 0..S, D(k < 1) as NaN."""
        cuts = self.fleet.cuts_at(np.arange(len(self)), np.clip(partition, 0, self.layers))
        # Local-only needs no server, so D(k) need not be defined for it.
        whole = np.where(cuts.server_share > 0.0, self.fleet.whole_server_s(threads), 0.0)
        return slot_terms(self, slot_data(self, self.fleet), cuts, whole)

    def energy_by_cut(self) -> EnergyTerms:
        """Eq. 2, 4 and 5 for every partition, shape (N, L); the threads do not matter."""
        return energy_terms(self, slot_data(self, self.fleet, axes=1), self.fleet.cuts)

    def _best_rows(self, start: int, stop: int) -> BestByThreads:
        table = self.utility_table(start, stop)
        partition, utility = table.argmax(axis=1), table.max(axis=1)
        if self.formulation.hibernation_allowed:
            rows = slice(start, stop)
            asleep = self._within_caps(np.full_like(utility, UNSERVED_UTILITY), rows, -np.inf)
            partition = np.where(asleep > utility, HIBERNATE, partition)
            utility = np.maximum(asleep, utility)
        return BestByThreads(utility, partition)

    def _by_threads(
        self, partition: ArrayLike, term: str, infeasible: float, asleep: float
    ) -> Floats:
        chosen = self._integers(partition, "partition")
        device, cut = np.arange(len(self)), np.clip(chosen, 0, self.layers)
        cuts = self.fleet.cuts_at(device[:, None], cut[:, None])
        data = slot_data(self, self.fleet, axes=1)
        terms = slot_terms(self, data, cuts, self._curve_s(slice(None)))
        feasible = terms.steady & (terms.powered & (chosen == cut)[:, None])
        values = np.where(feasible, getattr(terms, term), infeasible)
        if self.formulation.hibernation_allowed:
            values = np.where((chosen == HIBERNATE)[:, None], asleep, values)
        return self._within_caps(values, slice(None), infeasible)

    def _curve_s(self, rows: slice) -> Floats:
        most = max(self.min_threads - 1 + len(self.thread_range), 0)
        return self.fleet.curve_rows(rows, most)[:, self.min_threads - 1 :]

    def _within_caps(self, values: Floats, rows: slice, outside: float) -> Floats:
        """Replace what lies beyond a device's thread cap; the last axis is `thread_range`."""
        spare = self.spare_threads
        if spare < 0 or self.fleet.least_cap >= self.min_threads + spare:
            return values
        caps = self.thread_caps[rows]
        beyond = self.thread_range > caps[:, None]
        return np.where(beyond.reshape(len(caps), *([1] * (values.ndim - 2)), -1), outside, values)

    def _integers(self, values: ArrayLike, what: str) -> Ints:
        array = np.asarray(values)
        if array.shape != (len(self),) or not np.issubdtype(array.dtype, np.integer):
            raise InputError(
                f"{what}: got {array.dtype} of shape {array.shape}; "
                f"expected integers of shape ({len(self)},)"
            )
        return array.astype(np.int64)
