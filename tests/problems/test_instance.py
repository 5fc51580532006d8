"""Slot files: round trips, refused files, and the messages."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbench.problems import (
    InputError,
    SlotProblem,
    instance_dict,
    load_instance,
    save_instance,
)
from splitbench.problems.files.json_file import parse_json
from splitbench.problems.files.slot_file import instance_from
from tests.problems.documents import EXAMPLE, GONE, Place, edited, slot_document, written
from tests.strategies import problems


def parsed(text: str, source: str = "instance") -> SlotProblem:
    """Read a slot instance from JSON text."""
    return instance_from(parse_json(text, source), source)


NAN, INFINITY = float("nan"), float("inf")
FIRST = ("devices", 0)


def test_the_example_of_the_interface(tmp_path: Path) -> None:
    """The documented example loads, with each number in its place."""
    problem = load_instance(written(tmp_path, EXAMPLE))
    assert (len(problem), problem.threads, problem.min_threads) == (1, 16, 1)
    assert problem.layers.tolist() == [3]
    assert problem.fleet.local_s[0] == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert problem.fleet.server_share[0].tolist() == [1.0, 0.3, 0.1, 0.0]
    assert problem.fleet.cut_bits[0].tolist() == [4816896, 802816, 131072, 0]
    assert problem.fleet.curve_s(2)[0] == pytest.approx(0.17 * np.exp([-0.5, -1.0]) + 0.02)
    assert problem.fleet.thread_caps.tolist() == [16]
    assert problem.fleet.devices[0].dnn == "vgg16_bn"
    assert (problem.slot_s, problem.utility_weight, problem.name) == (30.0, 0.5, "demo")
    assert not problem.formulation.hibernation_allowed


def test_defaults(tmp_path: Path) -> None:
    """Linear shares, no cap of its own, the consistent formulation."""
    document = edited(slot_document(), ("formulation",), GONE)
    problem = load_instance(written(tmp_path, document))
    third = problem.fleet.devices[2]
    assert third.server_share == (1.0, 0.0)
    assert third.max_threads is None
    assert problem.thread_caps.tolist() == [16, 3, 16]
    assert (problem.formulation.energy_term, problem.formulation.energy_scope) == (
        "residual",
        "slot",
    )


def test_fewer_threads_than_the_minimum_is_no_bad_file(tmp_path: Path) -> None:
    """K < N·k_min loads: the instance is infeasible, which solvers report."""
    document = edited(slot_document(), ("threads",), 2)
    assert load_instance(written(tmp_path, document)).spare_threads == -1


def same(first: SlotProblem, second: SlotProblem) -> bool:
    """Whether two problems have the same data and score alike."""
    return instance_dict(first) == instance_dict(second) and np.array_equal(
        first.utility_table(), second.utility_table()
    )


def test_round_trip_of_the_example(tmp_path: Path) -> None:
    """What `save_instance` writes `load_instance` reads back: same dict, same utilities."""
    problem = load_instance(written(tmp_path, slot_document()))
    path = tmp_path / "again.json"
    save_instance(problem, path)
    assert same(load_instance(path), problem)
    assert json.loads(path.read_text("utf-8")) == instance_dict(problem)


@given(problems())
def test_round_trip(problem: SlotProblem) -> None:
    """Every problem survives being written and read, to the last bit."""
    assert same(parsed(json.dumps(instance_dict(problem))), problem)


def test_numpy_numbers_can_be_saved(tmp_path: Path) -> None:
    """Devices built from numpy arrays are written as JSON numbers."""
    problem = load_instance(written(tmp_path, slot_document()))
    device = problem.fleet.devices[1]
    built = replace(device, cut_bits=tuple(np.array([9, 8, 7, 0])), max_threads=np.int64(3))
    fleet = type(problem.fleet)([problem.fleet.devices[0], built, problem.fleet.devices[2]])
    save_instance(replace(problem, fleet=fleet), tmp_path / "numpy.json")
    assert load_instance(tmp_path / "numpy.json").fleet.devices[1].cut_bits == (9, 8, 7, 0)


# Place, new value, and what the message says after the name of the file.
REFUSALS: list[tuple[Place, Any, str]] = [
    # numbers that are none
    (("slot_s",), None, "slot_s: got null; expected a number > 0"),
    (
        ("devices", 2, "cut_bits", 0),
        None,
        "devices[2].cut_bits[0]: got null; expected a number ≥ 0",
    ),
    (("devices", 2, "cut_bits", 0), NAN, "devices[2].cut_bits[0]: got NaN; expected a finite num"),
    ((*FIRST, "uplink_bps"), INFINITY, "devices[0].uplink_bps: got Infinity; expected a finite"),
    ((*FIRST, "harvest_j"), -INFINITY, "devices[0].harvest_j: got -Infinity; expected a finite"),
    ((*FIRST, "uplink_bps"), "1.5e7", 'devices[0].uplink_bps: got "1.5e7"; expected a number > 0'),
    ((*FIRST, "uplink_bps"), True, "devices[0].uplink_bps: got true; expected a number > 0"),
    ((*FIRST, "battery_j"), [1500], "devices[0].battery_j: got [1500]; expected a number ≥ 0"),
    (("threads",), "16", 'threads: got "16"; expected a whole number from 1 to 1000000'),
    (("threads",), True, "threads: got true; expected a whole number from 1 to"),
    (("threads",), 16.5, "threads: got 16.5; expected a whole number from 1 to"),
    (("threads",), NAN, "threads: got NaN; expected a whole number from 1 to"),
    (("utility_weight",), None, "utility_weight: got null; expected a number from 0 to 1"),
    ((*FIRST, "max_threads"), None, "devices[0].max_threads: got null; expected a whole number"),
    ((*FIRST, "server_share"), None, "devices[0].server_share: got null; expected a list of"),
    ((*FIRST, "local_s"), None, "devices[0].local_s: got null; expected a number ≥ 0 or a list"),
    ((*FIRST, "local_s"), "0.3", 'devices[0].local_s: got "0.3"; expected a number ≥ 0 or a li'),
    ((*FIRST, "local_s"), NAN, "devices[0].local_s: got NaN; expected a finite number ≥ 0 or"),
    (
        ("devices", 1, "local_s", 2),
        "x",
        'devices[1].local_s[2]: got "x"; expected a number ≥ 0',
    ),
    ((*FIRST, "deadline_s"), 10**400, "devices[0].deadline_s: got 1000000000"),
    # missing and unknown
    (("format",), GONE, 'format: missing; expected "splitbench/slot@1"'),
    (("threads",), GONE, "threads: missing; expected a whole number from 1 to 1000000"),
    (("devices",), GONE, "devices: missing; expected a list of at least 1 objects"),
    ((*FIRST, "dnn"), GONE, "devices[0].dnn: missing; expected a text in quotes"),
    ((*FIRST, "server_s"), GONE, "devices[0].server_s: missing; expected an object with exp2, ta"),
    (("thread",), 16, "thread: unknown field; did you mean threads"),
    ((*FIRST, "uplink_bsp"), 1, "devices[0].uplink_bsp: unknown field; did you mean uplink_bps?"),
    (
        (*FIRST, "server_s", "tabel"),
        [1],
        "devices[0].server_s.tabel: unknown field; did you mean t",
    ),
    (("formulation", "energy"), "slot", "formulation.energy: unknown field; did you mean energy_"),
    (("slots",), [], "slots: unknown field; did you mean slot_s?"),
    (("list",), 1, "list: unknown field; accepted: devices, format, formulation, min_threads"),
    (("a\nb\r\u2028c",), 1, '"a\\nb\\r\\u2028c": unknown field; accepted:'),
    # formats and switches
    (("format",), "splitbench/slot@2", 'format: got "splitbench/slot@2"; expected "splitbench/sl'),
    (("format",), "splitbench/horizon@1", 'format: got "splitbench/horizon@1"; expected "splitb'),
    (
        ("formulation", "energy_term"),
        "residul",
        'formulation.energy_term: got "residul"; expected "residual" or "paper"',
    ),
    (("formulation",), None, "formulation: got null; expected an object with energy_term"),
    (("name",), 3, "name: got 3; expected a text in quotes"),
    ((*FIRST, "name"), "", 'devices[0].name: got ""; expected a text in quotes, not empty'),
    # ranges
    (("slot_s",), 0, "slot_s: got 0; expected a number > 0"),
    (("threads",), 0, "threads: got 0; expected a whole number from 1 to"),
    (("min_threads",), 0, "min_threads: got 0; expected a whole number from 1 to"),
    (("utility_weight",), 1.5, "utility_weight: got 1.5; expected a number from 0 to 1"),
    (("utility_weight",), -0.1, "utility_weight: got -0.1; expected a number from 0 to 1"),
    ((*FIRST, "arrival_rate_hz"), 0, "devices[0].arrival_rate_hz: got 0; expected a number > 0"),
    ((*FIRST, "uplink_bps"), -1, "devices[0].uplink_bps: got -1; expected a number > 0"),
    ((*FIRST, "deadline_s"), 0.0, "devices[0].deadline_s: got 0.0; expected a number > 0"),
    ((*FIRST, "battery_max_j"), 0, "devices[0].battery_max_j: got 0; expected a number > 0"),
    ((*FIRST, "battery_j"), -1, "devices[0].battery_j: got -1; expected a number ≥ 0"),
    ((*FIRST, "harvest_j"), -1, "devices[0].harvest_j: got -1; expected a number ≥ 0"),
    ((*FIRST, "compute_power_w"), -1, "devices[0].compute_power_w: got -1; expected a number ≥ 0"),
    ((*FIRST, "transmit_power_w"), -1, "devices[0].transmit_power_w: got -1; expected a number"),
    ((*FIRST, "max_threads"), 0, "devices[0].max_threads: got 0; expected a whole number from 1"),
    (("devices", 2, "cut_bits", 0), -8, "devices[2].cut_bits[0]: got -8; expected a number ≥ 0"),
    (("devices", 1, "local_s", 1), -0.1, "devices[1].local_s[1]: got -0.1; expected a number ≥"),
    ((*FIRST, "local_s"), -0.3, "devices[0].local_s: got -0.3; expected a number ≥ 0 or"),
    # devices
    (("devices",), [], "devices: got []; expected a list of at least 1 objects"),
    (("devices",), {}, "devices: got {}; expected a list of at least 1 objects"),
    (("devices", 1), 7, "devices[1]: got 7; expected an object with name, dnn"),
    (("devices", 2, "name"), "md0", "devices[2].name: got 'md0', which devices[0] has; expected"),
    ((*FIRST, "battery_j"), 2001, "devices[0].battery_j: got 2001; expected at most battery_max"),
    # lengths and ends
    ((*FIRST, "cut_bits"), [0], "devices[0].cut_bits: got [0]; expected a list of at least 2 num"),
    ((*FIRST, "cut_bits", 3), 8, "devices[0].cut_bits[3]: got 8; expected 0"),
    (("devices", 1, "local_s"), [0.0, 0.4], "devices[1].local_s: got 2 numbers; expected 4"),
    (("devices", 1, "local_s", 0), 0.1, "devices[1].local_s[0]: got 0.1; expected 0"),
    (("devices", 1, "local_s", 2), 0.05, "devices[1].local_s[2]: got 0.05; expected at least"),
    ((*FIRST, "server_share"), [1.0, 0.0], "devices[0].server_share: got 2 numbers; expected 4"),
    ((*FIRST, "server_share", 0), 0.9, "devices[0].server_share[0]: got 0.9; expected 1"),
    ((*FIRST, "server_share", 3), 0.1, "devices[0].server_share[3]: got 0.1; expected 0"),
    ((*FIRST, "server_share", 1), 1.1, "devices[0].server_share[1]: got 1.1; expected a number f"),
    ((*FIRST, "server_share", 2), 0.4, "devices[0].server_share[2]: got 0.4; expected at most"),
    # D(k)
    ((*FIRST, "server_s"), 0.2, "devices[0].server_s: got 0.2; expected an object with exp2, tabl"),
    ((*FIRST, "server_s"), {}, "devices[0].server_s: got {}; expected exactly one of exp2 and ta"),
    ((*FIRST, "server_s", "table"), [1], "devices[0].server_s: got {"),
    ((*FIRST, "server_s"), {"exp2": None}, "devices[0].server_s.exp2: got null; expected a list "),
    ((*FIRST, "server_s"), {"exp2": [1, 2, 3]}, "devices[0].server_s.exp2: got [1, 2, 3]; expec"),
    ((*FIRST, "server_s"), {"table": []}, "devices[0].server_s.table: got []; expected a list of "),
    (
        (*FIRST, "server_s"),
        {"table": [0.4, 0.0]},
        "devices[0].server_s.table[1]: got 0.0; expected a number > 0",
    ),
    (
        (*FIRST, "server_s"),
        {"exp2": [0.17, -0.5, -0.02, 0.0]},
        "devices[0].server_s: got D(5) = -0.00604555 s; expected seconds > 0 and finite",
    ),
    (
        (*FIRST, "server_s"),
        {"exp2": [1.0, 100.0, 0.02, 0.0]},
        "devices[0].server_s: got D(8) = inf s; expected seconds > 0 and finite",
    ),
]


def refusal_of(path: Path) -> str:
    """The message with which a file is refused: one line that begins with the file's name."""
    with pytest.raises(InputError) as caught:
        load_instance(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert len(message.splitlines()) == 1
    assert message.isprintable()
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("place", "value", "message"), REFUSALS, ids=[refusal[2][:44] for refusal in REFUSALS]
)
def test_refusals(tmp_path: Path, place: Place, value: Any, message: str) -> None:
    """One line that names file, place, value and what was expected."""
    path = written(tmp_path, edited(slot_document(), place, value))
    assert refusal_of(path).startswith(message)


