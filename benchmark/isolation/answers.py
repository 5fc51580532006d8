"""A player's answers as frames, and back: everything that arrives is checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from splitbench.benchmark.isolation.framing import Frame, FrameError, reply_bytes
from splitbench.benchmark.referee.answer_validation import (
    LONGEST_NAME,
    LONGEST_NOTE,
    MOST_RELAXED,
    check_size,
)
from splitbench.benchmark.referee.player import LONGEST_TRACEBACK, Answer, shortened
from splitbench.solvers import Solution, Status

#: Numbers of 8 bytes that a decision has for each device: l, k and the price of a joule.
NUMBERS_A_DEVICE = 3

_TYPES: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "to": (int,),
    "status": (str,),
    "bound": (int, float, type(None)),
    "utility": (int, float, type(None)),
    "relaxes": (list,),
    "note": (str,),
    "seconds": (int, float),
    "traceback": (str,),
    "clairvoyant": (bool,),
    "decided": (bool,),
    "priced": (bool,),
}

_REQUIRED = {"kind", "to", "status", "decided", "seconds"}
#: What a field means that is left out.
_ABSENT: dict[str, Any] = {
    "bound": None, "utility": None, "relaxes": [], "note": "", "traceback": "",
    "clairvoyant": False, "priced": False,
}  # fmt: skip


def answer_bytes(kind: str, number: int, answer: Answer) -> bytes:
    """Return the frame of an answer, or of an incumbent, to request `number`."""
    solution = answer.solution
    header: dict[str, Any] = {
        "kind": kind,
        "to": number,
        "status": str(solution.status),
        "decided": solution.decided,
        "seconds": answer.seconds,
    }
    optional = {
        "bound": solution.bound,
        "utility": solution.utility,
        "relaxes": list(solution.relaxes),
        "note": solution.note,
        "traceback": answer.traceback,
        "clairvoyant": answer.clairvoyant,
        "priced": solution.energy_price is not None,
    }
    header |= {name: value for name, value in optional.items() if value or type(value) is float}
    return reply_bytes(header, _numbers(solution))


def _numbers(solution: Solution) -> bytes:
    parts = []
    if solution.decided:
        parts = [
            np.asarray(values, dtype="<i8").tobytes()
            for values in (solution.partition, solution.threads)
        ]
    if solution.energy_price is not None:
        parts.append(np.asarray(solution.energy_price, dtype="<f8").tobytes())
    return b"".join(parts)


def answer_from(frame: Frame, devices: int) -> Answer:
    """Return the answer that a frame holds.

    Raises
    ------
    FrameError
        A field that is missing, unknown, of another type or out of range; or other numbers than
        the decision of `devices` devices has.
    """
    for name, value in frame.header.items():
        if type(value) not in _TYPES.get(name, ()):
            raise FrameError(f"an answer whose {name[:40]} is unknown or of another type")
    if not frame.header.keys() >= _REQUIRED:
        raise FrameError("an answer that lacks a field")
    header = _ABSENT | frame.header
    whole = 2 * devices * header["decided"] + devices * header["priced"]
    if len(frame.body) != 8 * whole:
        raise FrameError(f"{len(frame.body)} bytes of numbers where {8 * whole} were expected")
    try:
        solution = _solution_of(header, frame.body, devices)
        seconds = float(header["seconds"])
    except (ValueError, OverflowError) as error:
        raise FrameError(str(error)) from None
    text = shortened(_encodable(header["traceback"]), LONGEST_TRACEBACK)
    return Answer(solution, seconds, text, header["clairvoyant"])


def _solution_of(header: dict[str, Any], body: bytes, devices: int) -> Solution:
    """Return what `plain_solution` would make of it; the types are known here."""
    decided = 2 * devices * header["decided"]
    whole = np.frombuffer(body, dtype="<i8", count=decided)
    check_size(whole, "decision")
    price = np.frombuffer(body, dtype="<f8", offset=8 * decided) if header["priced"] else None
    if price is not None and not np.isfinite(price).all():
        raise FrameError("a price that is not finite")
    relaxes = header["relaxes"]
    if relaxes and not all(type(name) is str for name in relaxes[:MOST_RELAXED]):
        raise FrameError("an answer whose relaxes are no names")
    return Solution(
        partition=whole[:devices] if decided else None,
        threads=whole[devices:] if decided else None,
        status=Status(header["status"]),
        bound=_number(header["bound"]),
        utility=_number(header["utility"]),
        relaxes=tuple(_encodable(name[:LONGEST_NAME]) for name in relaxes[:MOST_RELAXED]),
        note=_encodable(header["note"][:LONGEST_NOTE]),
        energy_price=price,
    )


def _number(value: float | None) -> float | None:
    """Return a claimed number, which may be infinite.

    Raises
    ------
    ValueError
        It is NaN.
    """
    if value is None:
        return None
    if value != value:
        raise ValueError("a number that is none")
    return float(value)


def _encodable(text: str) -> str:
    """Return text without lone surrogates, which no file takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
