"""Cross-check exact methods: none of them is trusted alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from splitbench.benchmark.referee.verify import TOLERANCE
from splitbench.results import CellRecord
from splitbench.results.statistics.seeds import is_of_file

#: Suite, seed and instance.
Place = tuple[str, int, int | None]

#: Methods that share no code beyond the model.
EXACT_SOLVERS = ("exact", "brute-force", "ilp-cbc", "ilp-highs", "ilp-cp-sat")
#: Run in addition unless solvers are named.
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
    listed = list(records)
    lines = [
        f"{_place(_place_of(record))}: {record.key.solver} {claim}"
        for record in listed
        for claim in record.claims
    ]
    for place, answers in _proofs(listed).items():
        if not _agree(list(answers.values())):
            shown = ", ".join(f"{name} {_shown(value)}" for name, value in answers.items())
            lines.append(f"{_place(place)}: {shown}")
    return lines


def agreement_words(records: Iterable[CellRecord]) -> str:
    """Say on how many instances two or more methods have a proof, if none disagree."""
    listed = list(records)
    answers = _proofs(listed)
    instances, proved = set(), set()
    for record in listed:
        place = _place_of(record)
        problem = (place[0], None, place[2]) if is_of_file(record.key) else place
        instances.add(problem)
        if len(answers[place]) > 1:
            proved.add(problem)
    if len(proved) == len(instances):
        all_of_them = "the instance" if len(proved) == 1 else f"all of {len(proved)} instances"
        return f"exact methods agree on {all_of_them}"
    return (
        f"exact methods agree on {len(proved)} of {len(instances)} instances; on the others fewer "
        "than two came to a proof"
    )


def _proofs(records: Iterable[CellRecord]) -> dict[Place, dict[str, float | None]]:
    """Return, for each instance, the optimum claimed by each method; None: infeasible."""
    proofs: dict[Place, dict[str, float | None]] = defaultdict(dict)
    for record in records:
        if record.key.instance is None:
            continue
        if record.status == "optimal":
            proofs[_place_of(record)][record.key.solver] = record.utility_mean
        elif record.status == "infeasible":
            proofs[_place_of(record)][record.key.solver] = None
    return proofs


def _place_of(record: CellRecord) -> Place:
    return record.key.suite, record.key.seed, record.key.instance


def _agree(values: list[float | None]) -> bool:
    known = [value for value in values if value is not None]
    if not known:
        return True
    if len(known) < len(values):
        return False
    return max(known) - min(known) <= TOLERANCE * max(1.0, max(map(abs, known)))


def _place(place: Place) -> str:
    suite, seed, instance = place
    return f"{suite} seed {seed} instance {instance}"


def _shown(value: float | None) -> str:
    return "infeasible" if value is None else repr(value)
