"""Synthetic records for tests of rows, tables, figures and stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from splitbench.results import CellKey, CellRecord, Store
from splitbench.results.bounds import BOUND

CODE = "0123456789abcdef"
ENVIRONMENT = {
    "versions": {"python": "3.11.7", "splitbench": "0.1.0", "numpy": "2.4.6"},
    "machine": {"system": "Linux", "architecture": "x86_64", "processor": "test", "cores": 2},
}


#: Of two devices.
DECISION: dict[str, Any] = {
    "partition": [1, 2],
    "threads": [3, 4],
    "battery_next_j": [900.0, 1100.0],
    "harvest_j": [20.0, 40.0],
    "energy_price": [0.001, 0.003],
}


def key(
    solver: str = "exact",
    seed: int = 0,
    suite: str = "hetero[devices=2]",
    slots: int | None = None,
    instance: int | None = None,
    reference: bool = True,
    code: str = CODE,
) -> CellKey:
    """A cell's key; an episode unless `instance` is given."""
    return CellKey(suite, solver, seed, slots, instance, reference, code)


def record(
    solver: str = "exact",
    seed: int = 0,
    utility: float | None = 1.0,
    status: str = "feasible",
    solve_s: tuple[float, ...] = (0.01, 0.02),
    **fields: Any,
) -> CellRecord:
    """A cell of two slots and two devices; `fields` of the key or the record override."""
    of_key = {name: fields.pop(name) for name in list(fields) if name in CellKey.__annotations__}
    ended = utility is not None
    values: dict[str, Any] = {
        "devices": 2,
        "slots_run": len(solve_s) if ended else 0,
        "latency_s_mean": 0.2 if ended else None,
        "energy_j_mean": 50.0 if ended else None,
        "served": 2 * len(solve_s) if ended else 0,
        "slot_gap_mean": 0.25 if ended else None,
        "slot_gap_max": 0.5 if ended else None,
        "gap_relative_mean": 0.1 if ended else None,
        "gap_against": "optimum" if ended else None,
        "environment": ENVIRONMENT,
        "formulation": {"energy_term": "residual", "energy_scope": "slot"},
        "solver_version": "splitbench 0.1.0",
        "decisions": [DECISION | {"utility": utility}] * len(solve_s),
    } | fields
    return CellRecord(
        key(solver, seed, **of_key), status, utility_mean=utility, solve_s=list(solve_s), **values
    )


def failed(solver: str, seed: int = 0, status: str = "timeout", **fields: Any) -> CellRecord:
    """A cell that did not finish and left no numbers."""
    return record(solver, seed, utility=None, status=status, **fields)


def bound(utility: float, seed: int = 0, suite: str = "hetero[devices=2]") -> CellRecord:
    """The cell with the bound of an episode of three slots, and its prices."""
    return CellRecord(
        key(BOUND, seed, suite), "feasible", devices=2, slots_run=3, horizon_bound=utility,
        solve_s=[0.1], decisions=[{"energy_price": [0.002, 0.004]}] * 3,
    )  # fmt: skip


def write_store(path: Path, *records: CellRecord) -> Path:
    """Make a store of these records."""
    with Store(path) as store:
        store.put_all(records)
    return path
