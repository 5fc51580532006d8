"""Loss of trivial policies against the optimum: shows whether a suite discriminates solvers.

`splitbench show SUITE` prints the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from splitbench.baselines.best_fixed import BestFixed
from splitbench.baselines.even_optimal import EvenThreadsBestPartition
from splitbench.baselines.simple_partitioners import EdgeOnly, LocalOnly
from splitbench.benchmark.referee.rollout import Played, play, play_optimum
from splitbench.benchmark.referee.verify import TOLERANCE
from splitbench.problems import Horizon, SlotProblem
from splitbench.problems.arrays import Floats
from splitbench.problems.suites.named_suites import Suite, make_suite
from splitbench.solvers import Scheme
from splitbench.solvers.exact.batch import optimal_utilities
from splitbench.solvers.exact.exact import ExactThreads
from splitbench.solvers.exact.forced_choice_optimum import best_with_partition, best_with_threads

EXACT, EDGE, LOCAL, FIXED, EVEN = "exact", "edge-only", "local-only", "best-fixed", "even-threads"


@dataclass(frozen=True)
class TrivialRow:
    """One policy over all episodes of a suite (of `small`: its feasible instances).

    Attributes
    ----------
    utility_per_device
        Mean over episodes of the mean U/N.
    optimal_percent
        Share of device-slots, at the states of the exact solver's own episode, on which the
        policy's choice (l, or k of `even-threads`) is part of some optimal decision: U* is still
        reached with this choice fixed and everything else free.
    loss_percent
        Mean utility of the exact solver's own episodes less that of the policy's own, in percent
        of |the former|.
    unserved
        Device-slots without service: hibernations; in `small` broken constraints too.
    served_episodes, served_loss_percent
        Episodes in which the policy served every device, and `loss_percent` over these alone (None
        if there are none): the loss that is not due to the −10 of hibernation.
    losses_percent
        `loss_percent` of each episode.
    """

    suite: str
    policy: str
    episodes: int
    utility_per_device: float
    optimal_percent: float
    loss_percent: float
    unserved: int
    served_episodes: int
    served_loss_percent: float | None
    losses_percent: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the row as one JSON object."""
        return asdict(self) | {"losses_percent": list(self.losses_percent)}


@dataclass(frozen=True)
class _Episode:
    """All policies on one episode: their rollouts, and their shares of optimal choices."""

    played: dict[str, Played]
    optimal: dict[str, float]


def trivial_report(
    suite: Suite | str, seeds: Iterable[int] = range(5), slots: int | None = None
) -> list[TrivialRow]:
    """Compare the trivial policies with the exact solver of each slot.

    Edge-only, local-only and the best fixed partition (one l a device for the whole episode,
    chosen in hindsight) get the exact threads in each slot; with even threads the partition is
    optimal. The first row is the exact solver itself. `small` has no best fixed partition: its
    slots are independent. A negative loss is possible: solving each slot exactly is not optimal
    over a horizon.

    Parameters
    ----------
    seeds, slots
        One episode per seed; slots (or instances) per seed, by default the suite's own.
    """
    made = make_suite(suite) if isinstance(suite, str) else suite
    posed: list[Horizon | SlotProblem] = []
    for seed in seeds:
        if made.episodes:
            posed.append(made.horizon(seed, slots))
        else:
            drawn = made.instances(seed, slots)
            optima = zip(drawn, optimal_utilities(drawn), strict=True)
            posed += [problem for problem, optimum in optima if optimum is not None]
    episodes = [_episode(*one) for one in zip(posed, play_optimum(posed), strict=True)]
    policies = list(episodes[0].played) if episodes else []
    return [_row(made.name, policy, episodes) for policy in policies]


def _policies(episodes: bool) -> dict[str, Any]:
    threads = ExactThreads()
    fixed = {FIXED: Scheme(BestFixed(), threads)} if episodes else {}
    return {
        EDGE: Scheme(EdgeOnly(), threads),
        LOCAL: Scheme(LocalOnly(), threads),
        **fixed,
        EVEN: EvenThreadsBestPartition(),
    }


def _episode(posed: Horizon | SlotProblem, exact: Played) -> _Episode:
    played, optimal = {EXACT: exact}, {EXACT: 1.0}
    for name, policy in _policies(isinstance(posed, Horizon)).items():
        played[name] = play(posed, policy)
        optimal[name] = _optimal_share(exact, policy)
    return _Episode(played, optimal)


def _optimal_share(exact: Played, policy: Any) -> float:
    reached = [
        _forced(problem, policy) >= optimum - TOLERANCE * max(1.0, abs(optimum))
        for problem, optimum in zip(exact.problems, exact.utilities, strict=True)
    ]
    return float(np.mean(reached))


def _forced(problem: SlotProblem, policy: Any) -> Floats:
    """Return U* with, in turn, each device fixed to the policy's choice, shape (N,)."""
    if isinstance(policy, EvenThreadsBestPartition):
        return best_with_threads(problem, problem.even_threads())
    return best_with_partition(problem, policy.partitioner.partition(problem))


def _row(suite: str, policy: str, episodes: Sequence[_Episode]) -> TrivialRow:
    own = [episode.played[policy] for episode in episodes]
    exact = [episode.played[EXACT] for episode in episodes]
    served = [index for index, played in enumerate(own) if played.unserved == 0]
    return TrivialRow(
        suite=suite,
        policy=policy,
        episodes=len(episodes),
        utility_per_device=float(np.mean([played.utility / played.devices for played in own])),
        optimal_percent=100.0 * float(np.mean([e.optimal[policy] for e in episodes])),
        loss_percent=_loss_percent(exact, own),
        unserved=sum(played.unserved for played in own),
        served_episodes=len(served),
        served_loss_percent=(
            _loss_percent([exact[i] for i in served], [own[i] for i in served]) if served else None
        ),
        losses_percent=tuple(
            _loss_percent([best], [played]) for best, played in zip(exact, own, strict=True)
        ),
    )


def _loss_percent(exact: Sequence[Played], own: Sequence[Played]) -> float:
    best = float(np.mean([played.utility for played in exact]))
    earned = float(np.mean([played.utility for played in own]))
    return 100.0 * (best - earned) / max(abs(best), 1e-10)