@pytest.mark.parametrize("field", sorted(EXAMPLE["devices"][0]))
def test_a_missing_field_is_named(tmp_path: Path, field: str) -> None:
    """Every field of a device but the two optional ones must be there."""
    path = written(tmp_path, edited(EXAMPLE, (*FIRST, field), GONE))
    if field in ("server_share", "max_threads"):
        assert len(load_instance(path)) == 1
    else:
        assert refusal_of(path).startswith(f"devices[0].{field}: missing; expected ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column 1: "),
        ("{", "line 1, column 2: "),
        ('{"format": "splitbench/slot@1",}', "line 1, column "),
        ("[]", "the document: got []; expected an object with format, name"),
        ("null", "the document: got null; expected an object with format, name"),
        ("3", "the document: got 3; expected an object with format, name"),
        ('{"threads": 1, "threads": 2}', "threads: the key appears twice; expected each key once"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply; "),
        ('{"name": ' + "[" * 900 + "]" * 900 + "}", ""),
        ('{"threads": ' + "9" * 5000 + "}", "a whole number with too many digits; expected"),
        ("\ufeff{}", "line 1, column 1: "),
    ],
)
def test_text_that_is_no_instance(tmp_path: Path, text: str, message: str) -> None:
    """Broken JSON, another document, keys twice: one line each, never another exception."""
    assert refusal_of(written(tmp_path, text)).startswith(message)


