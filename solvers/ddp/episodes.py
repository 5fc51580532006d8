"""E horizons of one fleet stepped together, for the environment and for training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from splitbench.problems import Horizon, InputError
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.batch import BatchModel, Result, Slots
from splitbench.solvers.ddp.training_scenario import Draw
from splitbench.solvers.horizon.forecast import expected_harvest_j
from splitbench.solvers.threads.batch_threads import Objective, allocate_batch

#: Training draws its horizons from seeds far above those that suites are evaluated on.
FIRST_TRAINING_SEED = 1_000_000_000
#: Seeds of horizons that each training seed has for itself.
SEEDS_A_TRAINING = 1_000_000


class Episodes:
    """E episodes in parallel: read the current `slots`, decide with `step`, until `done`.

    Parameters
    ----------
    horizons
        Horizons of one fleet (as the first one's), of one length.
    """

    def __init__(self, horizons: Sequence[Horizon]):
        first = horizons[0]
        if any(len(horizon) != len(first) for horizon in horizons):
            raise InputError("horizons: got several lengths; expected one number of slots")
        self.model = BatchModel.of(first)
        self.length = len(first)
        self.index = 0
        self.battery_j: Floats = np.stack([horizon.battery_start_j for horizon in horizons])
        self._threads = np.stack([horizon.threads for horizon in horizons])
        self._arrival = np.stack([horizon.arrival_rate_hz for horizon in horizons])
        self._uplink = np.stack([horizon.uplink_bps for horizon in horizons])
        self._harvest = np.stack([horizon.harvest_j for horizon in horizons])
        courses = [horizon.clear_sky_harvest_j for horizon in horizons]
        known = [course for course in courses if course is not None]
        self._clear_sky = np.stack(known, axis=1) if len(known) == len(courses) else None
        self._drawn_j: Floats = np.zeros_like(self.battery_j)

    def __len__(self) -> int:
        return len(self.battery_j)

    @property
    def done(self) -> bool:
        """Whether all slots have been stepped through."""
        return self.index >= self.length

    @property
    def slots(self) -> Slots:
        """The current slot of each episode; after the end, the last one at the final charges."""
        index = min(self.index, self.length - 1)
        return Slots(
            self._threads[:, index],
            self._arrival[:, index],
            self._uplink[:, index],
            self.battery_j,
            self._harvest[:, index],
        )

    @property
    def harvest_ahead_j(self) -> Floats:
        """Harvest that a causal policy may expect of each later slot, J, shape (F, E, N)."""
        seen = min(self.index, self.length - 1) + 1
        usual = self._harvest[:, :seen].mean(axis=1)
        return expected_harvest_j(usual, self._clear_sky, seen, self.length - seen)

    @property
    def mean_draw_j(self) -> Floats:
        """Mean energy of the slots stepped through so far, J, shape (E, N)."""
        return self._drawn_j / max(self.index, 1)

    def step(self, partition: Ints, objective: Objective = "latency") -> Result:
        """Apply partitions, shape (E, N), with TA's threads, and go on to the next slot.

        Raises
        ------
        IndexError
            The episodes are over.
        """
        if self.done:
            raise IndexError(f"the horizons have {self.length} slots; all are done")
        result = allocate_batch(self.model, self.slots, partition, objective)
        self.index += 1
        self.battery_j = result.battery_next_j
        self._drawn_j = self._drawn_j + result.energy_j
        return result


def drawn_episodes(draw: Draw, seeds: Sequence[int]) -> Episodes:
    """Return the episodes of the given seeds."""
    return Episodes([draw(seed) for seed in seeds])
