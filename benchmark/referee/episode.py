"""Running one cell: a solver on a slot instance, or through a whole horizon."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from splitbench.benchmark.referee.answer_validation import incumbent_of, plain
from splitbench.benchmark.referee.verify import Reference, Verdict, gap_to, judge, refuted_claims
from splitbench.problems import EpisodeView, Horizon, InputError, Outcome, Simulation, SlotProblem
from splitbench.results import CellKey, CellRecord
from splitbench.results.store.record import STATUS_ORDER
from splitbench.solvers import Context, Solution, Solver, Status, solve_slot
from splitbench.solvers.calling import start_episode
from splitbench.solvers.contract import no_decision
from splitbench.solvers.exact.exact import Exact
from splitbench.solvers.user_files import one_line

#: After so many slots in a row without a decision the rest of an episode is not run.
SLOTS_WITHOUT_DECISION = 3


@dataclass
class SlotRun:
    """One slot as it was run: the answer, its verdict, what the world made of it, the time."""

    verdict: Verdict
    outcome: Outcome | None
    reference: Reference | None
    seconds: float
    solution: Solution
    reference_s: float = 0.0


@dataclass
class Episode:
    """All slots of a cell."""

    devices: int
    runs: list[SlotRun] = field(default_factory=list)
    stopped: bool = False
    clairvoyant: bool = False


class Observer:
    """Watches a cell being run; the default looks away."""

    def begins(self, slot: int) -> None:
        """Hear that a slot is about to be solved."""

    def slot(self, index: int, run: SlotRun) -> None:
        """Hear of a slot that is done."""

    def incumbent(self, slot: int, solution: Solution) -> None:
        """Hear of an incumbent that the solver published for a slot."""


SILENT = Observer()

NO_MEMORY_FOR_REFERENCE = "no gap: the exact reference ran out of memory"


def context_of(
    seed: int, slot: int, deadline: float | None, observer: Observer, devices: int
) -> Context:
    """Return the context of a slot; what the solver publishes is checked and passed on."""

    def publish(solution: Solution) -> None:
        observer.incumbent(slot, incumbent_of(solution, devices))

    observer.begins(slot)
    return Context(seed=seed, slot=slot, deadline=deadline, publish=publish)


def run_instance(
    solver: Solver, problem: SlotProblem, context: Context, *, reference: bool = True
) -> SlotRun:
    """Solve one slot, time it, and judge the answer."""
    start = time.perf_counter()
    try:
        solution = solve_slot(solver, problem.as_planned(), context)
    except MemoryError:
        solution = no_decision(Status.MEMORY, "out of memory")
    except (Exception, SystemExit) as error:  # whatever a plug-in raises becomes its own row
        solution = no_decision(Status.ERROR, one_line(error))
    seconds = time.perf_counter() - start
    solved = time.perf_counter()
    known, missing = None, ""
    if reference:
        try:
            known = solve_reference(problem)
        except MemoryError:  # it is not the solver's: its decision stands, without a gap
            missing = NO_MEMORY_FOR_REFERENCE
    reference_s = time.perf_counter() - solved
    verdict = judge(problem, solution, known)
    if missing:
        verdict = replace(verdict, note="; ".join(filter(None, [verdict.note, missing])))
    kept = plain(solution, verdict)
    return SlotRun(verdict, verdict.outcome, known, seconds, kept, reference_s)


def solve_reference(problem: SlotProblem) -> Reference:
    """Return the proven optimum of a slot, or that it has none."""
    solution = Exact().solve(problem)
    return Reference(solution.bound if solution.decided else None, Status(solution.status))


def run_episode(
    solver: Solver,
    horizon: Horizon,
    seed: int,
    *,
    reference: bool = True,
    deadline: float | None = None,
    observer: Observer = SILENT,
) -> Episode:
    """Step a solver through a horizon, until `deadline` (of `time.monotonic()`) for the solver.

    A slot without a decision hibernates every device; after three in a row the rest is not run.
    """
    episode, view = Episode(len(horizon.fleet)), EpisodeView.of(horizon)
    try:
        start_episode(solver, view)
    except InputError as error:
        _stop(episode, no_decision(Status.UNSUPPORTED, str(error)))
        return episode
    except MemoryError:
        _stop(episode, no_decision(Status.MEMORY, "start: out of memory"))
        return episode
    except (Exception, SystemExit) as error:  # as of `solve`: a plug-in may do anything
        _stop(episode, no_decision(Status.ERROR, f"start: {one_line(error)}"))
        return episode
    simulation, silent = Simulation(horizon), 0
    while not simulation.done and silent < SLOTS_WITHOUT_DECISION:
        context = context_of(seed, simulation.index, deadline, observer, episode.devices)
        run = run_instance(solver, simulation.problem, context, reference=reference)
        if run.verdict.outcome is None:
            silent += 1
            run.outcome = simulation.hibernate()
            run.verdict = replace(run.verdict, gap=gap_to(run.outcome, run.reference))
        else:
            silent = 0
            simulation.accept(run.verdict.outcome)
        episode.runs.append(run)
        observer.slot(simulation.index - 1, run)
    episode.stopped, episode.clairvoyant = not simulation.done, view.clairvoyant
    return episode


def _stop(episode: Episode, solution: Solution) -> None:
    episode.runs.append(
        SlotRun(
            Verdict(Status(solution.status), None, None, solution.note), None, None, 0.0, solution
        )
    )
    episode.stopped = True


def record_of(key: CellKey, episode: Episode, environment: dict[str, Any]) -> CellRecord:
    """Summarise an episode (or a single instance, an episode of one) as the cell's record."""
    runs = episode.runs
    outcomes = [run.outcome for run in runs if run.outcome is not None]
    served = np.concatenate([o.served for o in outcomes]) if outcomes else np.zeros(0, bool)
    gaps = [run.verdict.gap for run in runs]
    known = [gap for gap in gaps if gap is not None]
    complete = bool(known) and len(known) == len(runs)
    violations: Counter[str] = Counter()
    for outcome in outcomes:
        violations.update(violation.constraint for violation in outcome.violations)
    references = {run.reference.status for run in runs if run.reference is not None}
    record = CellRecord(
        key=key,
        status=max((str(run.verdict.status) for run in runs), key=STATUS_ORDER.index),
        note=next((run.verdict.note for run in runs if run.verdict.note), ""),
        devices=episode.devices,
        slots_run=len(outcomes),
        slots_asked=len(outcomes),
        utility_mean=float(np.mean([o.utility for o in outcomes])) if outcomes else None,
        energy_j_mean=(float(np.mean([o.energy_j.mean() for o in outcomes])) if outcomes else None),
        served=int(served.sum()),
        violations=dict(violations),
        slot_gap_mean=float(np.mean(known)) if complete else None,
        slot_gap_max=float(np.max(known)) if complete else None,
        slot_gap_min=float(np.min(known)) if complete else None,
        gap_relative_mean=float(np.mean([_relative(run) for run in runs])) if complete else None,
        gap_against="optimum" if complete else None,
        reference_status=str(references.pop()) if len(references) == 1 else None,
        slots_optimal=sum(run.verdict.reached_optimum for run in runs),
        solve_s=[run.seconds for run in runs],
        claims=refuted_claims([run.verdict for run in runs]),
        decisions=[decision_of(run) for run in runs],
        environment=environment,
    )
    marks = ["clairvoyant: it sees the future"] if episode.clairvoyant else []
    relaxed = sorted({broken.constraint for outcome in outcomes for broken in outcome.relaxed})
    record.relaxes = tuple(relaxed)
    marks += [f"relaxes {name}: no gap where it does" for name in relaxed]
    record.note = "; ".join(filter(None, [*marks, record.note]))
    for part in ("local_s", "transmit_s", "queue_s", "server_s"):
        setattr(record, f"{part}_mean", _mean_served(outcomes, part, served))
    record.latency_s_mean = _mean_served(outcomes, "end_to_end_s", served)
    return record


