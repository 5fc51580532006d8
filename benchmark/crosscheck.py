"""Exact methods against each other: none of them is trusted alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from benchmark.verify import TOLERANCE
from results import CellRecord

#: Methods that share no code beyond the table of utilities.
EXACT_SOLVERS = ("exact", "brute-force", "ilp-cbc", "ilp-highs", "ilp-cp-sat")
#: Shown beside them unless solvers are named.
HEURISTICS = ("greedy", "dads+ta", "dads+exact", "eo+ta", "random")


def disagreements(records: Iterable[CellRecord]) -> list[str]:
    """Compare every claim of optimality or infeasibility on the same slots.

    Returns
    -------
    list[str]
        A line for each slot of an instance or episode on which two methods that claim a proof
        differ by more than 1e-9 relative, or differ on feasibility; and for each claim that the
        reference refutes.
    """
    proofs: dict[tuple[str, int, int | None], dict[str, float | None]] = defaultdict(dict)
    lines = []
    for record in records:
        place = (record.key.suite, record.key.seed, record.key.instance)
        lines += [f"{_place(place)}: {record.key.solver} {claim}" for claim in record.claims]
        if record.key.instance is None:
            continue
        if record.status == "optimal":
            proofs[place][record.key.solver] = record.utility_mean
        elif record.status == "infeasible":
            proofs[place][record.key.solver] = None
    for place, answers in proofs.items():
        if not _agree(list(answers.values())):
            shown = ", ".join(f"{name} {_shown(value)}" for name, value in answers.items())
            lines.append(f"{_place(place)}: {shown}")
    return lines


def _agree(values: list[float | None]) -> bool:
    known = [value for value in values if value is not None]
    if not known:
        return True
    if len(known) < len(values):
        return False
    return max(known) - min(known) <= TOLERANCE * max(1.0, max(map(abs, known)))


def _place(place: tuple[str, int, int | None]) -> str:
    suite, seed, instance = place
    return f"{suite} seed {seed} instance {instance}"


def _shown(value: float | None) -> str:
    return "infeasible" if value is None else repr(value)
