"""What harness and worker tell each other, as JSON objects."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import numpy as np

from splitbench.benchmark.referee.verify import Reference
from splitbench.results import CellKey, CellRecord
from splitbench.solvers import Solution, Status


def key_object(key: CellKey) -> dict[str, Any]:
    """Return a key as JSON."""
    return asdict(key)


def key_from(data: dict[str, Any]) -> CellKey:
    """Return the key that `key_object` wrote."""
    return CellKey(**data)


def record_object(record: CellRecord) -> dict[str, Any]:
    """Return a record as JSON; it shares the record's lists, which copying would cost most."""
    values = {one.name: getattr(record, one.name) for one in fields(record)}
    return values | {"key": key_object(record.key)}


def record_from(data: dict[str, Any]) -> CellRecord:
    """Return the record that `record_object` wrote."""
    known = {"key": key_from(data["key"]), "relaxes": tuple(data.get("relaxes", ()))}
    return CellRecord(**(data | known))


def solution_object(solution: Solution) -> dict[str, Any]:
    """Return a decision and its claims as JSON."""
    return {
        "partition": _list(solution.partition),
        "threads": _list(solution.threads),
        "status": str(solution.status),
        "bound": solution.bound,
        "utility": solution.utility,
        "relaxes": list(solution.relaxes),
        "note": solution.note,
        "energy_price": _list(solution.energy_price),
    }


def solution_from(data: dict[str, Any]) -> Solution:
    """Return the solution that `solution_object` wrote."""
    return Solution(
        partition=_array(data["partition"]),
        threads=_array(data["threads"]),
        status=Status(data["status"]),
        bound=data["bound"],
        utility=data["utility"],
        relaxes=tuple(data["relaxes"]),
        note=data["note"],
        energy_price=_array(data["energy_price"]),
    )


def reference_object(reference: Reference | None) -> dict[str, Any] | None:
    """Return the optimum of a slot as JSON."""
    return None if reference is None else asdict(reference)


def reference_from(data: dict[str, Any] | None) -> Reference | None:
    """Return the reference that `reference_object` wrote."""
    return None if data is None else Reference(data["utility"], Status(data["status"]))


def _list(values: Any) -> Any:
    return None if values is None else np.asarray(values).tolist()


def _array(values: Any) -> Any:
    return None if values is None else np.asarray(values)
