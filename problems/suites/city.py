"""Suite `city`: very many devices as arrays, drawn as arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.problems.fleet import Fleet
from splitbench.problems.horizon.scenario import Scenario, Stream, draws, within
from splitbench.problems.latency.profiles.device_builder import CurveKind
from splitbench.problems.suites.array_fleet import ArrayFleet

#: Streams of the devices' own numbers, apart from those of `Stream`.
_DEADLINE, _LOCAL, _SERVER = 101, 102, 103
#: Index of a child seed that draws for all devices of slot 0; slot t has this plus t.
_ALL = 1 << 31
_VARIATION = (0.8, 1.25)
_MOST_THREADS = 64


@dataclass(frozen=True)
class CityScenario(Scenario):
    """A suite of horizons whose devices are copies of a few kinds that vary.

    Each slot draws for all devices from one child seed: a larger fleet, or more slots, continue
    the smaller.

    Each device has its kind's local latency, D(k) and deadline times 0.8 to 1.25, the same in every
    seed, and at most 64 threads.
    """

    def fleet(self, curve: CurveKind | None = None) -> Fleet:
        """Build the devices; they depend on no seed."""
        kinds = replace(self, devices=len(self.kinds))
        templates = Scenario.fleet(kinds, curve).devices
        kind = np.arange(self.devices) % len(templates)
        deadlines = np.array([one.deadline_s for one in templates])[kind]
        capacities = np.array([one.battery_max_j for one in templates])[kind]
        return ArrayFleet(
            templates,
            kind,
            deadline_s=deadlines * within(_VARIATION, draws(0, _DEADLINE, 0, self.devices)),
            battery_max_j=capacities,
            local_scale=within(_VARIATION, draws(0, _LOCAL, 0, self.devices)),
            server_scale=within(_VARIATION, draws(0, _SERVER, 0, self.devices)),
            most_threads=_MOST_THREADS,
        )

    def _per_device(self, seed: int, stream: Stream, ranges: Floats) -> Floats:
        drawn = [draws(seed, stream, _ALL + slot, self.devices) for slot in range(self.slots)]
        return within((ranges[:, 0], ranges[:, 1]), np.stack(drawn))

    def _start_draws(self, seed: int) -> Floats:
        return draws(seed, Stream.CHARGE, _ALL, self.devices)


def city(base: Scenario) -> CityScenario:
    """Return the scenario with its devices as arrays."""
    return CityScenario(**{one.name: getattr(base, one.name) for one in fields(Scenario)})
