"""One slot of P1: the equations of the paper, and the problem that every solver is handed.

The equations stand here once, as functions that broadcast over any axes, so that a single
decision, the table of all decisions and a batch of episodes run through the same lines.
Numbers in brackets are the paper's (Shi et al., "Joint DNN Partition and Thread Allocation
Optimization for Energy-Harvesting MEC Systems"); where it contradicts itself, `Formulation` says
which reading is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from splitbench.problems.arrays import Floats, Ints, check_charge, check_counts, checked, frozen
from splitbench.problems.errors import InputError
from splitbench.problems.even_split import even_split
from splitbench.problems.fleet import Fleet
from splitbench.problems.formulation import UNSERVED_UTILITY, Formulation
from splitbench.problems.outcome import HIBERNATE, Outcome, outcome_of

#: Entries of the utility table that are made at a time: arrays that stay in the CPU's cache (and
#: below malloc's threshold for fresh pages) take half the time of larger ones.
_CHUNK = 15_000


def transmission_s(cut_bits: Floats, uplink_bps: Floats) -> Floats:
    """Eq. 2: D_tran = d(l)/B, in seconds; d(S) = 0, so local-only sends nothing."""
    return cut_bits / uplink_bps


def server_s(server_share: Floats, whole_server_s: Floats) -> Floats:
    """Eq. 8: D_ser = D(k)·share(l), in seconds; the paper's share is 1 − l/S."""
    return whole_server_s * server_share


@np.errstate(divide="ignore")
def queueing_s(arrival_rate_hz: Floats, service_s: Floats) -> Floats:
    """Eq. 3: mean wait of an M/D/1 queue, λ·D² / (2·(1 − λ·D)), in seconds.

    With μ = 1/D and ρ = λ/μ this is the printed λ/(2μ²(1 − ρ)). It is 0 where nothing is served
    (l = S, D = 0) and infinite where ρ ≥ 1, since such a queue has no steady state.
    """
    utilisation = arrival_rate_hz * service_s
    slack = np.fmax(1.0 - utilisation, 0.0)  # 0 makes the wait infinite
    wait: Floats = utilisation * service_s / (2.0 * slack)
    return wait


def slot_energy_j(
    local_s: Floats,
    transmit_s: Floats,
    compute_power_w: Floats,
    transmit_power_w: Floats,
    tasks: Floats | float,
) -> Floats:
    """Eq. 5: (P_loc·D_loc + P_tran·D_tran) × tasks, in joules; `tasks` = λ·τ in a slot."""
    return (compute_power_w * local_s + transmit_power_w * transmit_s) * tasks


def charge_j(battery_j: Floats, energy_j: Floats, harvest_j: Floats) -> Floats:
    """Eq. 4 before its cap: E − E_con + E_harv, in joules; Eq. 12 asks that it be > 0."""
    return battery_j - energy_j + harvest_j


def harvested_j(irradiance_w_m2: Floats, panel_m2: Floats | float, slot_s: float) -> Floats:
    """Eq. 6: R·α·τ, in joules; α = panel area (m²) × efficiency, else the units do not fit."""
    return irradiance_w_m2 * panel_m2 * slot_s


def slot_utility(
    charge_share: Floats, end_to_end_s: Floats, deadline_s: Floats, utility_weight: float
) -> Floats:
    """Eq. 10, one device: V·(charge share) + (1 − V)·(D_max − D_e2e)/D_max."""
    saved = (deadline_s - end_to_end_s) / deadline_s
    return utility_weight * charge_share + (1.0 - utility_weight) * saved


class Terms(NamedTuple):
    """Everything Eq. 1–10 give for a decision; arrays that broadcast against each other."""

    transmit_s: Floats
    server_s: Floats
    queue_s: Floats
    end_to_end_s: Floats
    energy_j: Floats
    charge_j: Floats
    battery_next_j: Floats
    utility: Floats


class SlotData(NamedTuple):
    """Numbers of a slot that Eq. 1–10 need besides l and k, in broadcastable shapes."""

    arrival_rate_hz: Floats
    uplink_bps: Floats
    battery_j: Floats
    harvest_j: Floats
    deadline_s: Floats
    battery_max_j: Floats
    compute_power_w: Floats
    transmit_power_w: Floats


# What no float can hold is infinite: numbers of 1e308 in a file, or V = 1 where ρ ≥ 1, 0·(−inf).
@np.errstate(over="ignore", invalid="ignore")
def slot_terms(
    data: SlotData,
    cut_bits: Floats,
    local_s: Floats,
    server_share: Floats,
    whole_server_s: Floats,
    *,
    slot_s: float,
    utility_weight: float,
    formulation: Formulation,
) -> Terms:
    """Apply Eq. 1–10 to cuts (`cut_bits`, `local_s`, `server_share`) and threads (D(k)).

    All arrays broadcast. Infeasible entries are recognised by `queue_s` = inf (ρ ≥ 1) or
    `charge_j` ≤ 0 (Eq. 12); their utility has no meaning.
    """
    transmit = transmission_s(cut_bits, data.uplink_bps)
    tasks = data.arrival_rate_hz * slot_s if formulation.energy_scope == "slot" else 1.0
    energy = slot_energy_j(local_s, transmit, data.compute_power_w, data.transmit_power_w, tasks)
    charge = charge_j(data.battery_j, energy, data.harvest_j)
    following = np.minimum(charge, data.battery_max_j)  # Eq. 4
    if formulation.energy_term == "residual":
        charge_share = following / data.battery_max_j
    else:
        charge_share = (data.battery_max_j - data.battery_j) / data.battery_max_j
    service = server_s(server_share, whole_server_s)
    queue = queueing_s(data.arrival_rate_hz, service)
    end_to_end = (local_s + transmit) + (queue + service)  # Eq. 1
    utility = slot_utility(charge_share, end_to_end, data.deadline_s, utility_weight)
    return Terms(transmit, service, queue, end_to_end, energy, charge, following, utility)


