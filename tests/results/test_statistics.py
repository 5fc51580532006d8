"""Statistics against scipy, against hand calculations, and in edge cases."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbench.problems.errors import UnknownNameError
from splitbench.results import CellRecord
from splitbench.results.figures.profile_chart import profile_chart
from splitbench.results.frame import frame_of
from splitbench.results.rows import Row, row_objects, rows_of
from splitbench.results.statistics.beside_rows import with_comparison, with_statistics
from splitbench.results.statistics.inference import (
    FEWEST,
    FEWEST_PAIRS,
    bootstrap_interval,
    holm,
    shifted_geometric_mean,
    wilcoxon,
)
from splitbench.results.statistics.performance import profile_of, profiles_by_suite, time_profile
from splitbench.results.statistics.seeds import by_seed, ranks, utilities
from splitbench.results.tables.table_columns import COLUMNS
from tests.results.records import failed, record


def statistics_of(cells: list[CellRecord], limit_s: float | None = None) -> list[Row]:
    """Rows of these cells with their statistics."""
    frame = frame_of(cells)
    return row_objects(with_statistics(rows_of(frame), frame, limit_s))


def compared(cells: list[CellRecord], against: str) -> dict[str, dict[str, Any]]:
    """The comparison of each solver but `against`."""
    frame = frame_of(cells)
    rows = row_objects(with_comparison(rows_of(frame), frame, against))
    return {row["solver"]: row["comparison"] for row in rows if "comparison" in row}


def ranked(cells: list[CellRecord]) -> dict[str, float]:
    """Rank of each solver of the one table of these cells."""
    return {str(name): float(rank) for name, rank in ranks(frame_of(cells)).items()}


class TestBootstrap:
    @pytest.mark.parametrize("count", [5, 12, 40])
    def test_by_hand(self, count: int) -> None:
        """The ends are quantiles of the means of samples drawn with replacement."""
        values = np.random.default_rng(count).exponential(2.0, count)
        drawn = np.random.default_rng(7).choice(values, (10_000, count)).mean(axis=1)
        low, high = np.quantile(drawn, [0.025, 0.975])
        assert bootstrap_interval(values.tolist(), seed=7) == pytest.approx((low, high), rel=0.03)

    def test_known_case(self) -> None:
        """Of nine zeros and a one, the mean of a resample is binomial: its quantiles are known."""
        from scipy import stats

        low, high = bootstrap_interval([0.0] * 9 + [1.0])
        assert low == stats.binom.ppf(0.025, 10, 0.1) / 10 == 0.0
        assert high == pytest.approx(stats.binom.ppf(0.975, 10, 0.1) / 10)

    def test_too_few_seeds(self) -> None:
        """Fewer than five seeds give no interval instead of a wrong one."""
        assert bootstrap_interval([1.0] * (FEWEST - 1)) == (None, None)
        assert bootstrap_interval([1.0] * FEWEST) == (1.0, 1.0)
        assert bootstrap_interval([]) == (None, None)

    def test_seeded(self) -> None:
        """The interval is the same every time, another with another seed."""
        values = np.random.default_rng(0).normal(size=9).tolist()
        assert bootstrap_interval(values) == bootstrap_interval(values)
        assert bootstrap_interval(values) != bootstrap_interval(values, seed=1)


def exact_signed_rank(differences: list[float]) -> float:
    """Two-sided p by enumerating all signs; ranks averaged over ties, zeros dropped."""
    values = [value for value in differences if value]
    sizes = sorted(abs(value) for value in values)
    rank = {
        size: 1 + sizes.index(size) + (sizes.count(size) - 1) / 2 for size in dict.fromkeys(sizes)
    }
    weights = [rank[abs(value)] for value in values]
    observed = sum(rank[abs(value)] for value in values if value > 0)
    sums = [sum(w for w, up in zip(weights, ups, strict=True) if up)
            for ups in product((0, 1), repeat=len(values))]  # fmt: skip
    below = sum(total <= observed + 1e-12 for total in sums) / len(sums)
    above = sum(total >= observed - 1e-12 for total in sums) / len(sums)
    return min(1.0, 2 * min(below, above))


class TestPaired:
    def test_wilcoxon_by_hand(self) -> None:
        """Six differences of one sign: 2/2⁶. With the least turned over: W = 1, 4/2⁶."""
        assert wilcoxon([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) == pytest.approx(2 / 64)
        assert wilcoxon([-1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) == pytest.approx(4 / 64)
        assert wilcoxon([0.0] * 6) == 1.0

    @settings(deadline=None)
    @given(
        st.lists(st.integers(-40, 40).map(float), min_size=6, max_size=9, unique_by=abs).filter(any)
    )
    def test_wilcoxon_by_enumeration(self, differences: list[float]) -> None:
        """Without ties the p-value is that of enumerating every sign."""
        assert wilcoxon(differences) == pytest.approx(exact_signed_rank(differences))

    def test_wilcoxon_with_ties(self) -> None:
        """Tied sizes share their ranks; the p-value is still exact."""
        differences = [1.0, 1.0, -1.0, 2.0, 2.0, 3.0, 4.0, 0.0]
        assert wilcoxon(differences) == pytest.approx(exact_signed_rank(differences))

    def test_holm_by_hand(self) -> None:
        """0.01·4, 0.02·3, then 0.03·2, raised to the one before, and 0.04."""
        assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
        assert holm([0.4, 0.9]) == pytest.approx([0.8, 0.9])
        assert holm([0.6, 0.9]) == pytest.approx([1.0, 1.0])
        assert holm([]) == []

    def test_pairs_by_seed(self) -> None:
        """The difference is the mean over seeds both completed; wins and losses add up."""
        cells = [record("a", s, utility=10.0 * s) for s in range(8)]
        cells += [record("b", s, utility=10.0 * s + (1.0 if s else -3.0)) for s in range(7)]
        found = compared(cells, "a")["b"]
        assert found["difference"] == pytest.approx((6 * 1.0 - 3.0) / 7)
        assert [found[name] for name in ("pairs", "wins", "ties", "losses")] == [7, 6, 0, 1]
        assert found["p_value"] == pytest.approx(exact_signed_rank([1.0] * 6 + [-3.0]))
        assert found["p_holm"] == found["p_value"]
        assert found["low"] < found["difference"] < found["high"]

    def test_too_few_pairs_are_said(self) -> None:
        """Five pairs give no p-value but the reason, and no Holm correction counts them."""
        cells = [record(n, s, utility=u) for s in range(5) for n, u in (("a", 1.0), ("b", 2.0))]
        cells += [record("c", s, utility=3.0 + s) for s in range(9)]
        cells += [record("a", s, utility=1.0) for s in range(5, 9)]
        found = compared(cells, "a")
        assert found["b"]["p_value"] is found["b"]["p_holm"] is None
        assert found["b"]["note"] == f"5 pairs, {FEWEST_PAIRS} needed"
        assert found["b"]["difference"] == 1.0
        assert found["c"]["p_holm"] == found["c"]["p_value"] == pytest.approx(2 / 2**9)

    def test_holm_is_over_the_suite(self) -> None:
        """Three comparisons of p = 2/2⁶ are each 6/2⁶."""
        cells = [record(n, s, utility="abcd".index(n) * s) for s in range(1, 7) for n in "abcd"]
        found = compared(cells, "a")
        assert [one["p_holm"] for one in found.values()] == pytest.approx([6 / 64] * 3)

    def test_failures_count_with_what_they_score(self) -> None:
        """A failed seed is a pair with its utility: −10 a device is what the mean counts too."""
        cells = [record(n, s, utility=u) for s in range(7) for n, u in (("a", 1.0), ("b", 2.0))]
        cells[-1].status, cells[-1].utility_mean = "timeout", -20.0
        found = compared(cells, "a")["b"]
        assert (found["pairs"], found["pairs_lost"], found["losses"]) == (7, 0, 1)
        assert found["difference"] == pytest.approx((6 * 1.0 - 21.0) / 7)

    def test_cells_without_a_utility_are_lost_pairs_and_not_silent(self) -> None:
        """A seed of which one has no utility at all is no pair, and it is counted."""
        cells = [record(n, s, utility=u) for s in range(7) for n, u in (("a", 1.0), ("b", 2.0))]
        cells[-1] = failed("b", 6, status="unsupported")
        found = compared(cells, "a")["b"]
        assert (found["pairs"], found["pairs_lost"]) == (6, 1)

    def test_rounding_is_no_difference(self) -> None:
        """Two exact methods that differ in the last bit are equal on every pair."""
        cells = [
            record(n, s, utility=u) for s in range(6) for n, u in (("a", 0.1 + 0.2), ("b", 0.3))
        ]
        found = compared(cells, "a")["b"]
        assert (found["difference"], found["ties"], found["p_value"]) == (0.0, 6, 1.0)

    def test_a_seed_of_many_instances_is_one_pair(self) -> None:
        """Instances of a seed are averaged over those both have."""
        cells = [record("a", 0, utility=float(i), instance=i) for i in range(4)]
        cells += [record("b", 0, utility=i + 2.0, instance=i) for i in range(1, 4)]
        found = compared(cells, "a")["b"]
        assert found["pairs"] == 1
        assert found["difference"] == pytest.approx(2.0)

    def test_a_seed_that_one_never_ran_is_no_lost_pair(self) -> None:
        """Lost are pairs that both were to have: not what only one of them was asked for."""
        cells = [record("a", s) for s in range(8)] + [record("b", s) for s in range(8)]
        assert compared([*cells, failed("b", 9)], "a")["b"]["pairs_lost"] == 0

    def test_suites_without_the_other_solver_stay_without(self) -> None:
        """A comparison is made in each suite that has both, and in no other."""
        cells = [record(n, s, suite=x) for x, n, s in (("x", "a", 0), ("x", "b", 0), ("y", "b", 0))]
        frame = frame_of(cells)
        rows = row_objects(with_comparison(rows_of(frame), frame, "a"))
        assert ["comparison" in row for row in rows] == [False, True, False]

    def test_unknown_solver(self) -> None:
        """A solver that no suite has is asked about, with the nearest known."""
        with pytest.raises(UnknownNameError, match="did you mean greedy"):
            compared([record("exact"), record("greedy")], "gredy")


class TestTimes:
    def test_shifted_geometric_mean_by_hand(self) -> None:
        """√((1+3)·(13+3)) − 3 = 5; without a shift √(1·4) = 2."""
        assert shifted_geometric_mean([1.0, 13.0], shift_s=3.0) == pytest.approx(5.0)
        assert shifted_geometric_mean([1.0, 4.0], shift_s=0.0) == pytest.approx(2.0)
        assert shifted_geometric_mean([0.0, 0.0]) == pytest.approx(0.0, abs=1e-15)

    @pytest.mark.parametrize("times", [[], [-1.0], [float("nan")]])
    def test_no_times(self, times: list[float]) -> None:
        """Nothing, negative times and NaN have no mean."""
        with pytest.raises(ValueError, match="≥ 0 s"):
            shifted_geometric_mean(times)

    def test_failures_are_charged_their_limit(self) -> None:
        """A killed cell costs the limit of its run, not the seconds it showed."""
        cells = [record("a", 0, solve_s=(0.99,)), failed("a", 1, solve_s=(0.1,), limit_s=3.99)]
        (row,) = statistics_of(cells)
        assert row["statistics"]["time_s"] == pytest.approx(1.99)
        assert row["statistics"]["time_charged"] == 1

    def test_failures_without_a_limit(self) -> None:
        """Without any limit there is no mean, and it says why; one can be given."""
        cells = [record("a", 0, solve_s=(0.99,)), failed("a", 1)]
        (row,) = statistics_of(cells)
        assert row["statistics"]["time_s"] is None
        assert any("without a time limit" in note for note in row["notes"])
        (row,) = statistics_of(cells, 3.99)
        assert row["statistics"]["time_s"] == pytest.approx(1.99)

    def test_a_failure_costs_its_own_limit_or_what_it_took(self) -> None:
        """The limit that the store knows goes before the one given; longer, what it took."""
        for seconds, expected in ((1.0, 13.0), (20.0, 20.0)):
            (row,) = statistics_of([failed("a", solve_s=(seconds,), limit_s=13.0)], 99.0)
            assert row["statistics"]["time_s"] == pytest.approx(expected)


class TestProfiles:
    def test_dolan_more_by_hand(self) -> None:
        """Ratios to the best of each cell, and the share of cells within a factor of it."""
        profile = profile_of(
            {
                "a": {1: 1.0, 2: 4.0, 3: None, 4: None},
                "b": {1: 2.0, 2: 1.0, 3: 6.0, 4: None},
                "c": {1: 4.0, 2: 1.0, 3: 2.0, 4: None},
            }
        )
        assert profile.ratios.tolist() == [
            [1.0, 4.0, math.inf, math.inf],
            [2.0, 1.0, 3.0, math.inf],
            [4.0, 1.0, 1.0, math.inf],
        ]
        assert profile.share(1.0).tolist() == [0.25, 0.25, 0.5]
        assert profile.share(2.0).tolist() == [0.25, 0.5, 0.5]
        assert profile.share(3.0).tolist() == [0.25, 0.75, 0.5]
        assert profile.share(profile.largest).tolist() == [0.5, 0.75, 0.75]
        assert profile.factors(3).tolist() == pytest.approx([1.0, 2.0, 4.0])
        assert profile.steps().tolist() == [1.0, 2.0, 3.0, 4.0]

    def test_cells_not_run_by_all_are_counted(self) -> None:
        """Only cells that every solver was run on compare them."""
        profile = profile_of({"a": {1: 1.0, 2: 1.0}, "b": {2: 3.0, 3: 1.0}})
        assert (profile.cells, profile.left_out) == (1, 2)
        assert profile.ratios.tolist() == [[1.0], [3.0]]

    def test_each_suite_stands_beside_all(self) -> None:
        """The profile over all suites never stands alone."""
        cells = [record("a", suite=suite) for suite in ("x", "y")] + [record("b", suite="x")]
        profiles = dict(profiles_by_suite(frame_of(cells)))
        assert list(profiles) == ["x", "y", "all suites"]
        assert profiles["all suites"].left_out == 1
        assert profile_of({}).cells == 0

    def test_failures_never_end(self) -> None:
        """A failed cell is not solved within any factor, however little time it took."""
        cells = [record("a", solve_s=(5.0,)), failed("b", solve_s=(0.001,))]
        profile = time_profile(frame_of(cells))
        assert profile.ratios.tolist() == [[1.0], [math.inf]]

    @pytest.mark.parametrize("ascii_only", [True, False])
    def test_chart(self, ascii_only: bool) -> None:
        """Lines are in order of area, full height means all, and names are whole."""
        profile = profile_of(
            {"slow[x=1]": {1: 8.0, 2: 8.0}, "fast": {1: 1.0, 2: 1.0}, "half": {1: 1.0, 2: None}}
        )
        lines = profile_chart("suite", profile, 70, ascii_only=ascii_only).splitlines()
        body = [line for line in lines if line.split()[0] in ("fast", "slow[x=1]", "half")]
        assert [line.split()[0] for line in body] == ["fast", "half", "slow[x=1]"]
        assert [line.split()[-1] for line in body] == ["100%", "50%", "100%"]
        full, half = ("#", "5") if ascii_only else ("█", "▄")
        assert set(body[0].split()[2]) == {full}
        assert set(body[1].split()[2]) == {half}
        assert max(map(len, lines[:-1])) <= 70
        assert all(character.isascii() for line in body for character in line) or not ascii_only

    def test_chart_of_nothing(self) -> None:
        """Without a common cell the chart says so."""
        assert "no profile" in profile_chart("s", profile_of({"a": {1: 1.0}, "b": {2: 1.0}}))


class TestRanks:
    def test_ties_are_averaged(self) -> None:
        """Two best share 1.5; the last is third."""
        cells = [record("a", utility=2.0), record("b", utility=2.0 + 1e-12), record("c")]
        assert ranked(cells) == {"a": 1.5, "b": 1.5, "c": 3.0}

    def test_failures_are_last(self) -> None:
        """A solver that did not complete a seed ranks behind all that did."""
        cells = [record(n, s, utility=1.0) for n in "ab" for s in (0, 1)]
        cells += [record("c", 0, utility=99.0), failed("c", 1), failed("d", 0), failed("d", 1)]
        assert ranked(cells) == {"a": 1.5, "b": 1.5, "c": 3.5, "d": 3.5}

    def test_common_seeds_count(self) -> None:
        """A solver run on more seeds is compared on those that all were run on."""
        cells = [record("a", 0, utility=1.0), record("a", 1, utility=-9.0), record("b", 0, 0.5)]
        assert ranked(cells) == {"a": 1.0, "b": 2.0}
        apart = [record("a", 0), record("b", 1)]
        assert ranked(apart) == {}

    def test_mean_rank_says_over_how_many_suites(self) -> None:
        """The mean of the ranks stands with their number, and the rows keep each suite's rank."""
        cells = [record("a", suite="x", utility=2.0), record("b", suite="x", utility=1.0)]
        cells += [record("a", suite="y", utility=1.0), record("b", suite="y", utility=2.0)]
        cells += [record("b", suite="z")]
        rows = [row for row in statistics_of(cells) if row["solver"] == "a"]
        assert [row["statistics"]["rank"] for row in rows] == [1.0, 2.0]
        of_a = rows[0]["statistics"]
        assert [of_a[n] for n in ("mean_rank", "rank_suites", "suites")] == [1.5, 2, 3]
        assert COLUMNS["mean_rank"].cell(rows[0]) == "1.5 (2 of 3)"


