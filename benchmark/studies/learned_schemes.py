"""What learned schemes lose against solving each slot exactly, over several training seeds.

`python -m splitbench.benchmark.studies.learned_schemes [SUITE…] [--seeds N] [--training-seeds N]`
prints the table. Policies
that are missing are trained in full first (`splitbench train`), which takes minutes each.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from splitbench.benchmark.referee.rollout import play
from splitbench.benchmark.training import Training, train_policy
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import make
from splitbench.solvers.exact.exact import Exact

SUITES = ("hetero[devices=3]", "congested[devices=3]", "hetero", "congested")
SCHEMES = (
    ("ddp", "ta"),
    ("ddp-shared", "ta"),
    ("imitation", "ta"),
)
#: Held out: suites are shown from seed 0 on, parameters were chosen on 100 to 119, training draws
#: from 10⁹ on.
FIRST_SEED = 300


@dataclass(frozen=True)
class LossRow:
    """One scheme on one suite.

    `losses_percent`: of each training seed, the mean utility of the exact solver's own episodes
    less that of the policy's own, in percent of the former; `seconds` what each training took.
    """

    suite: str
    scheme: str
    losses_percent: tuple[float, ...]
    seconds: tuple[float, ...]

    def as_markdown(self) -> str:
        """Return the row: mean and worst loss, seconds of training."""
        losses = self.losses_percent
        return (
            f"| `{self.suite}` | `{self.scheme}` | {np.mean(losses):.2f} | {max(losses):.2f} | "
            f"{np.mean(self.seconds):.0f} |"
        )


def loss_rows(suite: str, seeds: Sequence[int], training_seeds: Sequence[int]) -> list[LossRow]:
    """Train what is missing, play every scheme, and return a row for each."""
    horizons = [make_suite(suite).horizon(seed) for seed in seeds]
    best = np.mean([play(horizon, Exact()).utility for horizon in horizons])
    rows = []
    for partitioner, allocator in SCHEMES:
        losses, seconds = [], []
        for seed in training_seeds:
            training = Training.asked(partitioner, suite, [], seed, None)
            policy, _ = train_policy(training, fresh=False)
            scheme = make(f"{training.name}+{allocator}")
            earned = np.mean([play(horizon, scheme).utility for horizon in horizons])
            losses.append(float(100.0 * (best - earned) / abs(best)))
            seconds.append(policy.header.seconds)
        rows.append(LossRow(suite, f"{partitioner}+{allocator}", tuple(losses), tuple(seconds)))
    return rows


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", default=SUITES, metavar="SUITE")
    parser.add_argument("--seeds", type=int, default=20, help="held-out seeds, from 300 on")
    parser.add_argument("--training-seeds", type=int, default=3)
    asked = parser.parse_args()
    print("| suite | scheme | mean loss % | worst seed % | training s |\n|---|---|---|---|---|")
    for suite in asked.suites:
        seeds = range(FIRST_SEED, FIRST_SEED + asked.seeds)
        for row in loss_rows(suite, seeds, range(asked.training_seeds)):
            print(row.as_markdown(), flush=True)


if __name__ == "__main__":
    main()