def test_a_key_twice_inside_a_device(tmp_path: Path) -> None:
    """The place of a key that appears twice is named down to the device."""
    text = json.dumps(slot_document()).replace('"name": "md1"', '"name": "md1", "name": "md1"')
    message = "devices[1].name: the key appears twice; expected each key once"
    assert refusal_of(written(tmp_path, text)) == message


def test_an_overflowing_number_is_refused(tmp_path: Path) -> None:
    """1e999 is valid JSON and infinite once read."""
    text = json.dumps(slot_document()).replace("4816896", "1e999", 1)
    message = "devices[0].cut_bits[0]: got Infinity; expected a finite number ≥ 0"
    assert refusal_of(written(tmp_path, text)).startswith(message)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """No file, a directory, bytes that are no text: one line each."""
    assert "No such file" in refusal_of(tmp_path / "nowhere.json")
    assert "directory" in refusal_of(tmp_path)
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe{}")
    assert "UTF-8" in refusal_of(tmp_path / "bytes.json")
    with pytest.raises(InputError, match="null byte"):
        load_instance("a\0b.json")


def test_every_error_is_listed(tmp_path: Path) -> None:
    """One line lists all that is wrong with a file: single fields, or fields against another."""
    document = edited(edited(slot_document(), ("slot_s",), 0), ("threads",), 0)
    line = refusal_of(written(tmp_path, document))
    assert "slot_s: got 0" in line
    assert "threads: got 0" in line
    document = edited(slot_document(), ("devices", 0, "battery_j"), 1e9)
    document = edited(document, ("devices", 0, "cut_bits", -1), 5)
    line = refusal_of(written(tmp_path, document))
    assert "devices[0].battery_j: got 1e+09" in line
    assert "cut_bits[" in line


