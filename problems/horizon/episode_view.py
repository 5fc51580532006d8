"""What a solver may know when an episode begins: everything but the later slots."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from splitbench.problems.arrays import Floats
from splitbench.problems.errors import InputError
from splitbench.problems.fleet import Fleet
from splitbench.problems.formulation import Formulation
from splitbench.problems.horizon.horizon import Horizon


@dataclass
class EpisodeView:
    """A horizon as a causal policy may know it at its start.

    Attributes
    ----------
    slots
        T, the number of slots.
    clear_sky_harvest_j
        Harvest of each device in each slot under a clear sky, J, shape (T, N): the sun's course is
        known, the clouds are not. None where the horizon has none (files).
    suite
        The suite that the horizon was drawn from: a policy that learns may draw others of it, at
        seeds of its own. Empty where there is none (files).
    clairvoyant
        Whether the solver asked for the future.
    """

    fleet: Fleet
    slots: int
    slot_s: float
    min_threads: int
    utility_weight: float
    formulation: Formulation
    battery_start_j: Floats
    clear_sky_harvest_j: Floats | None
    name: str = ""
    suite: str = ""
    clairvoyant: bool = False
    _future: Horizon | None = field(default=None, repr=False)

    @classmethod
    def of(cls, horizon: Horizon) -> EpisodeView:
        """Return the view of a horizon that its policies are started with."""
        return cls(
            fleet=horizon.planning or horizon.fleet,
            slots=len(horizon),
            slot_s=horizon.slot_s,
            min_threads=horizon.min_threads,
            utility_weight=horizon.utility_weight,
            formulation=horizon.formulation,
            battery_start_j=horizon.battery_start_j,
            clear_sky_harvest_j=horizon.clear_sky_harvest_j,
            name=horizon.name,
            suite=horizon.suite,
            _future=horizon,
        )

    def causal(self) -> EpisodeView:
        """Return the view without the future, as it is sent to a player process."""
        return replace(self, _future=None)

    def oracle(self) -> Horizon:
        """Return the whole horizon, for upper references; the record marks the run clairvoyant.

        Raises
        ------
        InputError
            The solver does not declare that it needs the future.
        """
        if self._future is None:
            raise InputError("the future of a horizon: expected `clairvoyant = True` on the class")
        self.clairvoyant = True
        return self._future
