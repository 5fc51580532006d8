"""`splitbench profile`: real subprocesses, a file that suites take, splits that are the network."""

import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from splitbench.benchmark.cli import main
from splitbench.benchmark.paper.items import REFERENCE
from splitbench.benchmark.profiling.load import LoadMeter, one_a_core
from splitbench.problems.errors import InputError
from splitbench.problems.latency.profiles.profile_file import load_profile, save_profile
from splitbench.problems.suites.named_suites import make_suite
from tests.profile_data import profile_object

ANOTHER = str(REFERENCE / "profile-test.json")
TINY = """
import os

import torch
from torch import nn

class Block(nn.Module):
    def __init__(self, maps):
        super().__init__()
        self.one, self.two = nn.Conv2d(maps, maps, 3, 1, 1), nn.Conv2d(maps, maps, 1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.relu(self.one(x) + self.two(x)).view(x.size(0), x.size(1), 8, 8)

def tiny():
    print("noise on stdout, without a newline", end="", flush=True)
    os.write(1, b"{")
    try:
        input()
    except (EOFError, OSError):
        pass
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 1, 1), nn.ReLU(), Block(8), Block(8), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(8, 4),
    )

class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.mix = nn.Embedding(10, 8), nn.Linear(8, 8)
        self.image, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 4)

    def forward(self, image, words):
        seen = self.image(image).mean((2, 3))
        return self.head(self.mix(self.words(words).mean(1)) + seen).relu()

def two():
    return Two(), (torch.randn(1, 3, 8, 8), torch.tensor([[1, 2, 3]]))

pair = (nn.Linear(3, 2), torch.randn(1, 3))
words = (nn.Linear(3, 2), "three")
swapped = (Two(), (torch.randn(1, 3),))

number = 7

def broken():
    raise RuntimeError("no weights here")
"""


def _profile(tmp_path: Path, *more: str, model: str = "tiny") -> int:
    file = tmp_path / "nets.py"
    file.write_text(TINY, encoding="utf-8")
    return main(
        [
            *("profile", "--model", f"{file}:{model}", "--input-shape", "1,3,8,8"),
            *("--threads", "1,2", "--repeats", "2", "--processes", "1", "--no-layers"),
            *("--out", str(tmp_path / "tiny.json"), *more),
        ]
    )


