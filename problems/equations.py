"""Eq. 1–10 of the paper, each once, in the order and with the symbols of MODEL.md.

Numbers in brackets are those of Shi et al., "Joint DNN Partition and Thread Allocation
Optimization for Energy-Harvesting MEC Systems"; where it contradicts itself, `Formulation` says
which reading is taken. SI units throughout. Every function broadcasts over any axes, so that one
decision, the table of all decisions and a batch of slots use the same code.

`slot_terms` applies all of them at once. Only `slot_data` packs a slot's numbers for it.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from splitbench.problems.arrays import Floats, Ints, Mask
from splitbench.problems.formulation import Formulation

# --- latency of one task ---------------------------------------------------------------------


def linear_local_s(whole_s: float, layers: int) -> tuple[float, ...]:
    """Eq. 9: D_local(l) = D_loc·l/S for l = 0..S, in seconds; measured rows may replace it."""
    return tuple(whole_s * index / layers for index in range(layers + 1))


def transmission_s(cut_bits: Floats, uplink_bps: Floats) -> Floats:
    """Eq. 2: D_tran = d(l)/B, in seconds; d(S) = 0, so local-only sends nothing."""
    return cut_bits / uplink_bps


@np.errstate(over="ignore", invalid="ignore")
def thread_latency_s(threads: Floats, c0: float, c1: float, c2: float, c3: float) -> Floats:
    """Eq. 7: D(k) = c0·exp(c1·k) + c2·exp(c3·k), in the unit of c0 and c2."""
    seconds: Floats = c0 * np.exp(c1 * threads) + c2 * np.exp(c3 * threads)
    return seconds


def linear_server_share(layers: int) -> tuple[float, ...]:
    """Eq. 8: share(l) = 1 − l/S for l = 0..S; other shares may replace it."""
    return tuple(1.0 - index / layers for index in range(layers + 1))


def server_s(server_share: Floats, whole_server_s: Floats) -> Floats:
    """Eq. 8: D_ser = share(l)·D(k), in seconds."""
    return whole_server_s * server_share


def utilisation(arrival_rate_hz: Floats, service_s: Floats) -> Floats:
    """ρ = λ·D_ser of Eq. 3; a queue with ρ ≥ 1 has no steady state and is infeasible."""
    return arrival_rate_hz * service_s


@np.errstate(divide="ignore")
def queueing_s(arrival_rate_hz: Floats, service_s: Floats) -> Floats:
    """Eq. 3: mean wait of an M/D/1 queue, λ·D_ser² / (2·(1 − ρ)), in seconds.

    With μ = 1/D_ser and ρ = λ/μ this is the printed λ/(2μ²(1 − ρ)). It is 0 where nothing is
    served (l = S, D_ser = 0) and infinite where ρ ≥ 1.
    """
    return _wait_s(arrival_rate_hz, service_s)


def _wait_s(arrival_rate_hz: Floats, service_s: Floats) -> Floats:
    rho = utilisation(arrival_rate_hz, service_s)
    slack = np.fmax(1.0 - rho, 0.0)  # 0 makes the wait infinite
    wait: Floats = rho * service_s / (2.0 * slack)
    return wait


def end_to_end_s(local_s: Floats, transmit_s: Floats, queue_s: Floats, service_s: Floats) -> Floats:
    """Eq. 1: D_e2e = D_local + D_tran + D_que + D_ser, in seconds."""
    return (local_s + transmit_s) + (queue_s + service_s)


# --- energy over the slot --------------------------------------------------------------------


def tasks(arrival_rate_hz: Floats, slot_s: float, formulation: Formulation) -> Floats | float:
    """Tasks whose energy counts: λ·τ, or 1 as Eq. 5 prints it (`energy_scope=task`)."""
    return arrival_rate_hz * slot_s if formulation.energy_scope == "slot" else 1.0


def slot_energy_j(
    local_s: Floats,
    transmit_s: Floats,
    compute_power_w: Floats,
    transmit_power_w: Floats,
    task_count: Floats | float,
) -> Floats:
    """Eq. 5: E_con = (P_loc·D_local + P_tran·D_tran) × tasks, in joules."""
    return (compute_power_w * local_s + transmit_power_w * transmit_s) * task_count


def charge_j(battery_j: Floats, energy_j: Floats, harvest_j: Floats) -> Floats:
    """Eq. 4 before its limits: E − E_con + E_harv, in joules; Eq. 12 asks that it be > 0."""
    return battery_j - energy_j + harvest_j


def battery_next_j(charge_after_j: Floats, battery_max_j: Floats) -> Floats:
    """Eq. 4: E' = min(E − E_con + E_harv, E_max), and 0 where that is negative, in joules."""
    return np.minimum(np.maximum(charge_after_j, 0.0), battery_max_j)


def harvested_j(irradiance_w_m2: Floats, panel_m2: Floats | float, slot_s: float) -> Floats:
    """Eq. 6: R·α·τ, in joules; α = panel area (m²) × efficiency, else the units do not fit."""
    return irradiance_w_m2 * panel_m2 * slot_s


# --- utility ---------------------------------------------------------------------------------


def charge_share(
    battery_j: Floats, following_j: Floats, battery_max_j: Floats, formulation: Formulation
) -> Floats:
    """Energy part of Eq. 10: E'/E_max, or as printed (E_max − E)/E_max (`energy_term=paper`)."""
    if formulation.energy_term == "residual":
        return following_j / battery_max_j
    return (battery_max_j - battery_j) / battery_max_j


