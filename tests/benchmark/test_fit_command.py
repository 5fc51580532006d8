"""`splitbench fit`: right constants, warnings about few points, one line for bad input."""

import json
from pathlib import Path

import numpy as np
import pytest

from splitbench.benchmark.cli import main
from tests.profile_data import profile_object

CONSTANTS = (0.3, -0.9, 0.06, -0.004)


def _csv(path: Path, counts: list[int], model: str = "net") -> Path:
    c0, c1, c2, c3 = CONSTANTS
    rows = [
        f"here,{model},{k},{1000 * (c0 * np.exp(c1 * k) + c2 * np.exp(c3 * k))!r}" for k in counts
    ]
    text = "\n".join(["machine,model,threads,latency_ms", *rows]).replace("np.float64(", "")
    path.write_text(text.replace(")", "") + "\n", encoding="utf-8")
    return path


def test_eq7_is_found_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Points of Eq. 7 give its constants back (in seconds), and the data prefer exp2."""
    file = _csv(tmp_path / "sweep.csv", [1, 2, 3, 4, 6, 8, 12, 16])
    assert main(["fit", str(file), "--json"]) == 0
    rows = {row["form"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == {"exp2", "amdahl", "table"}
    found = rows["exp2"]
    assert (found["machine"], found["model"]) == ("here", "net")
    np.testing.assert_allclose(found["constants"], CONSTANTS, rtol=1e-3)
    assert found["rmse_ms"] < 1e-3
    assert found["relative_rmse"] < 1e-4
    assert [row["form"] for row in rows.values() if row["preferred"]] == ["exp2"]
    assert min(rows.values(), key=lambda row: row["loo_rmse_ms"])["form"] == "exp2"


def test_few_points_are_said_to_be_few(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three counts give no exp2 but a statement and the form they support."""
    file = _csv(tmp_path / "few.csv", [1, 2, 4])
    assert main(["fit", str(file), "--json"]) == 0
    out, err = capsys.readouterr()
    assert {row["form"] for row in json.loads(out)} == {"inverse", "table"}
    assert "exp2 not fitted to 3 thread counts" in err
    assert "inverse" in err


def test_asking_only_for_what_cannot_be_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--form exp2` on three counts ends with status 2 and one line."""
    file = _csv(tmp_path / "few.csv", [1, 2, 4])
    assert main(["fit", str(file), "--form", "exp2"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert "takes 5 or more" in lines[-1]


def test_a_table_and_a_figure_are_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text names formula and error of each form; the plot is a PNG."""
    file = _csv(tmp_path / "sweep.csv", [1, 2, 4, 8, 16])
    plot = tmp_path / "fits.png"
    assert main(["fit", str(file), "--plot", str(plot)]) == 0
    out = capsys.readouterr().out
    assert "c0·exp(c1·k) + c2·exp(c3·k)" in out
    assert "the data prefer" in out
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_profiles_are_fitted_like_sweeps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A profile file's whole-DNN medians are a sweep; 0.1/k + 0.02 comes back."""
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(profile_object()), encoding="utf-8")
    assert main(["fit", str(file), "--form", "inverse", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["machine"] == "Test CPU"
    np.testing.assert_allclose(row["constants"], [0.02, 0.1], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["fit", "nowhere.csv"], "nowhere.csv"),
        (["fit", "{csv}", "--model", "nett"], "did you mean net"),
        (["fit", "{csv}", "--machine", "there"], "here"),
        (["fit", "{csv}", "--form", "exp3"], "did you mean exp2"),
        (["fit", "{csv}", "--plot", "no/such/dir/x.png"], "no directory"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, nothing on stdout, the last line on stderr says what is wrong."""
    file = _csv(tmp_path / "sweep.csv", [1, 2, 4, 8, 16])
    assert main([part.format(csv=file) for part in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--plot", "curve.foo", "ends in .png"),
        ("--plot", "no/such/dir/x.png", "no directory"),
        ("--out", "no/such/dir/x.json", "no directory"),
    ],
)
def test_what_cannot_be_written_is_refused_first(
    option: str, value: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is fitted, in one line."""
    file = _csv(tmp_path / "sweep.csv", [1, 2, 3, 4, 6])
    assert main(["fit", str(file), option, value]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_a_table_lets_threads_idle_where_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--form 'table[idle=allowed]'` prints, draws and writes the running minimum as such."""
    rows = ["x,tiny,1,64", "x,tiny,4,21", "x,tiny,8,21", "x,tiny,16,80"]
    file = tmp_path / "u.csv"
    file.write_text("\n".join(["machine,model,threads,latency_ms", *rows]), encoding="utf-8")
    forms = ["--form", "table", "--form", "table[idle=allowed]"]
    assert main(["fit", str(file), *forms, "--json"]) == 0
    table, idle = json.loads(capsys.readouterr().out)
    assert table["constants"] == idle["constants"] == [0.064, 0.021, 0.021, 0.08]
    assert table["rmse_ms"] == pytest.approx(0, abs=1e-9)
    assert idle["rmse_ms"] == pytest.approx(59 / 2)
    plot = tmp_path / "u.png"
    assert main(["fit", str(file), *forms, "--plot", str(plot)]) == 0
    assert "table[idle=allowed] least of the table up to k" in capsys.readouterr().out
    assert plot.stat().st_size > 0


def test_one_form_alone_is_not_preferred(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A single form is not called preferred; with few points the message says so."""
    file = _csv(tmp_path / "sweep.csv", [1, 2, 3, 4, 6])
    assert main(["fit", str(file), "--form", "exp2"]) == 0
    out = capsys.readouterr().out
    assert "the data prefer exp2" not in out
    assert "only exp2 has a leave-one-out error" in out
    assert main(["fit", str(_csv(tmp_path / "two.csv", [1, 2]))]) == 0
    assert "nothing is left to check them" in capsys.readouterr().out
