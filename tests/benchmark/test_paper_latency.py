"""Table II, Fig. 2, Fig. 3: errors that can be worked out by hand, figures that are drawn."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splitbench.benchmark.cli import main
from splitbench.benchmark.paper.items import ITEMS
from splitbench.problems.latency.profiles.profile_file import save_profile
from splitbench.problems.networks.network import load_network
from tests.profile_data import profile_object

PAPER = ("vgg16_bn", "resnet34", "mobilenet_v2")
KINDS = ("conv", "grouped conv", "linear", "pool", "activation", "norm", "add")


def _layers(threads: tuple[int, ...]) -> list[dict[str, Any]]:
    """Layers that take 1e-9 s a value read on one thread, 1/k of it on k."""
    rows = []
    for kind in KINDS:
        for at in range(1, 21):
            row = {"kind": kind, "input_values": 1000 * at, "output_values": 500 * (22 - at)}
            if kind.endswith("conv"):
                row["filter_work"] = float(7 * at % 19 + 1)
            rows += [row | {"threads": k, "median_s": 1e-6 * at / k} for k in threads]
    return rows


def _profiles(tmp_path: Path, threads: tuple[int, ...] = (1, 2), cores: int = 2) -> list[str]:
    """Fit on D(k) = 0.1/k + 0.02 with linear shares; judge on 1.5 times that."""
    paths = []
    for name, factor in (("fit", 1.0), ("test", 1.5)):
        data = profile_object(
            PAPER, threads, lambda k, f=factor: f * (0.1 / k + 0.02), cores=cores, power=1.0
        )
        data["layers"] = _layers(threads)
        save_profile(data, tmp_path / f"{name}.json")
        paths.append(str(tmp_path / f"{name}.json"))
    return ["--profile", paths[0], "--test-profile", paths[1], "--out", str(tmp_path / "figures")]


def _rows(out: str) -> list[dict[str, Any]]:
    (item,) = json.loads(out)
    rows: list[dict[str, Any]] = item["rows"]
    return rows


def test_table2_is_the_rmse_over_cuts_and_threads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every prediction of Eq. 7 × Eq. 8 is off by half: RMSE is worked out here from that."""
    assert main(["paper", "table2", "--json", *_profiles(tmp_path)]) == 0
    rows = _rows(capsys.readouterr().out)
    claimed = [row for row in rows if row["source"] == "paper"]
    assert [claimed[0][dnn] for dnn in PAPER] == [3.7449, 2.8021, 0.8009]
    assert [claimed[1][dnn] for dnn in PAPER] == [26.9913, 24.98, 6.6516]
    assert claimed[2]["resnet34"] == pytest.approx(24.98 / 2.8021)
    ours = {row["predictor"]: row for row in rows if row["source"] != "paper"}
    for dnn in PAPER:
        times = ours["Neurosurgeon (k = 2) / Eq. 7 × Eq. 8"][dnn]
        assert times * ours["Eq. 7 × Eq. 8"][dnn] == pytest.approx(
            ours["Neurosurgeon (k = 2)"][dnn]
        )
        layers = len(load_network(dnn).virtual_layers())
        left = 1 - np.arange(layers) / layers
        off = np.concatenate([500.0 * (0.1 / k + 0.02) * left for k in (1, 2)])
        expected = np.sqrt(np.mean(off**2))
        assert ours["Eq. 7 × Eq. 8"][dnn] == pytest.approx(expected, rel=1e-6)
        assert ours["D(k) × measured share"][dnn] == pytest.approx(expected, rel=1e-6)
        assert ours["measured twice"][dnn] == pytest.approx(expected, rel=1e-6)


