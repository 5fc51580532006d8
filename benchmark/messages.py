"""What harness and worker tell each other: JSON objects over a socket pair, nothing pickled."""

from __future__ import annotations

import json
from dataclasses import asdict
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from results import CellKey, CellRecord
from solvers import Solution, Status


def send(connection: Connection, kind: str, **content: Any) -> None:
    """Send one message."""
    connection.send_bytes(json.dumps({"kind": kind} | content).encode())


def receive(connection: Connection) -> dict[str, Any]:
    """Wait for one message; EOFError where the other side is gone."""
    message: dict[str, Any] = json.loads(connection.recv_bytes())
    return message


def key_object(key: CellKey) -> dict[str, Any]:
    """Return a key as JSON."""
    return asdict(key)


def key_from(data: dict[str, Any]) -> CellKey:
    """Return the key that `key_object` wrote."""
    return CellKey(**data)


def record_object(record: CellRecord) -> dict[str, Any]:
    """Return a record as JSON."""
    return asdict(record)


def record_from(data: dict[str, Any]) -> CellRecord:
    """Return the record that `record_object` wrote."""
    return CellRecord(**(data | {"key": key_from(data["key"])}))


def solution_object(solution: Solution) -> dict[str, Any]:
    """Return a decision and its claims as JSON."""
    return {
        "partition": _list(solution.partition),
        "threads": _list(solution.threads),
        "status": str(solution.status),
        "bound": solution.bound,
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
        relaxes=tuple(data["relaxes"]),
        note=data["note"],
        energy_price=_array(data["energy_price"]),
    )


def _list(values: Any) -> Any:
    return None if values is None else np.asarray(values).tolist()


def _array(values: Any) -> Any:
    return None if values is None else np.asarray(values)
