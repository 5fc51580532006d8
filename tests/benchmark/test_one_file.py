"""`solve` and `simulate` on files: what scripts rely on, with and without limits."""

import json
from pathlib import Path
from typing import Any

import pytest

from splitbench.benchmark.cli import main
from splitbench.problems.latency.profiles.profile_file import save_profile
from tests.profile_data import profile_object

SOLVERS = Path(__file__).with_name("misbehaving.py")
SOLVE_FIELDS = {
    "solver", "status", "partition", "threads", "utility", "bound", "gap", "gap_relative",
    "gap_against", "feasible", "violations", "seconds", "devices",
}  # fmt: skip
SIMULATE_FIELDS = {
    "solver", "utility_mean", "horizon_bound", "horizon_gap", "slot_gap_mean", "slot_gap_max",
    "latency_s_mean", "energy_j_mean", "violations", "availability", "seconds", "slots",
}  # fmt: skip


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """A slot instance with one device: 3 cuts, 4 threads."""
    device: dict[str, Any] = {
        "name": "md0", "dnn": "vgg16_bn", "deadline_s": 0.27,
        "arrival_rate_hz": 0.83, "uplink_bps": 1.5e7,
        "battery_j": 1500.0, "battery_max_j": 2000.0, "harvest_j": 60.0,
        "compute_power_w": 8.6, "transmit_power_w": 6.5,
        "cut_bits": [4816896, 802816, 0], "local_s": 0.3,
        "server_s": {"exp2": [0.17, -0.5, 0.02, 0.0]},
    }  # fmt: skip
    document = {
        "format": "splitbench/slot@1", "name": "one", "slot_s": 30.0, "threads": 4,
        "min_threads": 1, "utility_weight": 0.5, "devices": [device],
    }  # fmt: skip
    path = tmp_path / "one.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("limit", [[], ["--timeout", "20s"]])
def test_solve_prints_what_scripts_read(
    instance: Path, capsys: pytest.CaptureFixture[str], limit: list[str]
) -> None:
    """Only JSON on stdout, with every field and a proved optimum; limits change nothing."""
    assert main(["solve", str(instance), "-s", "exact", "--json", *limit]) == 0
    found = _json(capsys)
    assert set(found) >= SOLVE_FIELDS
    assert found["status"] == "optimal"
    assert found["gap"] == 0.0
    assert found["gap_against"] == "optimum"
    assert found["bound"] == pytest.approx(found["utility"], rel=1e-12)
    assert found["threads"] == [4]


