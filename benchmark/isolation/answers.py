"""Convert a player's answers to frames and back; everything received is checked."""

from __future__ import annotations

import json
from functools import lru_cache
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
from splitbench.problems import InputError
from splitbench.solvers import Solution, Status

#: Numbers of 8 bytes that a decision has for each device: l, k and the price of a joule.
NUMBERS_A_DEVICE = 3

#: Meaning of the numbers `Frame.kind` and `Frame.status`.
KINDS = ("answer", "incumbent")
_STATUSES = tuple(Status)
#: Bits of `Frame.flags`: which numbers are present, and what a plug-in declares.
DECIDED, PRICED, BOUND, UTILITY, CLAIRVOYANT = (1 << bit for bit in range(5))
_ALL_FLAGS = DECIDED | PRICED | BOUND | UTILITY | CLAIRVOYANT

#: Text fields of a frame; empty ones are omitted.
_WORDS: dict[str, type] = {"note": str, "traceback": str, "relaxes": list}


def answer_bytes(kind: str, request: int, answer: Answer) -> bytes:
    """Return the frame of an answer, or of an incumbent, to a request."""
    solution = answer.solution
    bound, utility = solution.bound, solution.utility
    flags = (
        DECIDED * solution.decided
        | PRICED * (solution.energy_price is not None)
        | BOUND * (bound is not None)
        | UTILITY * (utility is not None)
        | CLAIRVOYANT * bool(answer.clairvoyant)
    )
    words = b""
    if solution.note or answer.traceback or solution.relaxes:
        words = _words_bytes(solution.note, answer.traceback, solution.relaxes)
    return reply_bytes(
        Frame(
            request,
            KINDS.index(kind),
            _STATUSES.index(Status(solution.status)),
            flags,
            bound or 0.0,
            utility or 0.0,
            answer.seconds,
            words,
            _numbers(solution),
        )
    )


@lru_cache(maxsize=8)  # most solvers say the same in every slot
def _words_bytes(note: str, traceback: str, relaxes: tuple[str, ...]) -> bytes:
    said = (note, traceback, list(relaxes))
    return json.dumps(dict(zip(_WORDS, said, strict=True))).encode()


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
        An unknown status or flag, words that are not a JSON object of the fields above, a number
        that is NaN or out of range, or the wrong amount of numbers for `devices`.
    """
    flags = frame.flags
    if flags > _ALL_FLAGS or frame.status >= len(_STATUSES):
        raise FrameError("an answer whose status or flags do not exist")
    if frame.bound != frame.bound or frame.utility != frame.utility:
        raise FrameError("a number that is none")
    if not abs(frame.seconds) < np.inf:
        raise FrameError("a time that is none")
    decided = 2 * devices if flags & DECIDED else 0
    whole = decided + (devices if flags & PRICED else 0)
    if len(frame.body) != 8 * whole:
        raise FrameError(f"{len(frame.body)} bytes of numbers where {8 * whole} were expected")
    partition = threads = price = None
    if decided:
        numbers = np.frombuffer(frame.body, dtype="<i8", count=decided)
        try:
            check_size(numbers, "decision")
        except InputError as error:
            raise FrameError(str(error)) from None
        partition, threads = numbers[:devices], numbers[devices:]
    if flags & PRICED:
        price = np.frombuffer(frame.body, dtype="<f8", offset=8 * decided)
        if not np.isfinite(price).all():
            raise FrameError("a price that is not finite")
    words = _words_of(frame.words) if frame.words else {}
    solution = Solution(
        partition,
        threads,
        _STATUSES[frame.status],
        bound=frame.bound if flags & BOUND else None,
        utility=frame.utility if flags & UTILITY else None,
        relaxes=words.get("relaxes", ()),
        note=words.get("note", ""),
        energy_price=price,
    )
    seconds = max(0.0, frame.seconds)  # a player's clock may run backwards
    return Answer(solution, seconds, words.get("traceback", ""), bool(flags & CLAIRVOYANT))


@lru_cache(maxsize=8)  # as `_words_bytes`; callers do not change the result
def _words_of(text: bytes) -> dict[str, Any]:
    try:
        words = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FrameError("words that are no JSON") from error
    if not isinstance(words, dict) or words.keys() - _WORDS.keys():
        raise FrameError("words of unknown fields")
    for name, value in words.items():
        if type(value) is not _WORDS[name]:
            raise FrameError(f"words whose {name} is of another type")
    relaxes = words.get("relaxes", [])[:MOST_RELAXED]
    if not all(type(name) is str for name in relaxes):
        raise FrameError("words whose relaxes are no names")
    return {
        "note": _encodable(words.get("note", "")[:LONGEST_NOTE]),
        "traceback": shortened(_encodable(words.get("traceback", "")), LONGEST_TRACEBACK),
        "relaxes": tuple(_encodable(name[:LONGEST_NAME]) for name in relaxes),
    }


def _encodable(text: str) -> str:
    """Return text without lone surrogates, which cannot be encoded."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