def places_of(value: Any, place: Place = ()) -> list[Place]:
    """Every place in a document, containers included."""
    found = [place] if place else []
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, child in steps:
        if isinstance(child, dict | list):
            found += places_of(child, (*place, step))
        else:
            found.append((*place, step))
    return found


ODD = [0, 1, -1, 1e-320, 1e308, 10**400, 16.0, "md0", "slot", GONE]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
JSON_VALUES = st.recursive(
    SCALARS | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 10**6), JSON_VALUES), min_size=1, max_size=3))
def test_any_edit_loads_or_is_refused_in_one_line(edits: list[tuple[int, Any]]) -> None:
    """Whatever stands in a document, it is a problem or one line of InputError."""
    document = slot_document()
    for choice, value in edits:
        places = places_of(document)
        if places:
            place = places[choice % len(places)]
            document = edited(document, place, _without_marker(value, top=True))
    try:
        problem = parsed(json.dumps(document), "fuzz")
    except InputError as error:
        refusal = str(error)
    else:
        assert same(parsed(json.dumps(instance_dict(problem))), problem)
        return
    assert refusal.startswith("fuzz: ")
    assert len(refusal.splitlines()) == 1


@given(st.text(alphabet='{}[]",:0123456789.eE+-nultrfasNIiy \n', max_size=40))
def test_any_text_is_refused_in_one_line(text: str) -> None:
    """Scraps of JSON never raise anything but InputError."""
    with pytest.raises(InputError) as caught:
        parsed(text, "scrap")
    assert len(str(caught.value).splitlines()) == 1


def _without_marker(value: Any, top: bool = False) -> Any:
    """Keep GONE only where it is the whole value: inside a list it has no meaning."""
    if value is GONE:
        return GONE if top else 0
    if isinstance(value, list):
        return [_without_marker(child) for child in value]
    if isinstance(value, dict):
        return {key: _without_marker(child) for key, child in value.items()}
    return copy.copy(value)