def test_statistics_of_a_row() -> None:
    """Interval and lost seeds of a row are those of its cells."""
    cells = [record("a", s, utility=float(s)) for s in range(6)]
    cells += [failed("a", 6, limit_s=4.0)]
    (row,) = statistics_of(cells)
    found = row["statistics"]
    assert (found["seeds"], found["seeds_lost"]) == (6, 1)
    ends = bootstrap_interval([float(s) for s in range(6)])
    assert (found["utility_low"], found["utility_high"]) == ends


def test_a_failed_seed_is_in_the_interval() -> None:
    """The interval is of the mean that stands beside it, in which a failed seed counts."""
    cells = [record("a", s, utility=1.0) for s in range(5)]
    cells += [record("a", 5, utility=-20.0, status="timeout", limit_s=1.0)]
    (row,) = statistics_of(cells)
    assert row["statistics"]["seeds"] == 6
    assert row["statistics"]["utility_low"] < 1.0


def test_a_seed_without_one_of_its_utilities_is_no_sample() -> None:
    """What the other instances of the seed earned is no mean of the same problems."""
    cells = [record("a", 0, instance=0), failed("a", 0, instance=1), record("a", 1, instance=0)]
    seeds = by_seed(utilities(frame_of(cells)))["a"].dropna()
    assert seeds.to_dict() == {1: 1.0}


