"""Check a solver: every property on every case; keep the smallest failing instance of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from splitbench.benchmark.check.askers import Answer, Asker
from splitbench.benchmark.check.instances import Case, cases, horizon, large_case, without
from splitbench.benchmark.check.properties import (
    EPISODE,
    PROPERTIES,
    TIME_LIMIT,
    Property,
    episode,
)
from splitbench.problems import Horizon, InputError, SlotProblem, save_horizon, save_instance

#: Seconds that may be spent on making a failing instance smaller.
SHRINKING_S = 3.0


@dataclass(frozen=True)
class Failure:
    """A property that does not hold, with the smallest instance found.

    Attributes
    ----------
    property
        Name of the property.
    says
        What should hold.
    why
        What was found instead.
    case
        Name of the case.
    instance
        The slot or horizon that shows it.
    """

    property: str
    says: str
    why: str
    case: str
    instance: SlotProblem | Horizon

    def save(self, folder: Path) -> Path:
        """Write the instance into a folder and return the file's path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.property}.json"
        if isinstance(self.instance, Horizon):
            save_horizon(self.instance, path)
        else:
            save_instance(self.instance, path)
        return path


@dataclass(frozen=True)
class Verdict:
    """One property and its result; `failure` is None where it holds.

    `declared`: the solver declares by `sensitive_to` that it lacks the property; not tested.
    """

    property: str
    says: str
    failure: Failure | None
    declared: bool = False


def verdicts(
    asker: Asker, seed: int = 0, on_step: Callable[[str], None] = lambda what: None
) -> Iterator[Verdict]:
    """Check every property and yield its verdict as soon as it is known.

    Parameters
    ----------
    seed
        Seed of the drawn cases.
    on_step
        Called with a description of each check before it starts.
    """
    remembered = _Remembering(asker)
    drawn = cases(seed)
    declared = asker.declared()
    for what in PROPERTIES:
        if what.name in declared:
            yield Verdict(what.name, what.says, None, declared=True)
            continue
        yield _verdict(what, remembered, drawn, on_step)
    yield _verdict(TIME_LIMIT, asker, [large_case(seed)], on_step)
    on_step(EPISODE[1])
    posed = horizon(seed)
    why = episode(asker, posed)
    failure = None if why is None else Failure(*EPISODE, why, "horizon", posed)
    yield Verdict(*EPISODE, failure)


def _verdict(
    what: Property, asker: Asker, drawn: Iterable[Case], on_step: Callable[[str], None]
) -> Verdict:
    for case in drawn:
        on_step(f"{what.says}: {case.name}")
        why = what.check(asker, case)
        if why is not None:
            smaller, why = _shrunk(what, asker, case, why)
            failure = Failure(what.name, what.says, why, case.name, smaller.problem)
            return Verdict(what.name, what.says, failure)
    return Verdict(what.name, what.says, None)


def _shrunk(what: Property, asker: Asker, case: Case, why: str) -> tuple[Case, str]:
    """Leave out devices while the property still fails."""
    until = time.monotonic() + SHRINKING_S
    device = len(case.problem) - 1
    while device >= 0 and len(case.problem) > 1 and time.monotonic() < until:
        try:
            smaller = replace(case, problem=without(case.problem, device))
        except InputError:  # too few threads for the remaining devices
            smaller = None
        again = None if smaller is None else what.check(asker, smaller)
        if smaller is not None and again is not None:
            case, why = smaller, again
        device -= 1
    return case, why


class _Remembering:
    """Caches answers to plain questions, since many properties use the same answer."""

    def __init__(self, asker: Asker):
        self._asker = asker
        self._known: dict[tuple[int, int, int], tuple[SlotProblem, Answer]] = {}

    @property
    def separate_processes(self) -> bool:
        return self._asker.separate_processes

    def ask(
        self, problem: SlotProblem, seed: int = 0, limit_s: float | None = None, hash_seed: int = 0
    ) -> Answer:
        key = (id(problem), seed, hash_seed)
        if key not in self._known:  # the problem is kept, so that its id stays its own
            self._known[key] = (problem, self._asker.ask(problem, seed, limit_s, hash_seed))
        return self._known[key][1]

    def declared(self) -> tuple[str, ...]:
        return self._asker.declared()

    def play(self, horizon: Horizon, seed: int = 0, episodes: int = 1) -> list[list[Answer]]:
        return self._asker.play(horizon, seed, episodes)
