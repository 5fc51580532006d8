"""How far trivial policies are from the optimum: whether a suite can tell solvers apart.

`python -m splitbench.benchmark.studies.trivial_policies [SUITE…] [--seeds N] [--slots N]` prints
the table.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from splitbench.baselines.best_fixed import BestFixed
from splitbench.baselines.simple_partitioners import EdgeOnly, LocalOnly
from splitbench.benchmark.referee.rollout import Played, play, play_instance
from splitbench.benchmark.referee.verify import TOLERANCE
from splitbench.problems import HIBERNATE, UNSERVED_UTILITY, Horizon, SlotProblem
from splitbench.problems.arrays import Floats
from splitbench.problems.suites.named_suites import Suite, make_suite, suite_names
from splitbench.solvers import Scheme, Solution
from splitbench.solvers.exact.exact import Exact, ExactThreads
from splitbench.solvers.exact.forced_choice_optimum import best_with_partition, best_with_threads

EXACT, EDGE, LOCAL, FIXED, EVEN = "exact", "edge-only", "local-only", "best-fixed", "even-threads"


class EvenThreadsOptimal:
    """An even division of the threads, and the best partition for it in each slot."""

    name = EVEN

    def solve(self, problem: SlotProblem) -> Solution:
        """Return the best l at the even k; hibernation where nothing is feasible or better."""
        threads = problem.even_threads()
        device = np.arange(len(problem))
        value = problem.utility_table()[device, :, threads - problem.min_threads]
        partition = value.argmax(axis=1)
        if problem.formulation.hibernation_allowed:
            partition = np.where(value.max(axis=1) < UNSERVED_UTILITY, HIBERNATE, partition)
        return Solution(partition, threads)


@dataclass(frozen=True)
class TrivialRow:
    """One policy over all episodes of a suite (of `small`: its feasible instances).

    Attributes
    ----------
    utility_per_device
        Mean over episodes of the mean U/N.
    optimal_percent
        Share of device-slots, at the states of the exact solver's own episode, on which the
        policy's choice (l, or k of `even-threads`) is that of some optimal decision: U* is still
        reached with this device's choice forced and everything else free.
    loss_percent
        Mean utility of the exact solver's own episodes less that of the policy's own, in percent
        of |the former|.
    unserved
        Device-slots without service: hibernations; in `small` broken constraints too.
    served_episodes, served_loss_percent
        Episodes in which the policy served everybody, and `loss_percent` over these alone (None
        where there are none): what the −10 of a hibernation cannot have caused.
    losses_percent
        `loss_percent` episode by episode.
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
    """All policies on one episode: what they played, and on which share they are optimal."""

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
        One episode a seed; slots (or instances) a seed, the suite's own by default.
    """
    made = make_suite(suite) if isinstance(suite, str) else suite
    episodes: list[_Episode] = []
    for seed in seeds:
        if made.episodes:
            episodes.append(_episode(made.horizon(seed, slots), play))
        else:
            posed = made.instances(seed, slots)
            feasible = [problem for problem in posed if Exact().solve(problem).decided]
            episodes += [_episode(problem, play_instance) for problem in feasible]
    policies = list(episodes[0].played) if episodes else []
    return [_row(made.name, policy, episodes) for policy in policies]


def _policies(episodes: bool) -> dict[str, Any]:
    threads = ExactThreads()
    fixed = {FIXED: Scheme(BestFixed(), threads)} if episodes else {}
    return {
        EDGE: Scheme(EdgeOnly(), threads),
        LOCAL: Scheme(LocalOnly(), threads),
        **fixed,
        EVEN: EvenThreadsOptimal(),
    }


def _episode(posed: Horizon | SlotProblem, play_one: Callable[..., Played]) -> _Episode:
    exact = play_one(posed, Exact())
    played, optimal = {EXACT: exact}, {EXACT: 1.0}
    for name, policy in _policies(isinstance(posed, Horizon)).items():
        played[name] = play_one(posed, policy)
        optimal[name] = _optimal_share(exact, policy)
    return _Episode(played, optimal)


def _optimal_share(exact: Played, policy: Any) -> float:
    reached = [
        _forced(problem, policy) >= optimum - TOLERANCE * max(1.0, abs(optimum))
        for problem, optimum in zip(exact.problems, exact.utilities, strict=True)
    ]
    return float(np.mean(reached))


def _forced(problem: SlotProblem, policy: Any) -> Floats:
    """Return U* with each device alone bound to what the policy chooses for it, shape (N,)."""
    if isinstance(policy, EvenThreadsOptimal):
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table for the suites named, all by default."""
    parser = argparse.ArgumentParser(
        prog="python -m splitbench.benchmark.studies.trivial_policies", description=__doc__
    )
    parser.add_argument("suites", nargs="*", metavar="SUITE")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--slots", type=int)
    given = parser.parse_args(arguments)
    head = ("suite", "policy", "U/N", "optimal %", "loss %", "unserved", "served", "its loss %")
    print("{:12} {:13} {:>7} {:>10} {:>9} {:>9} {:>9} {:>11}  by episode".format(*head))
    for name in given.suites or suite_names():
        for row in trivial_report(name, range(given.seeds), given.slots):
            served = f"{row.served_episodes}/{row.episodes}"
            loss = "–" if row.served_loss_percent is None else f"{row.served_loss_percent:.2f}"
            each = " ".join(f"{value:.2f}" for value in row.losses_percent[:10])
            print(
                f"{row.suite:12} {row.policy:13} {row.utility_per_device:7.3f} "
                f"{row.optimal_percent:10.1f} {row.loss_percent:9.2f} {row.unserved:9d} "
                f"{served:>9} {loss:>11}  {each if row.episodes <= 10 else ''}",
                flush=True,
            )


if __name__ == "__main__":
    main()