def test_a_users_network_is_measured_and_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A module from a file is profiled at both counts; suites take the file as board and server.

    What it prints and tries to read meanwhile spoils nothing.
    """
    assert _profile(tmp_path, "--json") == 0
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert said["dnns"][0]["dnn"] == "tiny"
    assert "rounds: 4/4" in err
    assert "intervals over 1 process(es) hold the median with 0 % only" in err
    profile = load_profile(tmp_path / "tiny.json")
    assert profile.method["command"] == (
        "splitbench profile --model nets.py:tiny --threads 1,2 --repeats 2 --warmup 1 "
        "--processes 1 --input-shape 1,3,8,8 --seed 0 --no-layers"
    )
    dnn = profile.dnn("tiny")
    assert [run.threads for run in dnn.runs] == [1, 2]
    assert len(dnn.layers) == 5
    assert dnn.layers.values == (192, 512, 512, 512, 8, 0)
    for run in dnn.runs:
        assert np.all(run.prefix.median_s[1:] > 0)
        assert np.all(run.suffix.median_s[:-1] > 0)
        assert run.prefix.median_s[0] == run.suffix.median_s[-1] == 0
    path = tmp_path / "tiny.json"
    suite = make_suite(f"paper-wifi[board={path},dnn=tiny,server={path},split=measured]")
    device = suite.horizon(0, 2).fleet.devices[0]
    whole = float(dnn.split_run.whole.median_s)
    assert device.local_s[-1] == pytest.approx(whole)
    assert device.deadline_s == pytest.approx(0.9 * whole)
    assert device.cut_bits[0] == 32.0 * 192
    np.testing.assert_allclose(device.server_share, dnn.split_run.suffix_share)
    assert suite.model["split"] == "measured"


def test_a_network_may_state_its_inputs(tmp_path: Path) -> None:
    """A pair (module, inputs) is profiled on these, several tensors too; cut 0 sends them all."""
    file = tmp_path / "nets.py"
    file.write_text(TINY, encoding="utf-8")
    out = str(tmp_path / "two.json")
    rounds = ["--threads", "1", "--repeats", "2", "--processes", "1", "--no-layers"]
    assert main(["profile", "--model", f"{file}:two", *rounds, "--out", out]) == 0
    dnn = load_profile(out).dnn("two")
    assert dnn.layers.values[0] == 3 * 8 * 8 + 3
    (run,) = dnn.runs
    assert np.all(run.prefix.median_s[1:] > 0)
    assert np.all(run.suffix.median_s[:-1] > 0)


@pytest.mark.parametrize(
    ("model", "shape", "says"),
    [
        ("swapped", None, r"expected a module that takes a tensor of shape \[1, 3\]$"),
        ("words", None, r"got tuple; expected .* \(module, \(tensor, tensor\)\)"),
        ("two", (1, 3, 8, 8), "got a shape, but two states its inputs"),
    ],
)
def test_inputs_that_do_not_fit_are_named(
    model: str, shape: tuple[int, ...] | None, says: str, tmp_path: Path
) -> None:
    """One line: what the network takes of the inputs stated, a pair that is none, or both given."""
    from splitbench.benchmark.profiling.jobs import IMAGE, Job
    from splitbench.benchmark.profiling.networks import network_of

    file = tmp_path / "nets.py"
    file.write_text(TINY, encoding="utf-8")
    with pytest.raises(InputError, match=says) as caught:
        network_of(Job("network", f"{file}:{model}", 1, 1, 1, 0, shape or IMAGE))
    assert "\n" not in str(caught.value)


def test_a_pair_with_one_tensor(tmp_path: Path) -> None:
    """A single tensor beside the module is its input."""
    from splitbench.benchmark.profiling.jobs import Job
    from splitbench.benchmark.profiling.networks import network_of

    file = tmp_path / "nets.py"
    file.write_text(TINY, encoding="utf-8")
    _, inputs = network_of(Job("network", f"{file}:pair", 1, 1, 1, 0))
    assert [tuple(tensor.shape) for tensor in inputs] == [(1, 3)]


@pytest.mark.parametrize(("busy", "said"), [(0.5, True), (0.05, False)])
def test_a_machine_that_is_not_idle_is_said_to_be(
    busy: float,
    said: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Cores that other work kept busy are in the file, and on stderr where they matter."""
    monkeypatch.setattr(LoadMeter, "load", lambda meter: {"foreign_cores": busy})
    assert _profile(tmp_path) == 0
    assert ("busy with other work; an idle machine" in capsys.readouterr().err) == said
    assert load_profile(tmp_path / "tiny.json").machine["foreign_cores"] == busy


