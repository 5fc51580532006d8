"""A player's answer arrives unchanged, and malformed frames are refused."""

import socket
from typing import Any

import numpy as np
import pytest

from splitbench.benchmark.isolation.answers import answer_bytes, answer_from
from splitbench.benchmark.isolation.framing import Frame, FrameError, FrameReader
from splitbench.benchmark.referee.player import Answer
from splitbench.solvers import Solution, Status

DECISION = Solution(np.array([1, 2]), np.array([3, 4]))
NAN = float("nan")


def _frame(sent: bytes) -> Frame:
    """Send a frame through a socket, in two parts."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reader = FrameReader(ours)
        reader.longest_body = 1000
        theirs.sendall(sent[:30])
        assert reader.next_frame() is None
        theirs.sendall(sent[30:])
        frame = reader.next_frame()
        assert reader.is_clean
    assert frame is not None
    return frame


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"bound": 0.0, "utility": 0.0},
        {"bound": float("inf"), "utility": -3.5, "relaxes": ("threads_sum",), "note": "ä\x1b"},
        {"status": Status.OPTIMAL, "energy_price": np.array([0.5, 0.0])},
    ],
    ids=str,
)
@pytest.mark.parametrize("decided", [True, False])
def test_what_is_sent_arrives(claims: dict[str, Any], decided: bool) -> None:
    """Decision, claims, seconds and traceback; a bound of 0 is no bound that is missing."""
    half = (DECISION.partition, DECISION.threads) if decided else (None, None)
    sent = Answer(Solution(*half, **claims), 0.25, "Traceback", clairvoyant=True)
    got = answer_from(_frame(answer_bytes("answer", 7, sent)), 2)
    for name in ("partition", "threads", "energy_price"):
        np.testing.assert_array_equal(getattr(got.solution, name), getattr(sent.solution, name))
    for name in ("status", "bound", "utility", "relaxes", "note"):
        assert getattr(got.solution, name) == getattr(sent.solution, name)
    assert (got.seconds, got.traceback, got.clairvoyant) == (0.25, "Traceback", True)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": 99}, {"flags": 64}, {"bound": NAN}, {"utility": NAN}, {"seconds": NAN},
        {"seconds": float("inf")}, {"flags": 0}, {"flags": 3}, {"body": b""},
        {"body": np.array([2**31, 2, 3, 4]).tobytes()}, {"words": b"no"}, {"words": b"[1]"},
        {"words": b'{"relaxes": [1]}'}, {"words": b'{"relaxes": "all"}'}, {"words": b'{"more": 1}'},
        {"words": b'{"note": null}'}, {"words": b"\xff"}, {"words": b"[" * 60_000},
    ],
    ids=lambda changes: str(changes)[:40],
)  # fmt: skip
def test_anything_else_is_refused(changes: dict[str, Any]) -> None:
    """A number out of range, unknown words, or numbers that are not the decision's."""
    frame = _frame(answer_bytes("answer", 7, Answer(DECISION)))
    assert answer_from(frame, 2).solution.decided
    with pytest.raises(FrameError):
        answer_from(frame._replace(**changes), 2)
    with pytest.raises(FrameError):
        answer_from(frame, 3)


def test_long_words_are_shortened() -> None:
    """Whatever a player's own process lets through."""
    frame = _frame(answer_bytes("answer", 7, Answer(DECISION)))
    words = b'{"note": "' + b"n" * 9000 + b'", "traceback": "' + b"t" * 20_000 + b'"}'
    answer = answer_from(frame._replace(words=words), 2)
    assert len(answer.solution.note) == 2000
    assert len(answer.traceback) < 8100
