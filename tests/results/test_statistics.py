"""Statistics against scipy, against numbers worked out by hand, and at their edges."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbench.problems.errors import UnknownNameError
from splitbench.results import rows_of
from splitbench.results.figures.profile_chart import profile_chart
from splitbench.results.statistics.bootstrap import FEWEST, bootstrap_interval
from splitbench.results.statistics.geometric import mean_time, shifted_geometric_mean
from splitbench.results.statistics.paired import FEWEST_PAIRS, compare_all, holm, wilcoxon
from splitbench.results.statistics.performance import profile_of, profiles_by_suite, time_profile
from splitbench.results.statistics.ranks import mean_ranks, ranks, ranks_by_suite
from splitbench.results.statistics.samples import samples_of
from splitbench.results.statistics.statistics import with_comparison, with_statistics
from tests.results.records import failed, record

GROUP = ("hetero[devices=2]", "episodes", None)


class TestBootstrap:
    @pytest.mark.parametrize("count", [5, 12, 40])
    def test_against_scipy(self, count: int) -> None:
        """The same draws give the interval that scipy.stats.bootstrap gives."""
        from scipy import stats

        values = np.random.default_rng(count).exponential(2.0, count)
        theirs = stats.bootstrap(
            (values,), np.mean, n_resamples=2000, method="percentile", rng=np.random.default_rng(7)
        ).confidence_interval
        ours = bootstrap_interval(values.tolist(), resamples=2000, seed=7)
        assert ours == pytest.approx((theirs.low, theirs.high), rel=1e-12)

    def test_many_values_are_drawn_in_parts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Drawing in parts, as many values need, changes nothing."""
        values = np.random.default_rng(3).normal(size=30).tolist()
        whole = bootstrap_interval(values, resamples=500)
        monkeypatch.setattr("splitbench.results.statistics.bootstrap._KEPT", 1000)
        assert bootstrap_interval(values, resamples=500) == pytest.approx(whole, rel=1e-12)

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
        assert bootstrap_interval([], fewest=0) == (None, None)

    def test_seeded(self) -> None:
        """The interval is the same every time, another with another seed."""
        values = [1.0, 2.0, 4.0, 8.0, 16.0]
        assert bootstrap_interval(values) == bootstrap_interval(values)
        assert bootstrap_interval(values, resamples=50) != bootstrap_interval(
            values, resamples=50, seed=1
        )


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
        (found,) = compare_all(samples_of(cells)[GROUP], "a").values()
        assert found.difference == pytest.approx((6 * 1.0 - 3.0) / 7)
        assert (found.pairs, found.wins, found.ties, found.losses) == (7, 6, 0, 1)
        assert found.p_value == pytest.approx(exact_signed_rank([1.0] * 6 + [-3.0]))
        assert found.p_holm == found.p_value
        assert found.low is not None
        assert found.low < found.difference < (found.high or 0.0)

    def test_too_few_pairs_are_said(self) -> None:
        """Five pairs give no p-value but the reason, and no Holm correction counts them."""
        cells = [record(n, s, utility=u) for s in range(5) for n, u in (("a", 1.0), ("b", 2.0))]
        cells += [record("c", s, utility=3.0 + s) for s in range(9)]
        cells += [record("a", s, utility=1.0) for s in range(5, 9)]
        found = compare_all(samples_of(cells)[GROUP], "a")
        assert found["b"].p_value is found["b"].p_holm is None
        assert found["b"].note == f"5 pairs, {FEWEST_PAIRS} needed"
        assert found["b"].difference == 1.0
        assert found["c"].p_holm == found["c"].p_value == pytest.approx(2 / 2**9)

    def test_holm_is_over_the_suite(self) -> None:
        """Three comparisons of p = 2/2⁶ are each 6/2⁶."""
        cells = [record(n, s, utility="abcd".index(n) * s) for s in range(1, 7) for n in "abcd"]
        found = compare_all(samples_of(cells)[GROUP], "a")
        assert [one.p_holm for one in found.values()] == pytest.approx([6 / 64] * 3)

    def test_failures_are_lost_pairs_and_not_silent(self) -> None:
        """A seed one of them did not complete is no pair, whatever utility is left of it."""
        cells = [record(n, s, utility=u) for s in range(7) for n, u in (("a", 1.0), ("b", 2.0))]
        cells[-1].status = "timeout"
        (found,) = compare_all(samples_of(cells)[GROUP], "a").values()
        assert (found.pairs, found.pairs_lost) == (6, 1)

    def test_rounding_is_no_difference(self) -> None:
        """Two exact methods that differ in the last bit are equal on every pair."""
        cells = [
            record(n, s, utility=u) for s in range(6) for n, u in (("a", 0.1 + 0.2), ("b", 0.3))
        ]
        (found,) = compare_all(samples_of(cells)[GROUP], "a").values()
        assert (found.difference, found.ties, found.p_value) == (0.0, 6, 1.0)

    def test_a_seed_of_many_instances_is_one_pair(self) -> None:
        """Instances of a seed are averaged over those both have."""
        cells = [record("a", 0, utility=float(i), instance=i) for i in range(4)]
        cells += [record("b", 0, utility=i + 2.0, instance=i) for i in range(1, 4)]
        (found,) = compare_all(samples_of(cells)[(GROUP[0], "instances", None)], "a").values()
        assert found.pairs == 1
        assert found.difference == pytest.approx(2.0)

    def test_unknown_solver(self) -> None:
        """A solver that no suite has is asked about, with the nearest known."""
        cells = [record("exact"), record("greedy")]
        with pytest.raises(UnknownNameError, match="did you mean greedy"):
            with_comparison(rows_of(cells), samples_of(cells), "gredy")


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
        cells = [record("a", 0, solve_s=(1.0,)), failed("a", 1, solve_s=(0.1,), limit_s=13.0)]
        sample = samples_of(cells)[GROUP]["a"]
        assert mean_time(sample, shift_s=3.0) == (pytest.approx(5.0), 1, "")

    def test_failures_without_a_limit(self) -> None:
        """Without any limit there is no mean, and it says why; one can be given."""
        sample = samples_of([record("a", 0, solve_s=(1.0,)), failed("a", 1)])[GROUP]["a"]
        assert mean_time(sample)[0] is None
        assert "limit" in mean_time(sample).note
        assert mean_time(sample, limit_s=13.0, shift_s=3.0).seconds == pytest.approx(5.0)


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
        profiles = dict(profiles_by_suite(samples_of(cells)))
        assert list(profiles) == ["x", "y", "all suites"]
        assert profiles["all suites"].left_out == 1
        assert profile_of({}).cells == 0

    def test_failures_never_end(self) -> None:
        """A failed cell is not solved within any factor, however little time it took."""
        cells = [record("a", solve_s=(5.0,)), failed("b", solve_s=(0.001,))]
        profile = time_profile(samples_of(cells))
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
        assert ranks(samples_of(cells)[GROUP]) == {"a": 1.5, "b": 1.5, "c": 3.0}

    def test_failures_are_last(self) -> None:
        """Whoever did not complete a seed is behind all who did, whatever the rest is worth."""
        cells = [record(n, s, utility=1.0) for n in "ab" for s in (0, 1)]
        cells += [record("c", 0, utility=99.0), failed("c", 1), failed("d", 0), failed("d", 1)]
        assert ranks(samples_of(cells)[GROUP]) == {"a": 1.5, "b": 1.5, "c": 3.5, "d": 3.5}

    def test_common_seeds_count(self) -> None:
        """A solver run on more seeds is compared on those that all were run on."""
        cells = [record("a", 0, utility=1.0), record("a", 1, utility=-9.0), record("b", 0, 0.5)]
        assert ranks(samples_of(cells)[GROUP]) == {"a": 1.0, "b": 2.0}
        apart = [record("a", 0), record("b", 1)]
        assert ranks(samples_of(apart)[GROUP]) == {}

    def test_mean_rank_says_over_how_many_suites(self) -> None:
        """The mean of the ranks stands with their number, and the rows keep each suite's rank."""
        cells = [record("a", suite="x", utility=2.0), record("b", suite="x", utility=1.0)]
        cells += [record("a", suite="y", utility=1.0), record("b", suite="y", utility=2.0)]
        cells += [record("b", suite="z")]
        found = mean_ranks(ranks_by_suite(samples_of(cells)))
        assert found == {"a": (1.5, 2, 3), "b": (pytest.approx(4 / 3), 3, 3)}
        rows = with_statistics(rows_of(cells), samples_of(cells))
        of_a = [row.statistics for row in rows if row.solver == "a" and row.statistics]
        assert [one.rank for one in of_a] == [1.0, 2.0]
        assert of_a[0].mean_rank_text == "1.5 (2 of 3)"