def test_an_infeasible_instance_is_three(
    instance: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fewer threads than N·k_min load, and are proved infeasible: exit status 3."""
    document = json.loads(instance.read_text())
    document["min_threads"] = 5
    instance.write_text(json.dumps(document))
    assert main(["solve", str(instance), "-s", "exact", "--json"]) == 3
    assert _json(capsys)["status"] == "infeasible"


def test_a_violation_is_one_and_named(instance: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A decision that breaks a constraint is invalid, exit status 1, with name and amount."""
    solver = f"{SOLVERS.with_name('false_answers.py')}:Overspend"
    assert main(["solve", str(instance), "-s", solver, "--json"]) == 1
    found = _json(capsys)
    assert found["status"] == "invalid"
    assert found["violations"] == [{"constraint": "threads_sum", "device": None, "amount": 4.0}]


def test_without_a_reference_the_gap_is_against_the_bound(
    instance: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--no-reference` leaves the solver's own bound; a heuristic has no gap then."""
    assert main(["solve", str(instance), "-s", "exact", "--json", "--no-reference"]) == 0
    assert _json(capsys)["gap_against"] == "bound"
    assert main(["solve", str(instance), "-s", "greedy", "--json", "--no-reference"]) == 0
    found = _json(capsys)
    assert (found["gap"], found["gap_against"], found["bound"]) == (None, None, None)


def test_a_hanging_solver_is_killed_and_keeps_its_incumbent(
    instance: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`solve --timeout` ends a solver that hangs: exit status 1, its last incumbent printed."""
    arguments = ["-s", f"{SOLVERS}:Incumbent", "--json", "--timeout", "1s"]
    assert main(["solve", str(instance), *arguments]) == 1
    found = _json(capsys)
    assert found["status"] == "timeout"
    assert found["partition"] == [2]


@pytest.mark.parametrize("limit", [[], ["--timeout", "60s"]])
def test_simulate_prints_what_scripts_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], limit: list[str]
) -> None:
    """One object per solver, with one object per slot; the bound is above the utility."""
    assert main(["sample", "paper-wifi", "--out", str(tmp_path), "--slots", "5"]) == 0
    path = capsys.readouterr().out.strip()
    solvers = ["-s", "exact", "-s", "eo+bs"]
    assert main(["simulate", path, *solvers, "--json", *limit]) == 0
    found = _json(capsys)
    assert [one["solver"] for one in found] == ["exact", "eo+bs"]
    for one in found:
        assert set(one) >= SIMULATE_FIELDS
        assert len(one["slots"]) == 5
        assert set(one["slots"][0]) >= {"partition", "threads", "utility", "battery_next_j"}
        assert one["horizon_gap"] == pytest.approx(one["horizon_bound"] - one["utility_mean"])
        assert one["horizon_gap"] >= 0.0


def test_simulate_keeps_sun_and_price(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each slot says what was harvested and, of a policy with a price on energy, that price."""
    assert main(["sample", "never-full", "--out", str(tmp_path), "--slots", "4"]) == 0
    path = capsys.readouterr().out.strip()
    written = json.loads(Path(path).read_text(encoding="utf-8"))["slots"]
    solvers = ["-s", "exact", "-s", "lookahead", "-s", "lyapunov"]
    for limit in ([], ["--timeout", "60s"]):
        assert main(["simulate", path, *solvers, "--json", *limit]) == 0
        exact, lookahead, lyapunov = _json(capsys)
        for one in (exact, lookahead, lyapunov):
            assert [slot["harvest_j"] for slot in one["slots"]] == [
                slot["harvest_j"] for slot in written
            ]
        assert all(slot["energy_price"] is None for slot in exact["slots"])
        for one in (lookahead, lyapunov):
            assert all(min(slot["energy_price"]) >= 0.0 for slot in one["slots"])
        # A joule counts V = 0.5 of 3600 J in this slot and in each of those left, no battery full.
        expected = [0.5 / 3600.0 * left for left in (4, 3, 2, 1)]
        for slot, price in zip(lookahead["slots"], expected, strict=True):
            assert slot["energy_price"] == pytest.approx([price] * 3)


def test_simulate_says_why_there_is_no_bound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where none is proved the bound is null and the note has the reason."""
    suite = "paper-wifi[energy_term=paper]"
    assert main(["sample", suite, "--out", str(tmp_path), "--slots", "3"]) == 0
    path = capsys.readouterr().out.strip()
    assert main(["simulate", path, "-s", "exact", "-s", "lookahead", "--json"]) == 0
    for one in _json(capsys):
        assert one["horizon_bound"] is None
        assert one["horizon_gap"] is None
        assert "no horizon bound: energy_term paper" in one["note"]


@pytest.mark.parametrize("command", ["solve", "simulate"])
def test_a_negative_seed_is_refused(
    command: str, instance: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in `run`: one line, status 2, whatever the solver would make of it."""
    assert main([command, str(instance), "-s", "random", "--seed", "-1"]) == 2
    assert "--seed: got -1" in capsys.readouterr().err


def test_solve_takes_one_solver(instance: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Several solvers are refused, not dropped silently."""
    assert main(["solve", str(instance), "-s", "exact", "-s", "local"]) == 2
    assert "got exact, local; expected one" in capsys.readouterr().err


def test_limits_change_nothing_of_what_is_refuted(
    instance: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A claimed utility that is not the decision's is told with a limit as without one."""
    file = tmp_path / "boast.py"
    file.write_text(
        "from splitbench import Solution\n"
        "class Boast:\n"
        "    name = 'boast'\n"
        "    def solve(self, problem):\n"
        "        return Solution(problem.layers, problem.even_threads(), utility=99.0)\n",
        encoding="utf-8",
    )
    claims = []
    for limit in ([], ["--timeout", "20s"]):
        main(["solve", str(instance), "-s", f"{file}:Boast", "--json", *limit])
        claims.append(_json(capsys)["claims_refuted"])
    assert claims[0] == claims[1]
    assert "claimed U = 99" in claims[0][0]


def test_a_violation_that_scores_more_than_the_optimum_has_no_gap(
    instance: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without hibernation U* may be below −10: what breaks a constraint did not beat it."""
    data = json.loads(instance.read_text(encoding="utf-8"))
    device = data["devices"][0] | {
        "deadline_s": 0.01, "arrival_rate_hz": 1.0, "server_s": {"table": [2.0]}, "max_threads": 1
    }  # fmt: skip
    instance.write_text(json.dumps(data | {"threads": 1, "devices": [device]}), encoding="utf-8")
    assert main(["solve", str(instance), "-s", "exact", "--json"]) == 0
    assert _json(capsys)["utility"] < -10
    for reference in ([], ["--no-reference"]):
        assert main(["solve", str(instance), "-s", "eo+ta", "--json", *reference]) == 1
        found = _json(capsys)
        assert found["violations"]
        assert found["gap"] is found["gap_relative"] is found["gap_against"] is None


def test_where_nothing_ran_availability_is_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Undefined is null: a scheme that supports no device served no share of nothing."""
    assert main(["sample", "paper-wifi", "--slots", "2", "--out", str(tmp_path)]) == 0
    path = Path(capsys.readouterr().out.split("\n")[0])
    text = path.read_text(encoding="utf-8")
    for dnn in ("vgg16_bn", "resnet34", "mobilenet_v2"):
        text = text.replace(f'"dnn": "{dnn}"', '"dnn": "foo"')
    path.write_text(text, encoding="utf-8")
    assert main(["simulate", str(path), "-s", "neurosurgeon+ta", "--json"]) == 1
    (found,) = _json(capsys)
    assert found["utility_mean"] is found["availability"] is None


def test_a_hibernating_device_is_said_to(
    instance: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A device that serves nothing has no latency; names are escaped for the terminal."""
    data = json.loads(instance.read_text(encoding="utf-8"))
    device = data["devices"][0] | {"name": "md\x1b[31m0", "battery_j": 0.0, "harvest_j": 0.0}
    data |= {"formulation": {"hibernation": "allowed"}, "devices": [device]}
    instance.write_text(json.dumps(data), encoding="utf-8")
    assert main(["solve", str(instance), "-s", "exact"]) == 0
    out = capsys.readouterr().out
    assert "hibernates, k = 4, charge after 0.0 J" in out
    assert "\x1b" not in out


def test_a_suite_with_a_long_path_is_sampled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A profile file's path in a suite's name may be longer than a file's name can be."""
    deep = tmp_path / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    save_profile(profile_object(threads=(1, 2)), deep / "mine.json")
    suites = [
        f"paper-wifi[server={deep}/mine.json,dnn=mobilenet_v2,arrival_scale={s}]" for s in "12"
    ]
    paths = set()
    for suite in suites:
        assert main(["sample", suite, "--slots", "1", "--out", str(tmp_path / "out")]) == 0
        paths.add(capsys.readouterr().out.split("\n")[0])
    assert len(paths) == 2
    assert all(Path(path).is_file() for path in paths)


def test_no_word_at_all_is_a_call_for_help(capsys: pytest.CaptureFixture[str]) -> None:
    """`splitbench` alone prints its commands, as they are laid out."""
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert "simulate" in out
    assert out.count("\n") > 20
    assert err == ""
