"""Write the instance library: `python tools/make_library.py`. Seeds are fixed; takes minutes.

Optima of slots are proved by `exact` and by `ilp-highs`. The bound of a horizon is that of
`splitbench.solvers.horizon.bound`; its best known utility is that of the best policy tried.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np

from splitbench import make, make_suite
from splitbench.problems import (
    EpisodeView,
    Formulation,
    Horizon,
    Simulation,
    SlotProblem,
    save_horizon,
    save_instance,
)
from splitbench.problems.suites.library import FOLDER, FORMAT, LibraryEntry, checksum
from splitbench.problems.suites.small import REGIMES
from splitbench.solvers.calling import solve_slot, start_episode
from splitbench.solvers.contract import Context
from splitbench.solvers.horizon.bound import horizon_bound

SEED = 4000
#: Suite, devices, and which slots of its horizon are taken, at the charges that `exact` leaves.
SLOTS = (
    ("paper-wifi", 3, (0, 40, 80)),
    ("paper-5g", 3, (0, 40, 80)),
    ("hetero", 3, (10, 60)),
    ("hetero", 9, (10, 60, 110)),
    ("hetero", 30, (10, 60)),
    ("congested", 9, (10, 60, 110)),
    ("congested", 30, (60,)),
    ("starved", 9, (10, 60, 110)),
    ("cloudy", 9, (10, 60, 110)),
    ("never-full", 3, (60, 110)),
    ("often-full", 3, (60, 110)),
    ("scale", 100, (2, 8)),
)
#: Suite, devices, slots.
HORIZONS = (
    ("paper-wifi", 3, 120),
    ("paper-5g", 3, 120),
    ("never-full", 3, 120),
    ("often-full", 3, 120),
    ("hetero", 3, 60),
    ("hetero", 9, 120),
    ("congested", 9, 60),
    ("starved", 3, 60),
    ("starved", 9, 120),
    ("cloudy", 3, 60),
    ("cloudy", 9, 120),
    ("scale", 30, 24),
)
POLICIES = ("exact", "lookahead", "lookahead[forecast=oracle]", "lookahead[plan=lp]")


def slots() -> Iterator[tuple[str, str, SlotProblem]]:
    """Name, description and problem of each slot of the library."""
    small = make_suite("small").instances(SEED, 3 * len(REGIMES))
    for index, problem in enumerate(small):
        regime = list(REGIMES)[index % len(REGIMES)]
        number = 1 + index // len(REGIMES)
        yield f"small-{regime}-{number}", f"regime {regime} of the suite small", problem
    for suite, devices, indices in SLOTS:
        horizon = make_suite(f"{suite}[devices={devices}]").horizon(SEED, None)
        for index, problem in enumerate(_slots_of_exact(horizon, max(indices))):
            if index in indices:
                about = f"slot {index} of {suite} with {devices} devices"
                yield f"{suite}-n{devices}-slot{index}", about, problem
    yield from _variants(make_suite("hetero[devices=3]").horizon(SEED + 1, 1))


def _variants(horizon: Horizon) -> Iterator[tuple[str, str, SlotProblem]]:
    slot = horizon.slot(0, horizon.battery_start_j)
    printed = Formulation("paper", "task", "forbidden")
    plain = replace(slot, formulation=Formulation())
    yield "printed-formulation", "Eq. 5 and Eq. 10 as printed", replace(slot, formulation=printed)
    yield "latency-alone", "V = 0", replace(plain, utility_weight=0.0)
    yield "charge-alone", "V = 1", replace(plain, utility_weight=1.0)
    yield "no-spare-thread", "K = N·k_min", replace(plain, threads=len(slot))
    yield "too-few-threads", "K < N·k_min: infeasible", replace(plain, threads=2)
    empty = replace(plain, battery_j=np.zeros(3), harvest_j=np.zeros(3))
    yield "empty-batteries", "no charge and no sun: infeasible", empty
    asleep = replace(empty, formulation=Formulation(hibernation="allowed"))
    yield "empty-batteries-hibernating", "no charge and no sun, hibernation allowed", asleep


def _slots_of_exact(horizon: Horizon, last: int) -> Iterator[SlotProblem]:
    simulation, exact = Simulation(horizon), make("exact")
    while simulation.index <= last and not simulation.done:
        yield simulation.problem
        solution = solve_slot(exact, simulation.problem)
        assert solution.partition is not None
        assert solution.threads is not None
        simulation.step(solution.partition, solution.threads)


def slot_entry(name: str, about: str, problem: SlotProblem) -> LibraryEntry:
    """Save a slot and return its entry, the optimum proved twice."""
    problem = replace(problem, name=name)
    path = FOLDER / f"{name}.json"
    save_instance(problem, path)
    found = [_utility(problem, solver) for solver in ("exact", "ilp-highs")]
    if (found[0] is None) != (found[1] is None):
        raise SystemExit(f"{name}: exact and ilp-highs disagree: {found}")
    optimum = found[0]
    if optimum is not None and abs(optimum - found[1]) > 1e-9 * max(1.0, abs(optimum)):
        raise SystemExit(f"{name}: exact and ilp-highs disagree: {found}")
    return LibraryEntry(
        name, "slot", about, len(problem), problem.threads, 1, checksum(path),
        "infeasible" if optimum is None else "optimal", optimum, optimum, optimum,
        "" if optimum is None else "exact",
    )  # fmt: skip


def _utility(problem: SlotProblem, solver: str) -> float | None:
    solution = solve_slot(make(solver), problem)
    if not solution.decided:
        if solution.status != "infeasible":
            raise SystemExit(f"{problem.name}: {solver}: {solution.status}: {solution.note}")
        return None
    return problem.evaluate(solution.partition, solution.threads).utility


def horizon_entry(suite: str, devices: int, length: int) -> LibraryEntry:
    """Save a horizon and return its entry: bound, and the best of the policies."""
    name = f"{suite}-n{devices}-t{length}"
    drawn = make_suite(f"{suite}[devices={devices}]").horizon(SEED, length)
    # A file has no clear-sky course, so policies on it know only past slots.
    horizon = replace(drawn, name=name, suite="", clear_sky_harvest_j=None)
    path = FOLDER / f"{name}.json"
    save_horizon(horizon, path)
    bound = horizon_bound(horizon).per_slot
    earned = {policy: _mean_utility(horizon, policy) for policy in POLICIES}
    best = max(earned, key=earned.__getitem__)
    return LibraryEntry(
        name, "horizon", f"{length} slots of {suite} with {devices} devices", devices,
        int(horizon.threads[0]), length, checksum(path), "open", None, bound, earned[best], best,
    )  # fmt: skip


def _mean_utility(horizon: Horizon, name: str) -> float:
    solver, simulation, earned = make(name), Simulation(horizon), 0.0
    start_episode(solver, EpisodeView.of(horizon))
    while not simulation.done:
        solution = solve_slot(solver, simulation.problem, Context(slot=simulation.index))
        earned += simulation.step(solution.partition, solution.threads).utility
    return earned / len(horizon)


def main() -> None:
    """Write the files and the index."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.json"):
        path.unlink()
    entries = [slot_entry(*one) for one in slots()] + [horizon_entry(*one) for one in HORIZONS]
    index = {"format": FORMAT, "entries": [asdict(entry) for entry in entries]}
    (FOLDER / "index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    kinds = [entry.kind for entry in entries]
    print(f"{kinds.count('slot')} slots, {kinds.count('horizon')} horizons in {FOLDER}")


if __name__ == "__main__":
    main()
