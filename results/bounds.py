"""Horizon gaps: compare the cells of policies with the bound of their horizon."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from operator import attrgetter

from splitbench.results.store.record import CellKey, CellRecord

#: The solver's name in the cell that holds a horizon's bound.
BOUND = "@horizon-bound"

#: Separates the solver's part of a key's `code` (such as its file's digest) from the model's.
SOLVER_CODE = "+"

_values_of = attrgetter(*(entry.name for entry in fields(CellRecord)))


def with_horizon_gaps(records: Iterable[CellRecord]) -> list[CellRecord]:
    """Return the policies' records with `horizon_bound` and `horizon_gap`; drop the bound cells.

    The gap is bound − utility, a mean over slots. A cell has none where the horizon has no bound,
    and where the scheme relaxes a constraint, as it has no slot gap.
    """
    listed = list(records)
    bounds = {_horizon_of(one.key): one for one in listed if one.key.solver == BOUND}
    policies = [one for one in listed if one.key.solver != BOUND]
    if not bounds:
        return policies
    return [_with_gap(one, bounds.get(_horizon_of(one.key))) for one in policies]


def bound_key(key: CellKey) -> CellKey:
    """Return the cell that holds the bound for the horizon of a policy's cell."""
    return replace(key, solver=BOUND, code=_world_code(key))


def _world_code(key: CellKey) -> str:
    return key.code.partition(SOLVER_CODE)[0]


def _horizon_of(key: CellKey) -> tuple[object, ...]:
    return key.suite, key.seed, key.slots, key.instance, _world_code(key)


def _with_gap(record: CellRecord, bound: CellRecord | None) -> CellRecord:
    if bound is None:
        return record
    known, utility = bound.horizon_bound, record.utility_mean
    changed = CellRecord(*_values_of(record))  # a third of the time of dataclasses.replace
    if known is None:
        _remark(changed, f"no horizon bound: {bound.note}")
    elif utility is not None and not record.relaxes and record.slots_counted == bound.slots_counted:
        changed.horizon_bound, changed.horizon_gap = known, known - utility
    return changed


def _remark(record: CellRecord, why: str) -> None:
    record.note = "; ".join(filter(None, [record.note, why]))