def test_statistics_of_a_row() -> None:
    """Interval, time and lost seeds of a row are those of its cells; lost ones are said."""
    cells = [record("a", s, utility=float(s), solve_s=(1.0, 3.0)) for s in range(6)]
    cells += [failed("a", 6, limit_s=4.0)]
    (row,) = with_statistics(rows_of(cells), samples_of(cells))
    assert row.statistics is not None
    assert (row.statistics.seeds, row.statistics.seeds_lost) == (6, 1)
    assert (row.statistics.utility_low, row.statistics.utility_high) == bootstrap_interval(
        [float(s) for s in range(6)]
    )
    assert row.statistics.time_s == pytest.approx(4.0)
    assert row.statistics.time_charged == 1
    assert "1 of 7 seeds did not complete; statistics are without them" in row.notes


def test_a_seed_with_a_lost_instance_is_no_sample() -> None:
    """What the other instances of the seed earned is no mean of the same problems."""
    cells = [record("a", 0, instance=0), failed("a", 0, instance=1), record("a", 1, instance=0)]
    (of_suite,) = samples_of(cells).values()
    assert of_suite["a"].by_seed() == {1: 1.0}


def test_instances_without_a_decision_are_no_sample() -> None:
    """Where nothing is feasible, what a solver scores there is nobody's utility."""
    hopeless = record("a", utility=-20.0, status="invalid", reference_status="infeasible")
    assert samples_of([hopeless])[GROUP]["a"].utility == {}


def test_a_failure_costs_its_own_limit_or_what_it_took() -> None:
    """The limit that the store knows goes before the one given; longer than it, what it took."""
    for seconds, expected in ((1.0, 13.0), (20.0, 20.0)):
        lost = failed("a", solve_s=(seconds,), limit_s=13.0)
        found = mean_time(samples_of([lost])[GROUP]["a"], limit_s=99.0)
        assert found.seconds == pytest.approx(expected)


def test_a_seed_that_one_never_ran_is_no_lost_pair() -> None:
    """Lost are pairs that both were to have: not what only one of them was asked for."""
    cells = [record("a", s) for s in range(8)] + [record("b", s) for s in range(8)]
    (found,) = compare_all(samples_of([*cells, failed("b", 9)])[GROUP], "a").values()
    assert found.pairs_lost == 0
