"""Thread measurements as a CSV: machine, model, threads, latency_ms."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from splitbench.problems.errors import InputError

COLUMNS = ("machine", "model", "threads", "latency_ms")
MOST_THREADS = 1_000_000
LATENCY_RANGE_MS = (1e-9, 1e9)


@dataclass(frozen=True)
class Measurement:
    """Latency of one whole inference in milliseconds, on so many threads of a machine."""

    machine: str
    model: str
    threads: int
    latency_ms: float


def read_measurements(path: str | Path) -> list[Measurement]:
    """Return the rows of a CSV whose header names `COLUMNS`, in any order, among others.

    Raises
    ------
    InputError
        See `splitbench.problems.latency.sweeps.load_sweeps`.
    """
    measurements = []
    for line, row in _rows(path):
        place = f"{path}: line {line}"
        machine, model = (_name(row[column], place, column) for column in ("machine", "model"))
        threads = _threads(row["threads"], place)
        measurements.append(
            Measurement(machine, model, threads, _latency_ms(row["latency_ms"], place))
        )
    if not measurements:
        raise InputError(f"{path}: no measurements; expected at least one row under the header")
    return measurements


def _rows(path: str | Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, the four columns) of each row that is not blank."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = _header(next(reader, []), path)
            for fields in reader:
                if not fields:
                    continue
                if len(fields) != len(header):
                    raise InputError(
                        f"{path}: line {reader.line_num}: {len(fields)} fields; "
                        f"expected {len(header)}, as in the header"
                    )
                row = dict(zip(header, fields, strict=True))
                yield reader.line_num, {column: row[column].strip() for column in COLUMNS}
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; expected a CSV file") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is no UTF-8; expected a CSV file") from None
    except csv.Error as error:
        raise InputError(f"{path}: line {reader.line_num}: {error}; expected CSV") from None


def _header(fields: list[str], path: str | Path) -> list[str]:
    header = [field.strip() for field in fields]
    wanted = ", ".join(COLUMNS)
    if not any(header):
        raise InputError(f"{path}: line 1: no header; expected the columns {wanted}")
    for column in COLUMNS:
        if header.count(column) != 1:
            fault = "appears twice" if column in header else "is missing"
            got = ", ".join(header)
            got = got if len(got) <= 80 else got[:77] + "..."
            raise InputError(
                f"{path}: line 1: column {column} {fault} (got {got}); expected {wanted}"
            )
    return header


def _name(text: str, place: str, column: str) -> str:
    if not text:
        raise InputError(f"{place}, column {column}: got an empty field; expected a name")
    return text


def _threads(text: str, place: str) -> int:
    # int() alone would also take "1_6", "+4" and digits of other scripts.
    if text.isascii() and text.isdecimal() and len(text) <= 7 and 1 <= int(text) <= MOST_THREADS:
        return int(text)
    raise InputError(
        f"{place}, column threads: got {_shown(text)}; "
        f"expected a whole number from 1 to {MOST_THREADS}"
    )


def _latency_ms(text: str, place: str) -> float:
    low, high = LATENCY_RANGE_MS
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not low <= value <= high:  # NaN too
        raise InputError(
            f"{place}, column latency_ms: got {_shown(text)}; "
            f"expected positive milliseconds from {low:g} to {high:g}"
        )
    return value


def _shown(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= 60 else shown[:57] + "..."