def time_saved(end_to_end: Floats, deadline_s: Floats) -> Floats:
    """Latency part of Eq. 10: (D_max − D_e2e)/D_max."""
    return (deadline_s - end_to_end) / deadline_s


def slot_utility(energy_part: Floats, latency_part: Floats, utility_weight: float) -> Floats:
    """Eq. 10, one device: V·(energy part) + (1 − V)·(latency part)."""
    return utility_weight * energy_part + (1.0 - utility_weight) * latency_part


# --- all of them at once ---------------------------------------------------------------------


class Model(Protocol):
    """The constants of Eq. 1–10: τ (s), V and the formulation."""

    @property
    def slot_s(self) -> float: ...  # noqa: D102
    @property
    def utility_weight(self) -> float: ...  # noqa: D102
    @property
    def formulation(self) -> Formulation: ...  # noqa: D102


class SlotArrays(Protocol):
    """What changes from slot to slot: λ (1/s), B (bit/s), E and E_harv (J); shape (…, N)."""

    @property
    def arrival_rate_hz(self) -> Floats: ...  # noqa: D102
    @property
    def uplink_bps(self) -> Floats: ...  # noqa: D102
    @property
    def battery_j(self) -> Floats: ...  # noqa: D102
    @property
    def harvest_j(self) -> Floats: ...  # noqa: D102


class DeviceArrays(Protocol):
    """Device parameters: D_max (s), E_max (J), P_loc and P_tran (W); shape (N,)."""

    @property
    def deadline_s(self) -> Floats: ...  # noqa: D102
    @property
    def battery_max_j(self) -> Floats: ...  # noqa: D102
    @property
    def compute_power_w(self) -> Floats: ...  # noqa: D102
    @property
    def transmit_power_w(self) -> Floats: ...  # noqa: D102


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


def slot_data(
    slots: SlotArrays, devices: DeviceArrays, *, axes: int = 0, rows: slice | Ints = slice(None)
) -> SlotData:
    """Pack the numbers of one slot, or of many.

    Parameters
    ----------
    slots, devices
        Arrays whose last axis is the device; axes before it (many slots) broadcast.
    axes
        Axes to append behind the device's, for the decision: l, k or both.
    rows
        Devices to take, as a slice or as indices.

    Returns
    -------
    SlotData
        Shapes (…, N) + (1,) × `axes`.
    """
    at = (..., rows, *[None] * axes)
    return SlotData(
        slots.arrival_rate_hz[at],
        slots.uplink_bps[at],
        slots.battery_j[at],
        slots.harvest_j[at],
        devices.deadline_s[at],
        devices.battery_max_j[at],
        devices.compute_power_w[at],
        devices.transmit_power_w[at],
    )


class Cuts(NamedTuple):
    """Where DNNs are cut: d(l) in bits, D_local(l) in seconds, and the server's share."""

    cut_bits: Floats
    local_s: Floats
    server_share: Floats

    def at(self, index: Any) -> Cuts:
        """Return the three arrays at a numpy index."""
        bits, local, share = self
        return Cuts(bits[index], local[index], share[index])


class EnergyTerms(NamedTuple):
    """Results of Eq. 2, 4 and 5 for a cut; they do not depend on the threads."""

    transmit_s: Floats
    energy_j: Floats
    charge_j: Floats
    battery_next_j: Floats


class Terms(NamedTuple):
    """Results of Eq. 1–10 for a decision, as arrays that broadcast against each other."""

    transmit_s: Floats
    server_s: Floats
    queue_s: Floats
    end_to_end_s: Floats
    energy_j: Floats
    charge_j: Floats
    battery_next_j: Floats
    utility: Floats

    @property
    def steady(self) -> Mask:
        """Whether ρ < 1 (Eq. 3); false too where D(k) is not defined."""
        return self.queue_s < np.inf

    @property
    def powered(self) -> Mask:
        """Whether the charge stays above 0 (Eq. 12)."""
        return self.charge_j > 0.0


def energy_terms(model: Model, data: SlotData, cuts: Cuts) -> EnergyTerms:
    """Apply Eq. 2, 4 and 5 to cuts; all arrays broadcast."""
    transmit = transmission_s(cuts.cut_bits, data.uplink_bps)
    count = tasks(data.arrival_rate_hz, model.slot_s, model.formulation)
    energy = slot_energy_j(
        cuts.local_s, transmit, data.compute_power_w, data.transmit_power_w, count
    )
    charge = charge_j(data.battery_j, energy, data.harvest_j)
    return EnergyTerms(transmit, energy, charge, battery_next_j(charge, data.battery_max_j))


# Overflow gives inf (a file may hold 1e308), and 0·(−inf) gives NaN (V = 1 where ρ ≥ 1).
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def slot_terms(model: Model, data: SlotData, cuts: Cuts, whole_server_s: Floats) -> Terms:
    """Apply Eq. 1–10 to cuts and threads, the latter as D(k) in seconds; all arrays broadcast.

    Infeasible entries are those not `steady` or not `powered`; their utility has no meaning.
    """
    transmit, energy, charge, following = energy_terms(model, data, cuts)
    service = server_s(cuts.server_share, whole_server_s)
    queue = _wait_s(data.arrival_rate_hz, service)
    end_to_end = end_to_end_s(cuts.local_s, transmit, queue, service)
    kept = charge_share(data.battery_j, following, data.battery_max_j, model.formulation)
    saved = time_saved(end_to_end, data.deadline_s)
    utility = slot_utility(kept, saved, model.utility_weight)
    return Terms(transmit, service, queue, end_to_end, energy, charge, following, utility)
