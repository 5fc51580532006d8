"""What a profile's intervals promise: that a second measurement meets them."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splitbench.benchmark.profiling import measure as measuring
from splitbench.benchmark.profiling.jobs import Job
from splitbench.benchmark.profiling.load import usable_cores
from splitbench.benchmark.profiling.rank_interval import band, chance_to_meet, rank_of_interval
from splitbench.benchmark.profiling.summary import agreement
from splitbench.benchmark.profiling.workers import Worker, run_jobs
from splitbench.problems.latency.profiles.profile_file import ProfileFile, save_profile
from tests.profile_data import profile_object

CUTS = 40


@pytest.mark.parametrize(("count", "rank"), [(1, 1), (5, 1), (6, 1), (8, 1), (9, 2), (21, 6)])
def test_intervals_hold_the_median(count: int, rank: int) -> None:
    """Ranks are those of the sign test at 95 %: checked against the binomial distribution."""
    from scipy.stats import binom

    assert rank_of_interval(count) == rank
    if count >= 6:
        assert 1 - 2 * binom.cdf(rank - 1, count, 0.5) >= 0.95
        assert 1 - 2 * binom.cdf(rank, count, 0.5) < 0.95
    values = np.random.default_rng(count).random((count, 3))
    middle, low, high = band(values)
    np.testing.assert_array_equal(np.sort(values, axis=0)[[rank - 1, -rank]], [low, high])
    assert np.all((low <= middle) & (middle <= high))


@pytest.mark.parametrize(("one", "other"), [(1, 1), (2, 2), (2, 3), (6, 6), (5, 7), (9, 9)])
def test_chance_to_meet_counts_all_orders(one: int, other: int) -> None:
    """The share that meets, over every order of the pooled values: enumerated, not derived."""
    orders = list(combinations(range(one + other), one))
    met = 0
    for places in orders:
        rest = sorted(set(range(one + other)) - set(places))
        r, s = rank_of_interval(one), rank_of_interval(other)
        met += places[r - 1] <= rest[-s] and rest[s - 1] <= places[-r]
    assert chance_to_meet(one, other) == pytest.approx(met / len(orders))


def _machine(seed: int) -> Callable[..., Iterator[tuple[Job, dict[str, Any]]]]:
    """Return a `run_jobs` whose processes differ by 10 % and whose rounds by 1 %."""
    rng = np.random.default_rng(seed)

    def run(jobs: Sequence[Job], tick: object) -> Iterator[tuple[Job, dict[str, Any]]]:
        for job in jobs:
            process = np.exp(0.1 * rng.standard_normal(2 * CUTS + 1))
            seconds = process * np.exp(0.01 * rng.standard_normal((job.repeats, 2 * CUTS + 1)))
            prefix, suffix = seconds[:, :CUTS], seconds[:, CUTS : 2 * CUTS]
            prefix[:, 0] = suffix[:, -1] = 0.0
            yield (
                job,
                {
                    "torch": "2.0",
                    "layers": [str(at) for at in range(CUTS - 1)],
                    "cut_values": [1] * CUTS,
                    "macs": [1] * (CUTS - 1),
                    "whole": seconds[:, -1].tolist(),
                    "prefix": prefix.tolist(),
                    "suffix": suffix.tolist(),
                },
            )

    return run


def test_processes_that_differ_more_than_rounds_widen_the_intervals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two measurements meet as often as promised although rounds within a process agree to 1 %.

    An interval over all rounds, as if each were independent, would promise 95 % and hold half.
    """

    def measured(seed: int, repeats: int) -> ProfileFile:
        monkeypatch.setattr(measuring, "run_jobs", _machine(seed))
        plan = measuring.Plan(["net"], [1, 2, 4], repeats=repeats, layers=False)
        return save_profile(measuring.measure(plan, "p", "test"), tmp_path / "p.json")

    for repeats in (6, 60):
        found = agreement(measured(1, repeats), measured(2, repeats))
        assert found.splits[1] == 3 * 2 * (CUTS - 1)
        assert found.expected == pytest.approx(1 - 2 / 924)  # 6 of 6 below 6: once in 924
        assert found.splits[0] / found.splits[1] >= 0.98


