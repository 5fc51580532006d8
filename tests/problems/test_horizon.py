"""Horizon files and horizons: read back, refused, cut short."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splitbench.problems import Formulation, Horizon, InputError, load_horizon, save_horizon
from splitbench.problems.horizon.horizon import horizon_dict
from tests.problems.documents import GONE, Place, edited, horizon_document, written

NAN, INFINITY = float("nan"), float("inf")


def load(directory: Path, document: Any = None) -> Horizon:
    """Load a document, the example where none is given."""
    return load_horizon(written(directory, horizon_document() if document is None else document))


def test_the_numbers_of_a_file(tmp_path: Path) -> None:
    """Slots, devices and charges stand where they should; the default charge is full."""
    horizon = load(tmp_path)
    assert (len(horizon), len(horizon.fleet)) == (2, 3)
    assert horizon.threads.tolist() == [12, 16]
    assert horizon.battery_start_j.tolist() == [800.0, 2000.0, 2000.0]
    assert horizon.uplink_bps.tolist() == [[1e7, 1.5e7, 2e7]] * 2
    assert horizon.fleet.layers.tolist() == [3, 3, 1]


def test_hibernation_is_always_allowed(tmp_path: Path) -> None:
    """With or without a formulation; a file that says otherwise is refused."""
    assert load(tmp_path).formulation.hibernation_allowed
    switches = {"energy_term": "paper", "hibernation": "allowed"}
    horizon = load(tmp_path, edited(horizon_document(), ("formulation",), switches))
    assert horizon.formulation == Formulation("paper", "slot", "allowed")
    assert replace(horizon, formulation=Formulation()).formulation.hibernation_allowed
    forbidden = edited(horizon_document(), ("formulation",), {"hibernation": "forbidden"})
    with pytest.raises(InputError, match='hibernation: got "forbidden"; expected "allowed"'):
        load(tmp_path, forbidden)


def test_round_trip(tmp_path: Path) -> None:
    """What `save_horizon` writes `load_horizon` reads back: same dict, same utilities."""
    horizon = load(tmp_path)
    path = tmp_path / "again.json"
    save_horizon(horizon, path)
    again = load_horizon(path)
    assert json.loads(path.read_text("utf-8")) == horizon_dict(horizon) == horizon_dict(again)
    for index in range(2):
        first, second = (each.slot(index, each.battery_start_j) for each in (horizon, again))
        assert np.array_equal(first.utility_table(), second.utility_table())


def test_a_slot_of_a_horizon(tmp_path: Path) -> None:
    """`slot` hands out slot t at the given charges, with hibernation allowed."""
    horizon = load(tmp_path)
    problem = horizon.slot(1, np.array([1.0, 2.0, 3.0]))
    assert problem.threads == 16
    assert problem.battery_j.tolist() == [1.0, 2.0, 3.0]
    assert problem.harvest_j.tolist() == [0.0, 20.0, 30.0]
    assert problem.formulation.hibernation_allowed
    assert problem.name == "two slots[1]"


def test_first_slots(tmp_path: Path) -> None:
    """`first` keeps the first slots and the charges; less than one slot is refused."""
    horizon = load(tmp_path)
    shorter = horizon.first(1)
    assert shorter.threads.tolist() == [12]
    assert shorter.harvest_j.tolist() == [[0.0, 20.0, 30.0]]
    assert shorter.battery_start_j.tolist() == [800.0, 2000.0, 2000.0]
    assert len(horizon.first(9)) == 2
    for slots in (0, -1):
        with pytest.raises(InputError, match=f"slots: got {slots}; expected at least 1"):
            horizon.first(slots)


FIRST, SLOT = ("devices", 0), ("slots", 1)

REFUSALS: list[tuple[Place, Any, str]] = [
    (("format",), "splitbench/slot@1", 'format: got "splitbench/slot@1"; expected "splitbench/ho'),
    (("slots",), [], "slots: got []; expected a list of at least 1 objects"),
    (("slots",), GONE, "slots: missing; expected a list of at least 1 objects"),
    (("threads",), 16, "threads: unknown field; did you mean min_threads?"),
    ((*FIRST, "battery_j"), 9, "devices[0].battery_j: unknown field; did you mean battery_max_j"),
    ((*FIRST, "uplink_bps"), 9, "devices[0].uplink_bps: unknown field; "),
    ((*FIRST, "battery_start_j"), None, "devices[0].battery_start_j: got null; expected a number"),
    ((*FIRST, "battery_start_j"), 2001, "devices[0].battery_start_j: got 2001; expected at most"),
    ((*FIRST, "battery_start_j"), -1, "devices[0].battery_start_j: got -1; expected a number ≥ 0"),
    ((*FIRST, "cut_bits", 3), 1, "devices[0].cut_bits[3]: got 1; expected 0"),
    (("devices", 1, "name"), "md0", "devices[1].name: got 'md0', which devices[0] has; expected"),
    (
        (*FIRST, "server_s"),
        {"exp2": [1.0, -0.5, -0.001, 0.0]},
        "devices[0].server_s: got D(14) = -8.8118e-05 s; expected seconds > 0",
    ),
    ((*SLOT, "threads"), 2, "slots[1].threads: got 2; expected at least 3, min_threads = 1 for"),
    ((*SLOT, "threads"), 0, "slots[1].threads: got 0; expected a whole number from 1 to"),
    ((*SLOT, "thread"), 2, "slots[1].thread: unknown field; did you mean threads?"),
    ((*SLOT, "uplink_bps"), [1e7], "slots[1].uplink_bps: got 1 numbers; expected 3, one for each"),
    ((*SLOT, "harvest_j"), [1] * 4, "slots[1].harvest_j: got 4 numbers; expected 3, one for each"),
    ((*SLOT, "harvest_j", 2), -1, "slots[1].harvest_j[2]: got -1; expected a number ≥ 0"),
    ((*SLOT, "harvest_j", 2), None, "slots[1].harvest_j[2]: got null; expected a number ≥ 0"),
    ((*SLOT, "uplink_bps", 0), 0, "slots[1].uplink_bps[0]: got 0; expected a number > 0"),
    ((*SLOT, "uplink_bps", 0), NAN, "slots[1].uplink_bps[0]: got NaN; expected a finite number"),
    ((*SLOT, "arrival_rate_hz", 1), "1", 'slots[1].arrival_rate_hz[1]: got "1"; expected a num'),
    ((*SLOT, "arrival_rate_hz"), 1.0, "slots[1].arrival_rate_hz: got 1.0; expected a list of num"),
    ((*SLOT, "arrival_rate_hz", 1), INFINITY, "slots[1].arrival_rate_hz[1]: got Infinity; expec"),
    (SLOT, None, "slots[1]: got null; expected an object with threads, arrival_rate_hz"),
    (("min_threads",), 4, "devices[1]: takes at most 3 threads; expected at least min_threads = 4"),
]


@pytest.mark.parametrize(
    ("place", "value", "message"), REFUSALS, ids=[refusal[2][:44] for refusal in REFUSALS]
)
def test_refusals(tmp_path: Path, place: Place, value: Any, message: str) -> None:
    """One line that names file, place, value and what was expected."""
    path = written(tmp_path, edited(horizon_document(), place, value))
    with pytest.raises(InputError) as caught:
        load_horizon(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert len(str(caught.value).splitlines()) == 1


def test_more_threads_than_the_caps_hold_is_a_bad_file(tmp_path: Path) -> None:
    """Caps 16, 3 and 20 hold 39 threads: 39 load, 40 do not."""
    document = edited(horizon_document(), ("devices", 2, "max_threads"), 20)
    load(tmp_path, edited(document, (*SLOT, "threads"), 39))
    with pytest.raises(
        InputError, match=r"slots\[1\].threads: got 40; expected at most 39, the su"
    ):
        load(tmp_path, edited(document, (*SLOT, "threads"), 40))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threads": np.array([], dtype=int)}, "expected an integer for each of at least one slot"),
        ({"threads": np.array([12.0, 16.0])}, "threads: got float64 of shape"),
        ({"uplink_bps": np.ones((2, 2))}, r"uplink_bps: got shape \(2, 2\); expected \(2, 3\)"),
        ({"harvest_j": np.full((2, 3), NAN)}, r"harvest_j\[0\]\[0\]: got nan; expected"),
        ({"battery_start_j": np.array([1, 1, 2001])}, r"battery_start_j\[2\]: got 2001; expected"),
        ({"min_threads": 0}, "min_threads: got 0; expected"),
        ({"threads": np.array([12, 2])}, r"two slots: slots\[1\].threads: got 2; expected"),
    ],
)
def test_a_horizon_of_impossible_numbers_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    """The constructor says what, where and what would be accepted."""
    with pytest.raises(InputError, match=message):
        replace(load(tmp_path), **changes)


def test_arrays_of_a_horizon_are_read_only(tmp_path: Path) -> None:
    """A policy that receives the horizon cannot change it."""
    horizon = load(tmp_path)
    for array in (horizon.threads, horizon.arrival_rate_hz, horizon.uplink_bps, horizon.harvest_j):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        horizon.battery_start_j[0] = 0