def test_segments_compute_what_the_network_computes(tmp_path: Path) -> None:
    """Prefix then suffix at every cut gives the whole network's output, in-place layers included.

    torch's own forward is the independent formulation.
    """
    import torch

    from splitbench.benchmark.profiling.jobs import Job
    from splitbench.benchmark.profiling.networks import network_of
    from splitbench.benchmark.profiling.segments import split_network

    (tmp_path / "nets.py").write_text(TINY, encoding="utf-8")
    jobs = [
        Job("network", f"{tmp_path / 'nets.py'}:tiny", 1, 1, 1, 0, (1, 3, 8, 8)),
        Job("network", "squeezenet1_1", 1, 1, 1, 0, (1, 3, 224, 224)),
        Job("network", f"{tmp_path / 'nets.py'}:two", 1, 1, 1, 0),
    ]
    for job in jobs:
        module, inputs = network_of(job)
        split = split_network(module, inputs, job.model)
        layers = split.graph.virtual_layers()
        assert len(split.segments) == len(layers)
        with torch.inference_mode():
            expected = module(*inputs)
            for cut in range(len(layers) + 1):
                crossing = split.run(inputs, 0, cut)
                tensors = [value for value in crossing if isinstance(value, torch.Tensor)]
                if 0 < cut < len(layers):
                    assert sum(t.numel() for t in tensors) == layers.values[cut]
                    crossing = split.run(crossing, cut, len(layers))
                if cut > 0:
                    result = crossing if isinstance(crossing, torch.Tensor) else crossing[0]
                    torch.testing.assert_close(result, expected)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("nothing", "AttributeError"),
        ("number", "'int' object is not callable"),
        ("broken", "no weights here"),
    ],
)
def test_a_bad_module_is_one_line(
    model: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the user's file does wrong comes back from the worker as one line, status 2."""
    assert _profile(tmp_path, model=model) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err.strip().splitlines()[-1]
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--model", "vgg16"], "vgg16_bn"),
        (["--model", "nowhere.py:net"], "no file nowhere.py"),
        (["--model", "nowhere.py"], "path.py:name"),
        (["--threads", "1,x"], "as in 1,2,4"),
        (["--threads", "1,1"], "each count once"),
        (["--threads", "0"], "≥ 1"),
        (["--repeats", "0"], "--repeats"),
        (["--warmup", "-1"], "--warmup"),
        (["--input-shape", "1,3"], "takes a tensor of shape [1, 3]"),
        (["--out", "no/such/dir/p.json"], "no directory"),
        (["--against", "nowhere.json"], "nowhere.json"),
        (["--against", ANOTHER], "none of squeezenet1_1 at 1 threads"),
        (["--model", "resnet18", "--model", "resnet18"], "each name once"),
    ],
)
def test_bad_arguments_are_one_line(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Refused with status 2; nothing is written."""
    monkeypatch.chdir(tmp_path)
    model = [] if "--model" in arguments else ["--model", "squeezenet1_1"]
    threads = [] if "--threads" in arguments else ["--threads", "1"]
    assert main(["profile", *model, *threads, "--no-layers", *arguments]) == 2
    assert says in capsys.readouterr().err.strip().splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_suites_on_profile_files_can_be_sampled_and_solved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path in a suite's name makes no directories; what is written solves and simulates."""
    path = tmp_path / "mine.json"
    save_profile(profile_object(threads=(1, 2)), path)
    given = f"[server={path},board={path},dnn=mobilenet_v2,split=measured]"
    out = tmp_path / "files"
    for suite, command in (("small", "solve"), ("paper-wifi", "simulate")):
        assert main(["sample", f"{suite}{given}", "--slots", "1", "--out", str(out)]) == 0
        written = capsys.readouterr().out.split("\n")[0]
        assert Path(written).parent == out
        assert main([command, written, "-s", "exact", "--json"]) == 0
        assert '"optimal"' in capsys.readouterr().out


def test_threads_get_physical_cores_first() -> None:
    """On a machine whose logical CPUs 0 and 1 are one core, two threads run on two cores."""
    assert one_a_core({0, 1, 2, 3}, lambda cpu: cpu // 2) == [0, 2, 1, 3]
    assert one_a_core({0, 1, 2, 3}, lambda cpu: cpu % 2) == [0, 1, 2, 3]
    assert one_a_core({5, 3}, lambda cpu: cpu) == [3, 5]


def test_hints_name_extras_that_exist() -> None:
    """What the code tells people to install is what pyproject.toml offers."""
    root = Path(__file__).resolve().parent.parent.parent
    with (root / "pyproject.toml").open("rb") as file:
        extras = set(tomllib.load(file)["project"]["optional-dependencies"])
    said = {
        extra
        for package in ("benchmark", "problems", "solvers", "baselines", "results")
        for path in (root / package).rglob("*.py")
        for extra in re.findall(r"splitbench\[(\w+)\]'", path.read_text(encoding="utf-8"))
    }
    assert said
    assert said <= extras