class BestByThreads(NamedTuple):
    """g_n(k) = max_l f_n(l, k), shape (N, C), and the l that gives it (−1: hibernation)."""

    utility: Floats
    partition: Ints


@dataclass(frozen=True, eq=False)
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
        The same devices as a solver believes them to be (a fitted D(k) where `fleet` has the
        measured one); None: as they are. Only `as_planned` reads it.
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

    def __len__(self) -> int:
        return len(self.fleet)

    def as_planned(self) -> SlotProblem:
        """Return the slot as a solver is shown it; the slot itself where plan and world agree."""
        return self if self.planning is None else replace(self, fleet=self.planning, planning=None)

    @property
    def layers(self) -> Ints:
        """S_n, shape (N,): the partition that runs everything on the device."""
        return self.fleet.layers

    @property
    def spare_threads(self) -> int:
        """K − N·k_min, the threads beyond everybody's minimum; negative: infeasible."""
        return self.threads - len(self) * self.min_threads

    @cached_property
    def thread_range(self) -> Ints:
        """Thread counts that any device can have while the others keep k_min; shape (C,)."""
        return frozen(np.arange(self.min_threads, self.min_threads + self.spare_threads + 1))

    @cached_property
    def thread_caps(self) -> Ints:
        """Most threads a device may hold: its own cap or K, shape (N,)."""
        return frozen(np.minimum(self.fleet.thread_caps, self.threads))

    def even_threads(self) -> Ints:
        """Divide K evenly: ⌊K/N⌋ each, the remainder to the first devices, caps honoured."""
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
        terms = self._all_terms(rows)
        table = np.where(terms.queue_s < np.inf, terms.utility, -np.inf)
        table[~self.fleet.in_range[rows] | ~(terms.charge_j[:, :, 0] > 0.0)] = -np.inf
        return self._within_caps(table, rows, -np.inf)

    def best_by_threads(self) -> BestByThreads:
        """Maximise over l at each thread count: P1 is separable but for Σ k = K.

        Returns
        -------
        BestByThreads
            Shapes (N, C); ties go to the smallest l, hibernation (−1) only where better.
        """
        count = max(len(self.thread_range), 1)
        chunk = max(1, _CHUNK // (count * self.fleet.width))
        parts = [self._best_rows(start, start + chunk) for start in range(0, len(self), chunk)]
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
        return outcome_of(
            self,
            self._integers(partition, "partition"),
            self._integers(threads, "threads"),
            frozenset(relax),
        )

    def terms_at(self, partition: Ints, threads: Ints) -> Terms:
        """Eq. 1–10 for one decision; l is read as clipped to 0..S, D(k < 1) as NaN."""
        device = np.arange(len(self))
        cut = np.clip(partition, 0, self.layers)
        fleet = self.fleet
        share = fleet.server_share[device, cut]
        # Local-only needs no server, so D(k) need not be defined for it.
        whole = np.where(share > 0.0, fleet.whole_server_s(threads), 0.0)
        return self._terms(
            self._data(slice(None), ()),
            fleet.cut_bits[device, cut],
            fleet.local_s[device, cut],
            share,
            whole,
        )

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
        fleet = self.fleet
        terms = self._terms(
            self._data(slice(None), (1,)),
            fleet.cut_bits[device, cut][:, None],
            fleet.local_s[device, cut][:, None],
            fleet.server_share[device, cut][:, None],
            self._curve_s(slice(None)),
        )
        in_range = (chosen == cut)[:, None]
        feasible = in_range & (terms.charge_j > 0.0) & (terms.queue_s < np.inf)
        values = np.where(feasible, getattr(terms, term), infeasible)
        if self.formulation.hibernation_allowed:
            values = np.where((chosen == HIBERNATE)[:, None], asleep, values)
        return self._within_caps(values, slice(None), infeasible)

    def _all_terms(self, rows: slice) -> Terms:
        fleet = self.fleet
        return self._terms(
            self._data(rows, (1, 1)),
            fleet.cut_bits[rows, :, None],
            fleet.local_s[rows, :, None],
            fleet.server_share[rows, :, None],
            self._curve_s(rows)[:, None, :],
        )

    def _terms(
        self, data: SlotData, cut_bits: Floats, local: Floats, share: Floats, whole: Floats
    ) -> Terms:
        return slot_terms(
            data,
            cut_bits,
            local,
            share,
            whole,
            slot_s=self.slot_s,
            utility_weight=self.utility_weight,
            formulation=self.formulation,
        )

    def _data(self, rows: slice, trailing: tuple[int, ...]) -> SlotData:
        fleet = self.fleet
        columns = (
            self.arrival_rate_hz,
            self.uplink_bps,
            self.battery_j,
            self.harvest_j,
            fleet.deadline_s,
            fleet.battery_max_j,
            fleet.compute_power_w,
            fleet.transmit_power_w,
        )
        return SlotData(*(column[rows].reshape(-1, *trailing) for column in columns))

    def _curve_s(self, rows: slice) -> Floats:
        most = max(self.min_threads + self.spare_threads, 0)
        return self.fleet.curve_s(most)[rows, self.min_threads - 1 :]

    def _within_caps(self, values: Floats, rows: slice, outside: float) -> Floats:
        """Replace what lies beyond a device's thread cap; the last axis is `thread_range`."""
        caps = self.thread_caps[rows]
        if len(self.thread_range) == 0 or caps.min() >= self.thread_range[-1]:
            return values
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