def test_neurosurgeon_is_blind_to_threads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It predicts the same at every k: from the most threads that have a core each."""
    assert main(["paper", "table2", "--json", *_profiles(tmp_path, (1, 2, 4))]) == 0
    rows = _rows(capsys.readouterr().out)
    assert {row["source"] for row in rows} == {"paper", "ours, k = 1, 2, 4", "ours, k ≤ 2 cores"}
    (blind,) = (row for row in rows if row["predictor"] == "Neurosurgeon (k = 2)"
                and row["source"] == "ours, k = 1, 2, 4")  # fmt: skip
    graph = load_network("resnet34")
    values = np.array([_values_read(layer) for layer in graph.layers])
    names = {layer.name: at for at, layer in enumerate(graph.layers)}
    groups = [[names[name] for name in group] for group in graph.virtual_layers().members]
    each = np.array([0.5e-9 * values[group].sum() for group in groups])
    left = np.cumsum(each[::-1])[::-1]
    share = 1 - np.arange(len(each)) / len(each)
    off = [1e3 * (left - 1.5 * (0.1 / k + 0.02) * share) for k in (1, 2, 4)]
    assert blind["resnet34"] == pytest.approx(np.sqrt(np.mean(np.square(off))), rel=1e-3)


def _values_read(layer: Any) -> int:
    return int(layer.input_values + len(layer.fused) * layer.output_values)


def test_table2_says_how_good_the_regressions_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each measured count has its cross-validated errors and predicted over measured wholes."""
    assert main(["paper", "table2", "--json", *_profiles(tmp_path)]) == 0
    (item,) = json.loads(capsys.readouterr().out)
    notes = item["notes"]
    for k in (1, 2):
        (errors,) = (line for line in notes if f"regressions at k = {k}," in line)
        assert all(kind in errors for kind in KINDS)
    (one, two) = (line for line in notes if "predicted over measured" in line)
    graph = load_network("resnet34")
    whole = sum(1e-9 * _values_read(layer) for layer in graph.layers if layer.kind != "input")
    assert f"resnet34 {whole / (1.5 * 0.12):.2f}" in one
    assert f"resnet34 {whole / 2 / (1.5 * 0.07):.2f}" in two


def test_another_network_under_a_known_name_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A profile whose resnet34 is not the shipped one is named in one line, with status 2."""
    arguments = _profiles(tmp_path)
    data = json.loads((tmp_path / "test.json").read_text(encoding="utf-8"))
    data["dnns"][1]["cut_values"][3] += 1
    save_profile(data, tmp_path / "test.json")
    assert main(["paper", "table2", *arguments]) == 2
    err = capsys.readouterr().err.strip().splitlines()[-1]
    assert "test.json: its resnet34 is another network" in err
    assert "splitbench profile --model resnet34" in err


def test_figures_are_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both PNGs are written, with a row of numbers for each curve and each network."""
    assert main(["paper", "fig2", "fig3", *_profiles(tmp_path, (1, 2, 3, 4, 6))]) == 0
    for name in ("fig2", "fig3"):
        assert (tmp_path / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    out = capsys.readouterr().out
    assert "Observation 2" in out
    assert "Test CPU" in out


def test_a_users_own_network_gets_its_panel(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A profile of another DNN stands in Fig. 2 beside the published three, as the form it has."""
    own = tmp_path / "own.json"
    save_profile(profile_object(("squeezenet1_1",), (1, 2, 4), cores=2), own)
    arguments = ["paper", "fig2", "--json", "--profile", str(own), "--out", str(tmp_path)]
    assert main(arguments) == 0
    rows = _rows(capsys.readouterr().out)
    assert {row["dnn"] for row in rows} == {*PAPER, "squeezenet1_1"}
    (mine,) = (row for row in rows if row["dnn"] == "squeezenet1_1")
    assert mine["form"] == "inverse"
    assert mine["least at k"] == 4
    assert all(row["form"] == "exp2" for row in rows if row is not mine)


def test_committed_measurements_answer_by_themselves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without profiles named, the reference ones are used: all three networks have errors."""
    assert main(["paper", "table2", "--json", "--out", str(tmp_path)]) == 0
    ours = [row for row in _rows(capsys.readouterr().out) if row["source"].startswith("ours")]
    assert ours
    for row in ours:
        assert all(row[dnn] > 0 for dnn in PAPER)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["fig22"], "did you mean fig2"),
        (["table2", "--profile", "nowhere.json"], "nowhere.json"),
        (["table2", "--profile", "{test}"], "fitted and judged on"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unknown items, missing files, one profile for both: status 2."""
    given = _profiles(tmp_path)[2:]
    filled = [part.format(test=tmp_path / "test.json") for part in arguments]
    assert main(["paper", *filled, *given]) == 2
    assert says in capsys.readouterr().err.strip().splitlines()[-1]


def test_every_item_is_there() -> None:
    """Each item's module has its function."""
    from importlib import import_module

    for place in ITEMS.values():
        module, _, function = place.partition(":")
        assert callable(getattr(import_module(module), function))
