"""Forms of `ddp` that items compare, and their full trainings where no policy ships."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from splitbench.benchmark.console import warn
from splitbench.benchmark.paper.items import PaperRequest
from splitbench.problems.bracket_parameters import bind, parse_spec
from splitbench.problems.errors import SplitbenchError
from splitbench.solvers.ddp.ddp_parameters import DdpParameters
from splitbench.solvers.ddp.policies.library import SHIPPED, trained_path
from splitbench.solvers.ddp.training_scenario import scenario_of_suite

#: Algorithm 2 with what it prints: every layer, Eq. 19, Q(s, tanh P), line 14, plain rewards.
PRINTED = (
    "ddp[virtual_layers=all,mapping=printed,critic=output,gradient=plain,utility_floor=-10.0,"
    "critic_first=0.0,uniform=0.0]"
)
#: One critic of all devices' layers with the secant gradient.
JOINT_CRITIC = (
    "ddp[critic=layers,gradient=secant,utility_floor=0.0,episodes=1200,parallel=16,updates=2,"
    "actor_batch=64,actor_rate=0.003,actor_beta2=0.99,uniform_end=0.1,critic_first=0.0]"
)


def train_in_full(request: PaperRequest, form: str, suites: Sequence[str]) -> list[str]:
    """Train a form on each suite that has no policy of its own, `request.jobs` at a time.

    A run would train only briefly there. Finished trainings are not repeated and interrupted ones
    are resumed. A quick request trains nothing, and without torch nothing is trained.

    Returns
    -------
    list[str]
        The note that says which policies do not ship and how they are made; none where all ship.
    """
    if request.quick or importlib.util.find_spec("torch") is None:
        return []
    known = {suite: _policy(form, suite) for suite in suites}
    missing = [suite for suite, path in known.items() if path is None]
    with ThreadPoolExecutor(request.jobs) as pool:
        for suite, _ in zip(missing, pool.map(lambda one: _train(form, one), missing), strict=True):
            warn(f"trained {form} on {suite}")
    own = [suite for suite, path in known.items() if path is None or path.parent != SHIPPED]
    command = f"trained in full by splitbench train '{form}' SUITE"
    return [f"policies that do not ship, {command}: {', '.join(own)}"] if own else []


def _train(form: str, suite: str) -> None:
    """Train in a process of its own, so that several train side by side."""
    command = [sys.executable, "-m", "splitbench", "train", form, suite]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SplitbenchError(f"splitbench train '{form}' '{suite}': {done.stderr.strip()[-500:]}")


def _policy(form: str, suite: str) -> Path | None:
    """Return the policy that was trained for exactly this suite, shipped or not."""
    parameters = DdpParameters(**bind(DdpParameters, parse_spec(form)))
    return trained_path("ddp", scenario_of_suite(suite), parameters)
