"""A player's answer arrives as it was sent, and nothing else arrives as an answer."""

import json
import struct
from typing import Any

import numpy as np
import pytest

from splitbench.benchmark.isolation.answers import answer_bytes, answer_from
from splitbench.benchmark.isolation.framing import Frame, FrameError
from splitbench.benchmark.referee.player import Answer
from splitbench.solvers import Solution, Status

DECISION = Solution(np.array([1, 2]), np.array([3, 4]))


def _frame(sent: bytes) -> Frame:
    header, body = struct.unpack_from("<II", sent)
    assert len(sent) == 8 + header + body
    return Frame(json.loads(sent[8 : 8 + header]), sent[8 + header :])


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
        {"status": "splendid"}, {"status": 3}, {"bound": "high"}, {"bound": True},
        {"bound": float("nan")}, {"relaxes": [1]}, {"relaxes": "all"}, {"note": None},
        {"seconds": "0"}, {"decided": 1}, {"priced": True}, {"extra": 1}, {"seconds": 10**400},
    ],
    ids=str,
)  # fmt: skip
def test_anything_else_is_refused(changes: dict[str, Any]) -> None:
    """A field of another type, an unknown one, or numbers that are not the decision's."""
    frame = _frame(answer_bytes("answer", 7, Answer(DECISION)))
    with pytest.raises(FrameError):
        answer_from(Frame(frame.header | changes, frame.body), 2)
    with pytest.raises(FrameError):
        answer_from(frame, 3)
    with pytest.raises(FrameError):
        answer_from(Frame({"kind": "answer", "to": 7}, frame.body), 2)
