"""Thread measurements: the shipped file, derived models, and every way a CSV can be wrong."""

import csv
from pathlib import Path

import numpy as np
import pytest

from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.problems.latency.sweeps import SHIPPED, load_sweeps, published_sweep

HEADER = "machine,model,threads,latency_ms\n"


def _file(folder: Path, text: str) -> Path:
    path = folder / "mine.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_shipped_file_is_loaded_completely() -> None:
    """Every row of the shipped CSV is in exactly one sweep, in seconds, threads ascending."""
    with open(SHIPPED, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sweeps = load_sweeps()
    assert sum(len(sweep.threads) for sweep in sweeps.values()) == len(rows)
    for row in rows:
        sweep = sweeps[row["machine"], row["model"]]
        at = list(sweep.threads).index(int(row["threads"]))
        assert sweep.latency_s[at] == pytest.approx(float(row["latency_ms"]) / 1000, rel=1e-15)
        assert np.all(np.diff(sweep.threads) > 0)


def test_columns_in_any_order_others_ignored(tmp_path: Path) -> None:
    """Order of columns and rows, extra columns, blank lines, spaces and a BOM do not matter."""
    text = (
        "\ufefflatency_ms, note ,threads,model,machine\n"
        "5,x,8,m,a\n\n20,,1,m,a\n 7.5e0 ,y, 2 ,m , b\n"
    )
    sweeps = load_sweeps(_file(tmp_path, text))
    assert set(sweeps) == {("a", "m"), ("b", "m")}
    assert sweeps["a", "m"].threads.tolist() == [1, 8]
    assert sweeps["a", "m"].latency_s.tolist() == [0.02, 0.005]
    assert sweeps["b", "m"].latency_s.tolist() == [0.0075]


@pytest.mark.parametrize(
    ("rows", "line", "column", "value"),
    [
        ("a,m,1,x\n", 2, "latency_ms", "'x'"),
        ("a,m,1,\n", 2, "latency_ms", "''"),
        ("a,m,1,nan\n", 2, "latency_ms", "'nan'"),
        ("a,m,1,5\na,m,2,inf\n", 3, "latency_ms", "'inf'"),
        ("a,m,1,0\n", 2, "latency_ms", "'0'"),
        ("a,m,1,-3\n", 2, "latency_ms", "'-3'"),
        ("a,m,1,1_0\n", 2, "latency_ms", "'1_0'"),
        ("a,m,0,5\n", 2, "threads", "'0'"),
        ("a,m,-2,5\n", 2, "threads", "'-2'"),
        ("a,m,2.5,5\n", 2, "threads", "'2.5'"),
        ("a,m,nan,5\n", 2, "threads", "'nan'"),
        ("a,m,99999999999999999999,5\n", 2, "threads", "'99999999999999999999'"),
        ("a,m,\u0664,5\n", 2, "threads", "'\u0664'"),
        (",m,1,5\n", 2, "machine", "empty"),
        ("a, ,1,5\n", 2, "model", "empty"),
    ],
)
def test_bad_value_is_named(tmp_path: Path, rows: str, line: int, column: str, value: str) -> None:
    """A bad field is refused in one line with file, line, column, value and what is expected."""
    path = _file(tmp_path, HEADER + rows)
    with pytest.raises(InputError) as caught:
        load_sweeps(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: line {line}, column {column}: got ")
    assert value in message.split("got ")[1]
    assert "expected" in message
    assert "\n" not in message


def test_repeated_measurements_give_their_median(tmp_path: Path) -> None:
    """Of several rows of one thread count the median stands, and the note names the count."""
    rows = "a,m,1,50\na,m,2,9\na,m,1,10\n\na,m,1,11\na,n,1,8\n"
    sweeps = load_sweeps(_file(tmp_path, HEADER + rows))
    assert (1000 * sweeps["a", "m"].latency_s).tolist() == [11, 9]
    assert sweeps["a", "m"].note == "median of repeated measurements at 1"
    assert sweeps["a", "n"].note == ""


def test_shipped_measurements_stand_once() -> None:
    """No shipped sweep hides a repeated row."""
    assert all("repeated" not in sweep.note for sweep in load_sweeps().values())


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "line 1: no header"),
        ("machine,model,threads\na,m,1\n", "column latency_ms is missing"),
        ("machine;model;threads;latency_ms\n", "column machine is missing"),
        ("machine,model,threads,latency_ms,threads\na,m,1,5,1\n", "column threads appears twice"),
        (HEADER, "no measurements"),
        (HEADER + "\n\n", "no measurements"),
        (HEADER + "a,m,1\n", "line 2: 3 fields"),
        (HEADER + "a,m,1,5,6\n", "line 2: 5 fields"),
        (HEADER + 'a,m,1,"5"6\n', "line 2"),
    ],
)
def test_bad_shape_is_named(tmp_path: Path, text: str, part: str) -> None:
    """A file of the wrong shape is refused in one line that names it and what is expected."""
    path = _file(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_sweeps(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert part in message
    assert "expected" in message
    assert "\n" not in message


def test_unreadable_files_are_input_errors(tmp_path: Path) -> None:
    """A missing file, a folder and bytes that are no text are input errors, not tracebacks."""
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00a")
    for path in (tmp_path / "none.csv", tmp_path, tmp_path / "bytes.csv"):
        with pytest.raises(InputError, match="expected a CSV file"):
            load_sweeps(path)


def test_derived_models_say_so() -> None:
    """ResNet-34 is 2.02 x ResNet-18, VGG-16-BN is VGG-16, each with a note; measured have none."""
    base = published_sweep("xeon-8573c", "resnet18")
    deep = published_sweep("xeon-8573c", "resnet34")
    np.testing.assert_allclose(deep.latency_s, 2.02 * base.latency_s, rtol=1e-15)
    assert deep.model == "resnet34"
    assert "2.02" in deep.note
    assert "resnet18" in deep.note
    folded = published_sweep("xeon-8573c", "vgg16_bn")
    np.testing.assert_array_equal(
        folded.latency_s, published_sweep("xeon-8573c", "vgg16").latency_s
    )
    assert "batch norm" in folded.note
    assert base.note == ""


def test_unknown_names_are_answered_with_known_ones() -> None:
    """An unknown machine or model is refused with what is near, derived models included."""
    with pytest.raises(UnknownNameError, match="agx-orin"):
        published_sweep("agx-orion", "vgg16")
    with pytest.raises(UnknownNameError, match="resnet34"):
        published_sweep("agx-orin", "resnet43")


def test_shipped_sweeps_cannot_be_changed() -> None:
    """A caller cannot alter the sweeps that the next caller gets."""
    sweeps = load_sweeps()
    with pytest.raises(ValueError, match="read-only"):
        sweeps["agx-orin", "vgg16"].latency_s[0] = 1.0
    sweeps.clear()
    assert load_sweeps()
