"""What statistics are made of: one number a cell, and which cells did not come to an end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import fmean

from splitbench.results.bounds import BOUND
from splitbench.results.rows import Group, group_of
from splitbench.results.store.record import CellRecord

#: Seed and index of the instance; None where the cell is an episode.
Place = tuple[int, int | None]


@dataclass
class Sample:
    """The cells of one solver on one suite.

    Attributes
    ----------
    utility
        Mean utility of each cell that came to an end; cells without any feasible decision are
        nobody's and left out.
    lost
        Cells that did not come to an end. The utility of what they did is no sample of the whole.
    seconds, limit_s
        Solve time and time limit of each cell, those of `lost` among them.
    """

    utility: dict[Place, float] = field(default_factory=dict)
    lost: set[Place] = field(default_factory=set)
    seconds: dict[Place, float] = field(default_factory=dict)
    limit_s: dict[Place, float | None] = field(default_factory=dict)

    @property
    def seeds(self) -> set[int]:
        """Seeds that were run."""
        return {seed for seed, _ in self.seconds}

    @property
    def lost_seeds(self) -> set[int]:
        """Seeds with a cell that did not come to an end."""
        return {seed for seed, _ in self.lost}

    def by_seed(self, places: Iterable[Place] | None = None) -> dict[int, float]:
        """Mean utility of each seed that is complete, over `places` if given.

        The seed is the unit of repetition everywhere: slots of an episode depend on each other.
        """
        chosen = set(self.utility) if places is None else set(places) & set(self.utility)
        values: dict[int, list[float]] = {}
        for place in sorted(chosen, key=lambda place: (place[0], place[1] or 0)):
            values.setdefault(place[0], []).append(self.utility[place])
        return {
            seed: fmean(of_seed) for seed, of_seed in values.items() if seed not in self.lost_seeds
        }


Samples = dict[Group, dict[str, Sample]]


def samples_of(records: Iterable[CellRecord]) -> Samples:
    """Sort records by suite and solver."""
    samples: Samples = {}
    for record in records:
        key = record.key
        if key.solver == BOUND:  # no policy: it has no utility and nothing to be compared
            continue
        sample = samples.setdefault(group_of(key), {}).setdefault(key.solver, Sample())
        place = (key.seed, key.instance)
        sample.seconds[place] = sum(record.solve_s)
        sample.limit_s[place] = record.limit_s
        if not record.finished:
            sample.lost.add(place)
        elif record.utility_mean is not None and record.reference_status != "infeasible":
            sample.utility[place] = record.utility_mean
    return samples
