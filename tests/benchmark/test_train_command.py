"""`splitbench train` as a person uses it, in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from splitbench.solvers.ddp.policies.policy_file import load_policy

pytest.importorskip("torch")

TRAIN = [sys.executable, "-m", "splitbench", "train"]
SMALL = ["ddp[hidden=16,batch=16,parallel=4,learning_starts=40]", "hetero[devices=3,slots=20]"]


def train(*words: str, policies: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command to its end and check its exit status."""
    done = subprocess.run(
        [*TRAIN, *words],
        capture_output=True,
        text=True,
        env=os.environ | {"SPLITBENCH_POLICIES": str(policies)},
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_json_is_all_there_is_on_stdout(tmp_path: Path) -> None:
    """--json prints the header and the file; progress goes to stderr; the file says the same."""
    done = train(*SMALL, "-p", "episodes=8", "--seed", "2", "--json", policies=tmp_path)
    said = json.loads(done.stdout)
    assert said["kind"] == "ddp"
    assert (said["seed"], said["episodes"], said["layers"]) == (2, 8, said["layers"])
    assert len(said["curve"]) == 2
    assert load_policy(Path(said["path"])).header.curve == said["curve"]
    assert "rounds of 4 episodes: 2/2" in done.stderr


def test_what_is_trained_is_used_by_runs_and_not_trained_again(tmp_path: Path) -> None:
    """A second call says so and trains nothing; `run` plays it, without a note."""
    words = [SMALL[0].replace("]", ",episodes=8]"), SMALL[1]]
    first = train(*words, "--json", policies=tmp_path)
    path = Path(json.loads(first.stdout)["path"])
    stamp = path.stat().st_mtime_ns
    again = train(*words, "--json", policies=tmp_path)
    assert "is trained already" in again.stderr
    assert path.stat().st_mtime_ns == stamp
    run = subprocess.run(
        [
            sys.executable, "-m", "splitbench", "run", SMALL[1], "-s", f"{words[0]}+ta",
            "--seeds", "1", "--slots", "3", "--store", str(tmp_path / "s.sqlite"), "--json",
        ],
        capture_output=True,
        text=True,
        env=os.environ | {"SPLITBENCH_POLICIES": str(tmp_path)},
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    (row,) = json.loads(run.stdout)
    assert row["status"] == "feasible"
    assert not row.get("notes")


def test_a_killed_training_goes_on_and_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    """After kill -9 the same command goes on, and ends with the undisturbed run's policy."""
    words = [*SMALL, "-p", "episodes=60", "-p", "updates=8"]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train(*words, policies=whole)
    often = "import splitbench.solvers.ddp.training.session as s; s.CHECKPOINT_EVERY_S = 0.0"
    command = [
        sys.executable,
        "-c",
        f"{often}\nfrom splitbench.benchmark.cli import main\nmain({['train', *words]!r})",
    ]
    environment = os.environ | {"SPLITBENCH_POLICIES": str(broken)}
    running = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120.0
    while not list(broken.glob("*.training")) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert not list(broken.glob("ddp-*.safetensors")), "it ended before it was killed"
    done = train(*words, policies=broken)
    assert "goes on at round" in done.stderr
    assert not list(broken.glob("*.training"))
    (first,), (second,) = (list(place.glob("*.safetensors")) for place in (whole, broken))
    one, other = load_policy(first), load_policy(second)
    assert one.header.curve == other.header.curve
    assert all((array == other.weights[name]).all() for name, array in one.weights.items())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["dpp"], "did you mean ddp?"),
        (["ddp[hiden=3]"], "did you mean hidden?"),
        (["ddp", "paper-wify"], "did you mean paper-wifi"),
        (["ddp", "small"], "expected a suite of horizons"),
        (["ddp", "-p", "episodes"], "expected key=value"),
        (["ddp[seed=1]", "--seed", "2"], "seed is given twice"),
        (["ddp", "-p", "episodes=0"], "expected at least 1"),
        (["ddp", "-p", "noise=-1"], "noise: got -1.0; expected at least 0"),
        (["ddp", "-p", "actor_rate=-1"], "expected more than 0"),
        (["ddp", "-p", "soft_update=5"], "at most 1"),
        (["ddp", "-p", "buffer=30"], "learning_starts: got 2000"),
        (["ddp", "--seed", "99999999999999999999"], "seed: got"),
        (["imitation", "-p", "temperature=-1"], "temperature: got -1.0"),
        (["ddp[episodes=16,wait_for_full_buffer=true]"], "learning waits for 100000"),
        (["ddp", "--out", "/proc/x/y.safetensors"], "--out: /proc/x/y.safetensors"),
        (["ddp", "--out", "/tmp"], "cannot be written"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, words: list[str], expected: str) -> None:
    """Exit status 2 and one line that says what would be accepted; nothing is written."""
    done = train(*words, policies=tmp_path, code=2)
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_file_of_another_policy_is_not_overwritten(tmp_path: Path) -> None:
    """--out onto another policy is refused; with --fresh it is meant."""
    out = str(tmp_path / "p.safetensors")
    train(*SMALL, "-p", "episodes=4", "--out", out, policies=tmp_path)
    done = train(*SMALL, "-p", "episodes=8", "--out", out, policies=tmp_path, code=2)
    assert "is another policy" in done.stderr
    train(*SMALL, "-p", "episodes=8", "--out", out, "--fresh", policies=tmp_path)
    assert load_policy(Path(out)).header.episodes == 8


def test_a_file_is_trained_for_on_slots_like_it(tmp_path: Path) -> None:
    """A horizon file's policy is found by `simulate` on that file, with no short training."""
    from splitbench.problems import save_horizon
    from splitbench.problems.suites.named_suites import make_suite

    path = tmp_path / "h.json"
    save_horizon(make_suite("hetero[devices=3]").horizon(0, 3), path)
    words = "ddp[hidden=16,batch=16,parallel=4,learning_starts=40,episodes=8]"
    said = train(words, str(path), policies=tmp_path)
    assert "next: splitbench solve (or simulate)" in said.stdout
    done = subprocess.run(
        [sys.executable, "-m", "splitbench", "simulate", str(path), "-s", f"{words}+ta"],
        capture_output=True,
        text=True,
        env=os.environ | {"SPLITBENCH_POLICIES": str(tmp_path)},
        check=True,
    )
    assert "feasible" in done.stdout
    assert "no policy" not in done.stdout
    assert not (tmp_path / "scaled-down").exists()


def test_an_interrupted_training_keeps_what_it_has(tmp_path: Path) -> None:
    """Ctrl-C ends after the round that is under way, which the next call goes on from."""
    words = [*SMALL, "-p", "episodes=4000"]
    environment = os.environ | {"SPLITBENCH_POLICIES": str(tmp_path)}
    started = subprocess.Popen(
        [*TRAIN, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, preexec_fn=_hears_interrupts,
    )  # fmt: skip
    assert started.stderr is not None
    started.stderr.readline()  # a tenth is done
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "what was finished is kept" in err
    again = subprocess.Popen(
        [*TRAIN, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, preexec_fn=_hears_interrupts,
    )  # fmt: skip
    assert again.stderr is not None
    said = again.stderr.readline()
    again.kill()
    again.communicate()
    assert "goes on at round" in said
    assert int(said.split("round ")[1].split()[0]) > 100


def _hears_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_directory_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """--out in a directory that does not exist is refused, and leaves none behind."""
    out = tmp_path / "nowhere" / "x.safetensors"
    done = train(*SMALL, "--out", str(out), policies=tmp_path, code=2)
    assert "no such directory" in done.stderr
    assert not out.parent.exists()
