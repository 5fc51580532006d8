"""The inputs of policies: the state of Eq. 16 for `ddp`, features of cuts for the shared ones."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from splitbench.problems import Horizon
from splitbench.problems.arrays import Floats, Singles
from splitbench.problems.batch import BatchModel, Slots
from splitbench.problems.equations import energy_terms, slot_data
from splitbench.solvers.ddp.actions import ActionSet
from splitbench.solvers.ddp.ddp_parameters import UplinkInput
from splitbench.solvers.ddp.episodes import FIRST_TRAINING_SEED, SEEDS_A_TRAINING
from splitbench.solvers.ddp.training_scenario import Draw

#: Episodes that the scales of the joint state are taken from.
_SCALE_EPISODES = 8

#: Standardised inputs are clipped there, so that the space is bounded.
LIMIT = 5.0
#: Features of a cut, and of a device.
CUT_FEATURES, DEVICE_FEATURES = 11, 6


@dataclass(frozen=True)
class JointObservation:
    """State {λ, E, B, K} of Eq. 16, standardised; shape (E, 3N + 1).

    Attributes
    ----------
    mean, deviation
        Of each input over training's horizons, shape (3N + 1,).
    """

    battery_max_j: Floats
    uplink: UplinkInput
    mean: Floats
    deviation: Floats

    @classmethod
    def fitted(cls, draw: Draw, uplink: UplinkInput, seed: int = 0) -> JointObservation:
        """Return the observation with the scales of a few horizons, the last of a training seed.

        Charges depend on the policy, so their scales assume a uniform distribution.
        """
        last = FIRST_TRAINING_SEED + SEEDS_A_TRAINING * (seed + 1)
        horizons = [draw(last - 1 - index) for index in range(_SCALE_EPISODES)]
        capacity = horizons[0].fleet.battery_max_j
        devices = len(capacity)
        plain = cls(capacity, uplink, np.zeros(3 * devices + 1), np.ones(3 * devices + 1))
        rows = np.concatenate([plain.raw(_all_slots(horizon)) for horizon in horizons])
        mean, deviation = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
        charges = slice(devices, 2 * devices)
        mean[charges], deviation[charges] = 0.5, 12.0**-0.5
        return cls(capacity, uplink, mean, deviation)

    def raw(self, slots: Slots) -> Floats:
        """Return λ in 1/s, E/E_max, B (or 1/B) in units of 10 Mbit/s, K."""
        rate = slots.uplink_bps / 1e7
        columns = (
            slots.arrival_rate_hz,
            slots.battery_j / self.battery_max_j,
            1.0 / rate if self.uplink == "inverse" else rate,
            slots.threads[:, None],
        )
        return np.concatenate(columns, axis=1)

    def __call__(self, slots: Slots) -> Singles:
        """Return the standardised state, cut at ±5, shape (E, 3N + 1)."""
        scaled = (self.raw(slots) - self.mean) / self.deviation
        return np.clip(scaled, -LIMIT, LIMIT).astype(np.float32)


def _all_slots(horizon: Horizon) -> Slots:
    """Return every slot of a horizon, with the charge of its start."""
    charge = np.broadcast_to(horizon.battery_start_j, horizon.harvest_j.shape)
    return Slots(
        horizon.threads, horizon.arrival_rate_hz, horizon.uplink_bps, charge, horizon.harvest_j
    )


@dataclass
class SharedObservation:
    """Each device with its merged cuts, in units that mean the same for every device.

    Latencies stand over D_max, energies over E_max, weighted as the utility weighs them; nothing
    depends on N, S or a suite's scales. Server latency is given at about the even share of the
    threads: the network has to learn the queueing delay and the value of a thread to other devices.
    """

    model: BatchModel
    actions: ActionSet = field(init=False)

    def __post_init__(self) -> None:
        fleet = self.model.fleet
        self.actions = ActionSet.of(fleet)
        device, chosen = np.arange(len(fleet))[:, None], self.actions.partitions
        self._cuts = fleet.cuts.at((device, chosen))

    def __call__(self, slots: Slots, ahead: Singles) -> tuple[Singles, Singles]:
        """Return features of cuts, shape (E, N, A, 11), and of devices, shape (E, N, 6).

        `ahead`, shape (E, N, 2), comes from the method of that name.
        """
        fleet, model = self.model.fleet, self.model
        deadline, capacity = fleet.deadline_s[:, None], fleet.battery_max_j[:, None]
        numbers = slot_data(slots, fleet, axes=1)
        rate, battery, harvest = numbers.arrival_rate_hz, numbers.battery_j, numbers.harvest_j
        latency_weight = 2.0 * (1.0 - model.utility_weight)
        energy_weight = 2.0 * model.utility_weight
        if model.formulation.energy_term == "paper":  # no decision changes that term
            energy_weight = 0.0
        energy = energy_terms(model, numbers, self._cuts)
        transmit, spent = energy.transmit_s, energy.energy_j / capacity
        left = energy.charge_j / capacity
        even = slots.threads / len(fleet)
        service = [self._server(slots, count) for count in (even, even / 2, 2 * even, even + 1)]
        cuts = (
            latency_weight * self._cuts.local_s / deadline,
            latency_weight * transmit / deadline,
            *(latency_weight * seconds / deadline for seconds in service),
            np.minimum(rate * service[0], 1.5),
            10.0 * energy_weight * spent,
            energy_weight * np.clip(left, -0.5, 1.0),
            np.clip(10.0 * left, -1.0, 1.0),
            self._cuts.server_share <= 0.0,
        )
        devices = (
            battery / capacity,
            10.0 * harvest / capacity,
            rate * model.slot_s / 30.0,
            np.broadcast_to(np.log2(even)[:, None, None] - 1.0, battery.shape),
            ahead,
        )
        of_cuts = np.stack(np.broadcast_arrays(*cuts), axis=-1)
        of_devices = np.concatenate(devices, axis=-1)
        return (
            np.clip(of_cuts, -1.0, LIMIT).astype(np.float32),
            np.clip(of_devices, -LIMIT, LIMIT).astype(np.float32),
        )

    def ahead(self, harvest_ahead_j: Floats | None, slots: Slots) -> Singles:
        """Return slots left, in units of 120, and what they may harvest over E_max, (E, N, 2).

        Without a forecast, of shape (F, E, N), it is as if this slot were the last.
        """
        seen = np.zeros((*slots.battery_j.shape, 2), dtype=np.float32)
        if harvest_ahead_j is not None:
            seen[:, :, 0] = len(harvest_ahead_j) / 120.0
            seen[:, :, 1] = harvest_ahead_j.sum(axis=0) / self.model.fleet.battery_max_j
        return seen

    def _server(self, slots: Slots, threads: Floats) -> Floats:
        """Seconds on the server at ⌊`threads`⌋ threads each, shape (E, N, A)."""
        fleet = self.model.fleet
        curve = fleet.curve_s(int(slots.threads.max()))
        caps = np.minimum(fleet.thread_caps, curve.shape[1])
        held = np.clip(np.floor(threads).astype(np.int64)[:, None], self.model.min_threads, caps)
        whole = curve[np.arange(len(fleet)), held - 1]
        return self._cuts.server_share * np.nan_to_num(whole, nan=1e3, posinf=1e3)[:, :, None]