def test_layers_alone_are_medians_over_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a layer that three processes timed, the middle one is kept, for each thread count."""
    jobs: list[Job] = []

    def run(given: Sequence[Job], tick: object) -> Iterator[tuple[Job, dict[str, Any]]]:
        network = _machine(0)
        for job in given:
            jobs.append(job)
            if job.task == "network":
                yield from network([job], tick)
                continue
            turn = sum(other.task == "layers" and other.threads == job.threads for other in jobs)
            slow = (5.0, 1.0, 2.0)[turn - 1]
            samples = [{"kind": "add", "threads": job.threads, "median_s": slow * job.threads}]
            yield job, {"torch": "2.0", "samples": samples}

    monkeypatch.setattr(measuring, "run_jobs", run)
    data = measuring.measure(measuring.Plan(["net"], [1, 2]), "p", "test")
    assert [row["median_s"] for row in data["layers"]] == [2.0, 4.0]
    alone = [job for job in jobs if job.task == "layers" and job.threads == 2]
    assert [job.repeats for job in alone] == [2, 2, 2]
    assert len({job.seed for job in alone}) == 1  # the same layers in each


def test_layers_alone_tick_as_they_go() -> None:
    """Rounds spread over the cases: a bar that stands still until all are done says nothing."""
    from splitbench.benchmark.profiling.worker import _ticks

    job = Job("layers", "", 1, 1, 6, 0)
    steps = [_ticks(job, done, 200) - _ticks(job, done - 1, 200) for done in range(1, 201)]
    assert sum(steps) == 6
    assert max(steps) == 1
    assert sum(steps[:100]) == 3


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads CPU time from /proc")
def test_workers_measure_alone_and_wait_asleep() -> None:
    """A worker that is ready does nothing until its turn: nothing is timed beside it."""
    job = Job("network", "squeezenet1_1", 1, 1, 1, 0)
    with Worker(job) as first, Worker(job) as second:
        first.wait()
        second.wait()
        before = _cpu_ticks(second)
        ticks: list[Job] = []
        result = first.run(ticks.append)
        assert ticks == [job]
        assert len(result["whole"]) == 1
        assert _cpu_ticks(second) - before <= 1
        assert second.run(ticks.append)["layers"] == result["layers"]


def test_an_interrupted_measurement_leaves_no_worker() -> None:
    """Workers that wait for their turn end with the parent's measurement, whatever ends it."""
    jobs = [Job("network", "squeezenet1_1", 1, 0, 1, seed) for seed in range(4)]
    workers: list[Worker] = []

    class Remembered(Worker):
        def __init__(self, job: Job) -> None:
            super().__init__(job)
            workers.append(self)

    def interrupt(job: Job) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("splitbench.benchmark.profiling.workers.Worker", Remembered)
        patch.setattr("splitbench.benchmark.profiling.workers.usable_cores", lambda: 2)
        with pytest.raises(KeyboardInterrupt):
            list(run_jobs(jobs, interrupt))
    assert len(workers) == 2
    assert all(worker.process.poll() is not None for worker in workers)


def _cpu_ticks(worker: Worker) -> int:
    fields = Path(f"/proc/{worker.process.pid}/stat").read_text(encoding="ascii").rsplit(")")[1]
    return sum(map(int, fields.split()[11:13]))


def test_two_profiles_agree_where_their_intervals_meet(tmp_path: Path) -> None:
    """The same numbers agree everywhere; 3 % more with intervals of 1 % nowhere."""
    one = save_profile(profile_object(), tmp_path / "one.json")
    same = agreement(one, one)
    assert same.whole == (3, 3)
    assert same.expected == chance_to_meet(2, 2)  # two processes, both profiles
    assert same.splits[0] == same.splits[1] == 3 * 2 * len(one.dnn("mobilenet_v2").layers)
    slower = profile_object(whole_s=lambda k: 1.03 * (0.1 / k + 0.02))
    assert same.same_cpu
    assert len(same.lines()) == 2
    elsewhere = profile_object()
    elsewhere["machine"]["cpu"] = "Another CPU"
    found = agreement(one, save_profile(elsewhere, tmp_path / "three.json"))
    assert found.lines()[-1] == "  but it is of another CPU"
    other = agreement(one, save_profile(slower, tmp_path / "two.json"))
    assert other.whole == (0, 3)
    assert other.splits[0] == 0
    assert other.largest == pytest.approx(1 - 1 / 1.03)


def test_a_process_counts_with_its_median(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three rounds 1, 2 and 9 the median stands, not the least and not the mean."""
    network = _machine(0)

    def run(jobs: Sequence[Job], tick: object) -> Iterator[tuple[Job, dict[str, Any]]]:
        for job, found in network(jobs, tick):
            yield job, found | {"whole": [1.0, 2.0, 9.0]}

    monkeypatch.setattr(measuring, "run_jobs", run)
    plan = measuring.Plan(["net"], [1], repeats=18, layers=False)
    (entry,) = measuring.measure(plan, "p", "test")["dnns"][0]["measured"]
    assert entry["whole"] == {"median_s": 2.0, "low_s": 2.0, "high_s": 2.0}


def test_a_worker_has_the_threads_it_was_given() -> None:
    """Torch itself says how many it uses, and the process how many CPUs it may run on."""
    code = (
        "import os, torch\n"
        "from splitbench.benchmark.profiling.worker import pin_threads\n"
        "pin_threads(2)\n"
        "print(torch.get_num_threads(), len(os.sched_getaffinity(0)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    threads, cpus = map(int, done.stdout.split())
    assert threads == 2
    assert cpus == min(2, usable_cores())