def _relative(run: SlotRun) -> float:
    assert run.verdict.gap is not None
    assert run.reference is not None
    return run.verdict.gap / max(abs(run.reference.utility or 0.0), 1e-10)


def _mean_served(outcomes: list[Outcome], part: str, served: np.ndarray[Any, Any]) -> float | None:
    if not served.any():
        return None
    values = np.concatenate([getattr(outcome, part) for outcome in outcomes])
    return float(values[served].mean())


def decision_of(run: SlotRun) -> dict[str, Any]:
    """Return what is kept of each slot: the decision, what it is found to be, what was claimed."""
    outcome = run.outcome
    price = run.solution.energy_price if run.verdict.outcome is not None else None
    return {
        "partition": None if outcome is None else outcome.partition.tolist(),
        "threads": None if outcome is None else outcome.threads.tolist(),
        "utility": None if outcome is None else outcome.utility,
        "battery_next_j": None if outcome is None else outcome.battery_next_j.tolist(),
        "harvest_j": None if outcome is None else outcome.harvest_j.tolist(),
        "energy_price": None if price is None else np.asarray(price, dtype=float).tolist(),
        "gap": run.verdict.gap,
        "status": str(run.verdict.status),
        "claimed": str(run.solution.status),
        "bound": run.solution.bound,
        "claimed_utility": run.solution.utility,
        "relaxes": list(run.solution.relaxes),
    }
