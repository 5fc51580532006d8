"""`splitbench cut`: what it prints, and one line for what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from splitbench.baselines.dads.graph import cut_graph
from splitbench.benchmark.cli import main
from splitbench.problems.networks.dag import DagLayer, LayerDag, dag_from_graph, load_dag, save_dag
from splitbench.problems.networks.network import load_network

DAG = LayerDag(
    "demo",
    0.5,
    1.0,
    (
        DagLayer("stem", 1.0, 1.5, 0.75),
        DagLayer("left", 1.0, 0.75, 0.25, ("stem",)),
        DagLayer("right", 1.0, 0.75, 0.25, ("stem",)),
        DagLayer("join", 0.0, 0.0, 0.0, ("left", "right")),
    ),
)
NETWORK = ["squeezenet1_1", "--device-s", "0.3", "--server-s", "0.02", "--uplink-bps", "2e7"]


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A DAG whose light cut (all on the device) leaves one stage long."""
    path = tmp_path / "demo.json"
    save_dag(DAG, path)
    return str(path)


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ([], "light"),
        (["--mode", "heavy"], "heavy"),
        (["--mode", "auto", "--arrival-rate-hz", "0.33"], "light"),
        (["--mode", "auto", "--arrival-rate-hz", "0.34"], "heavy"),
    ],
)
def test_json(file: str, options: list[str], mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One object with mode, device, delay and stages, as `cut_graph` gives them; light first."""
    assert main(["cut", file, "--json", *options]) == 0
    printed = capsys.readouterr()
    cut = cut_graph(DAG, mode)  # type: ignore[arg-type]
    found = json.loads(printed.out)
    if mode == "heavy":
        assert found.pop("bottleneck_bound_s") <= found.pop("bottleneck_s") == cut.bottleneck_s
    assert found == {
        "mode": mode,
        "device": list(cut.device),
        "delay_s": cut.delay_s,
        "stages_s": {"device": cut.device_s, "link": cut.link_s, "server": cut.server_s},
    }
    assert printed.err == ""
    assert cut.device == (("stem", "left", "right", "join") if mode == "light" else ("stem",))


def test_text(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """For people: delay, stages in milliseconds, and every layer on its side."""
    assert main(["cut", file, "--mode", "heavy"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "demo: heavy, delay 3250.00 ms = 1000.00 + 750.00 + 1500.00 (device + link + server), "
        "longest stage 1500.00 ms, proved shortest",
        "  on the device 1 of 4 layers: stem",
        "  on the server 3: left, right, join",
    ]


def test_a_shipped_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Times are spread over a network by MACs; --save-dag writes the file that cuts the same."""
    saved, out = tmp_path / "dag.json", tmp_path / "cut.json"
    assert main(["cut", *NETWORK, "--save-dag", str(saved), "--json", "--out", str(out)]) == 0
    graph = load_network("squeezenet1_1")
    dag = dag_from_graph(graph, device_s=0.3, server_s=0.02, uplink_bps=2e7)
    assert load_dag(saved) == dag
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["delay_s"] == cut_graph(dag).delay_s
    assert 0 < len(found["device"]) < len(graph)
    assert capsys.readouterr().out == ""
    assert main(["cut", str(saved), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found


REFUSED = {
    "squeeznet1_1: no such file, and no shipped network; did you mean squeezenet1_1":
        ["squeeznet1_1"],
    "alexnet: --server-s, --uplink-bps not given; expected alexnet --device-s":
        ["alexnet", "--device-s", "1"],
    "device_s: got -1.0; expected a finite number": [*NETWORK, "--device-s", "-1"],
    "no.json: No such file or directory; expected a JSON file": ["no.json"],
    "--server-s: the file": ["FILE", "--server-s", "1"],
    "--arrival-rate-hz: expected with --mode auto": ["FILE", "--mode", "auto"],
    "--arrival-rate-hz: expected with --mode auto, and only there":
        ["FILE", "--arrival-rate-hz", "1"],
    "arrival_rate_hz: got 0.0; expected": ["FILE", "--mode", "auto", "--arrival-rate-hz", "0"],
    "'havy' is not one of": ["FILE", "--mode", "havy"],
    "x/y: No such file or directory; expected a file to write": ["FILE", "--out", "x/y"],
    "x/z: No such file or directory; expected a file to write": ["FILE", "--save-dag", "x/z"],
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_bad_input_is_one_line(
    message: str,
    file: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit status 2, one line on stderr that says what, nothing on stdout."""
    monkeypatch.chdir(tmp_path)
    arguments = [file if argument == "FILE" else argument for argument in REFUSED[message]]
    assert main(["cut", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert message in printed.err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"after": ["stem", "nobody"]}, "nobody"),
        ({"after": ["join"]}, "cycle"),
        ({"device_s": -1.0}, "layers[1].device_s"),
        ({"name": "stem"}, "stem"),
    ],
)
def test_a_file_that_is_no_dag(
    file: str, change: dict[str, object], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unknown names, duplicates, cycles and bad numbers: one line that names file and place."""
    document = json.loads(Path(file).read_text(encoding="utf-8"))
    document["layers"][1].update(change)
    Path(file).write_text(json.dumps(document), encoding="utf-8")
    assert main(["cut", file]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert file in line
    assert message in line


def test_as_a_process(file: str) -> None:
    """`python -m splitbench cut` prints nothing but JSON, and ends with the exit status."""
    command = [sys.executable, "-m", "splitbench", "cut", file]
    root = Path(__file__).parents[2]
    good = subprocess.run([*command, "--json"], cwd=root, capture_output=True, text=True)
    assert (good.returncode, good.stderr) == (0, "")
    assert json.loads(good.stdout)["mode"] == "light"
    bad = subprocess.run([*command, "--mode", "auto"], cwd=root, capture_output=True, text=True)
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.count("\n") == 1