def test_instances_without_a_decision_are_no_sample() -> None:
    """Utilities on infeasible instances are ignored."""
    hopeless = record("a", utility=-20.0, status="invalid", reference_status="infeasible")
    assert utilities(frame_of([hopeless])).empty


class TestFiles:
    def test_files_are_the_repetitions_and_seeds_are_not(self) -> None:
        """Eight files with twenty seeds each are a sample of eight: more seeds prove nothing."""

        def cells(seeds: int) -> list[CellRecord]:
            return [
                record(
                    name, seed, number + better, suite=f"file:/a/{number}.json", instance=0,
                    suite_label="mine",
                )
                for name, better in (("a", 0.5), ("b", 0.0))
                for number in range(8)
                for seed in range(seeds)
            ]  # fmt: skip

        few, many = (compared(cells(seeds), "b")["a"] for seeds in (2, 20))
        assert few == many
        assert few["pairs"] == 8
        (row, _) = statistics_of(cells(20))
        assert row["statistics"]["seeds"] == 8
        assert row["statistics"]["utility_low"] == pytest.approx(
            bootstrap_interval([number + 0.5 for number in range(8)]).low
        )

    @pytest.mark.parametrize("suite", ["file:/a.json", "library:starved-n9-t120"])
    def test_one_file_has_no_interval(self, suite: str) -> None:
        """However many seeds: its problem is one, and identical pairs are no evidence."""
        cells = [record(name, seed, suite=suite) for name in "ab" for seed in range(30)]
        assert {row["statistics"]["utility_low"] for row in statistics_of(cells)} == {None}
        assert compared(cells, "b")["a"]["p_value"] is None
