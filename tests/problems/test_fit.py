"""Fits of D(k): least squares that no random start beats, checked forms, shipped tables."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.problems.latency.fits.exp2 import exp2, fit_exp2
from splitbench.problems.latency.fits.fit import fit_sweep, preferred_form, refused_forms
from splitbench.problems.latency.fits.shipped_fits import build, load_fits, published_exp2
from splitbench.problems.latency.sweeps import Sweep, load_sweeps, published_sweep
from tests.problems.random_starts import best_of_random_starts, rmse

LONG = [names for names, sweep in load_sweeps().items() if len(sweep.threads) >= 5]


def _sweep(threads: list[int], latency_ms: list[float]) -> Sweep:
    return Sweep("here", "net", np.array(threads), np.array(latency_ms) / 1000)


def _assert_unbeaten(machine: str, model: str, starts: int) -> None:
    sweep = load_sweeps()[machine, model]
    k, y = sweep.threads.astype(np.float64), 1000 * sweep.latency_s
    ours = rmse(k, y, fit_exp2(k, y))
    assert ours <= 1.01 * best_of_random_starts(k, y, starts, seed=7)


@pytest.mark.parametrize(("machine", "model"), LONG)
def test_exp2_is_as_good_as_the_best_of_random_starts(machine: str, model: str) -> None:
    """On every published sweep no fit from fifty random starts is better by more than 1 %."""
    _assert_unbeaten(machine, model, 50)


@pytest.mark.slow
@pytest.mark.parametrize(("machine", "model"), LONG)
def test_exp2_is_as_good_as_the_best_of_a_thousand(machine: str, model: str) -> None:
    """On every published sweep none from a thousand random starts is."""
    _assert_unbeaten(machine, model, 1000)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([[1, 2, 4, 8, 12], [1, 2, 3, 4, 5, 6], [4, 8, 16, 48], [99, 101, 400, 900]]),
    st.lists(st.floats(1e-3, 1e3), min_size=6, max_size=6),
)  # fmt: skip
def test_exp2_is_positive_and_finite_whatever_the_data(counts: list[int], ys: list[float]) -> None:
    """On any positive data D(k) > 0 is finite throughout the range, no worse than a constant."""
    k = np.array(counts, dtype=np.float64)
    y = np.array(ys[: len(k)])
    constants = fit_exp2(k, y)
    between = exp2(np.linspace(k[0], k[-1], 2001), constants)
    assert np.all(np.isfinite(constants))
    assert np.all(np.isfinite(between))
    assert between.min() > 0
    assert rmse(k, y, constants) <= float(np.std(y)) * (1 + 1e-6) + 1e-12


@pytest.mark.parametrize(
    "truth",
    [
        (90.0, -0.8, 15.0, -0.01),
        (5.0, -0.5, 1.0, 0.03),
        (-3.0, -0.4, 9.0, -0.02),
        (8.0, -0.1, -0.02, 0.05),
    ],
)
def test_exp2_recovers_known_constants(truth: tuple[float, ...]) -> None:
    """Data made by Eq. 7 gives its constants back, either sign, in any unit."""
    k = np.array([1.0, 2, 3, 4, 6, 8, 12, 16, 24, 32])
    for unit in (1.0, 1e-3, 1e6):
        expected = np.array(truth) * [unit, 1, unit, 1]
        np.testing.assert_allclose(fit_exp2(k, exp2(k, expected)), expected, rtol=1e-4)


def test_amdahl_recovers_known_constants() -> None:
    """Data made by a + b/k + c·k gives a, b, c back with no error left in or out of sample."""
    k = np.array([1, 2, 4, 8, 16])
    fit = fit_sweep(_sweep(k.tolist(), (5 + 80 / k + 0.3 * k).tolist()), ["amdahl"])[0]
    np.testing.assert_allclose(fit.constants, (0.005, 0.08, 0.0003), rtol=1e-9)
    assert fit.rmse_ms < 1e-9
    assert fit.loo_rmse_ms is not None
    assert fit.loo_rmse_ms < 1e-9


def test_amdahl_stays_positive() -> None:
    """Where the unconstrained a + b/k + c·k would fall below 0, it is bounded instead."""
    sweep = _sweep([1, 2, 4, 8], [100.0, 1.0, 0.5, 90.0])
    columns = np.stack([np.ones(4), 1 / sweep.threads, sweep.threads], axis=1)
    free = np.linalg.lstsq(columns, sweep.latency_s, rcond=None)[0]
    between = np.linspace(1, 8, 50)
    assert np.min(free[0] + free[1] / between + free[2] * between) < 0
    fit = fit_sweep(sweep, ["amdahl"])[0]
    assert np.min(fit.latency_s(between)) > 0


def test_errors_are_recomputed_from_the_curve() -> None:
    """rmse_ms and relative_rmse are those of latency_s at the measured counts, for every form."""
    sweep = load_sweeps()["xeon-8573c", "mobilenet_v2"]
    for fit in fit_sweep(sweep):
        miss = fit.latency_s(sweep.threads) - sweep.latency_s
        rmse_s = float(np.sqrt(np.mean(miss**2)))
        assert fit.rmse_ms == pytest.approx(1000 * rmse_s, rel=1e-9)
        assert fit.relative_rmse == pytest.approx(rmse_s / sweep.latency_s.mean(), rel=1e-9)


def test_leave_one_out_by_hand() -> None:
    """The cross-validated error is that of refits without each inner count, one by one."""
    sweep = load_sweeps()["agx-orin", "vgg16"]
    for fit in fit_sweep(sweep, ["exp2", "amdahl", "table"]):
        misses = []
        for out in (1, 2, 3):
            kept = [i for i in range(5) if i != out]
            part = Sweep("", "", sweep.threads[kept], sweep.latency_s[kept])
            if fit.form == "exp2":  # four counts are refused to a caller
                constants = fit_exp2(part.threads.astype(float), part.latency_s)
                there = float(exp2(np.array(float(sweep.threads[out])), constants))
            else:
                refit = fit_sweep(part, [fit.form])[0]
                there = float(refit.latency_s(sweep.threads[out]))
            misses.append(there - sweep.latency_s[out])
        expected = 1000 * float(np.sqrt(np.mean(np.square(misses))))
        assert fit.loo_rmse_ms == pytest.approx(expected, rel=1e-6)


#: Seconds on 1, 4, 8, 16 and 24 threads, from a public report on whisper.cpp.
U_SHAPED = ([1, 4, 8, 16, 24], [64000.0, 21000.0, 21000.0, 80000.0, 175000.0])


def test_table_is_what_was_measured() -> None:
    """A U-shaped table goes through every measured point, log-log between, and says so."""
    sweep = _sweep(*U_SHAPED)
    table = fit_sweep(sweep, ["table"])[0]
    assert table.latency_s(sweep.threads).tolist() == [64.0, 21.0, 21.0, 80.0, 175.0]
    assert table.rmse_ms == 0
    assert table.latency_s(12) == pytest.approx(21 * (80 / 21) ** (np.log(1.5) / np.log(2)))
    assert "fewer threads are faster at 16, 24" in table.note
    falling = fit_sweep(_sweep([1, 2, 6], [30.0, 20.0, 10.0]), ["table"])[0]
    assert "faster" not in falling.note
    assert falling.latency_s([1, 2, 4, 6]).tolist() == pytest.approx(
        [0.03, 0.02, 0.02 * (4 / 2) ** (np.log(0.5) / np.log(6 / 2)), 0.01]
    )


def test_idle_threads_make_the_running_minimum() -> None:
    """`table[idle=allowed]` is the least of the table at any count up to k, no more optimistic."""
    sweep = _sweep(*U_SHAPED)
    table, idle = fit_sweep(sweep, ["table", "table[idle=allowed]"])
    assert idle.form == "table[idle=allowed]"
    assert idle.latency_s(sweep.threads).tolist() == [64.0, 21.0, 21.0, 21.0, 21.0]
    k = np.linspace(1, 24, 2301)
    np.testing.assert_allclose(
        idle.latency_s(k), np.minimum.accumulate(table.latency_s(k)), rtol=1e-9
    )
    back = fit_sweep(_sweep([1, 2, 4], [10.0, 20.0, 5.0]), ["table[idle=allowed]"])[0]
    assert back.latency_s(2.5) == pytest.approx(0.01)
    assert fit_sweep(sweep, ["table[idle=forbidden]"]) == [table]
    assert "16, 24: the others idle" in idle.note


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ("table[idle=yes]", "forbidden or allowed"),
        ("table[lazy=allowed]", "did you mean idle|unknown parameter 'lazy'"),
        ("exp2[idle=allowed]", "takes no parameters"),
        ("table[idle", "cannot be read"),
    ],
)
def test_bad_parameters_of_a_form_are_refused(form: str, says: str) -> None:
    """A parameter that the form does not have, or a value it does not take, is an input error."""
    with pytest.raises(InputError, match=says):
        fit_sweep(_sweep(*U_SHAPED), [form])


def test_table_refuses_to_extrapolate() -> None:
    """A table asked outside the measured counts is an input error, not a guess."""
    table = fit_sweep(_sweep([2, 4, 8], [30.0, 20.0, 10.0]), ["table"])[0]
    for threads in (1, 9):
        with pytest.raises(InputError, match="expected 2 to 8"):
            table.latency_s(threads)


@pytest.mark.parametrize(
    ("counts", "forms"),
    [
        (1, ["constant"]),
        (2, ["inverse", "table"]),
        (3, ["inverse", "table"]),
        (4, ["amdahl", "table"]),
        (5, ["exp2", "amdahl", "table"]),
    ],
)
def test_few_counts_give_only_what_they_support(counts: int, forms: list[str]) -> None:
    """No form is fitted without a count to check it; what is missing is said, with numbers."""
    k = list(range(1, counts + 1))
    sweep = _sweep(k, [100 / x + 5 for x in k])
    fits = fit_sweep(sweep)
    assert [fit.form for fit in fits] == forms
    refused = refused_forms(sweep)
    assert set(refused) == {"exp2", "amdahl", "inverse", "table", "constant"} - set(forms)
    assert all(f"{counts} thread count" in why for why in refused.values())
    for fit in fits:
        assert ("exp2 (5)" in fit.note) == (counts < 5)
        assert ("amdahl (4)" in fit.note) == (counts < 4)
    assert fit_sweep(sweep, ["exp2"]) == [fit for fit in fits if fit.form == "exp2"]


def test_two_counts_do_not_pass_for_a_perfect_fit() -> None:
    """Two constants through two counts leave no error: the note says so, the table is preferred."""
    fits = fit_sweep(_sweep([1, 4], [100.0, 40.0]))
    inverse = next(fit for fit in fits if fit.form == "inverse")
    assert "nothing is left to check" in inverse.note
    assert inverse.loo_rmse_ms is None
    assert preferred_form(fits).form == "table"


def test_of_equal_forms_the_one_with_fewest_constants_is_preferred() -> None:
    """Where the data cannot tell, the simpler formula stands."""
    sweep = _sweep([1, 2, 3, 4, 6], [30.0, 20.0, 15.0, 12.0, 10.0])
    fits = [replace(fit, loo_rmse_ms=1.0) for fit in fit_sweep(sweep, ["exp2", "amdahl"])]
    assert preferred_form(fits).form == "amdahl"


def test_preferred_form_predicts_best() -> None:
    """The preferred form has the least leave-one-out error; in-sample error does not count."""
    fits = fit_sweep(load_sweeps()["agx-orin", "vgg16"])
    chosen = preferred_form(fits)
    assert chosen.loo_rmse_ms == min(fit.loo_rmse_ms for fit in fits if fit.loo_rmse_ms is not None)
    assert chosen.rmse_ms > min(fit.rmse_ms for fit in fits)
    with pytest.raises(InputError):
        preferred_form([])


def test_unknown_form_is_refused() -> None:
    """A form that does not exist is refused with those that do."""
    with pytest.raises(UnknownNameError, match="exp2"):
        fit_sweep(load_sweeps()["agx-orin", "vgg16"], ["exp3"])


def test_shipped_fits_are_those_of_the_shipped_data() -> None:
    """exp2_fits.json is what fitting the shipped sweeps gives now, all of them."""
    shipped = load_fits()
    fitted = {(fit.machine, fit.model): fit for fit, _ in build(loo=False)}
    assert list(shipped) == list(fitted) == LONG
    for names, fit in fitted.items():
        between = np.arange(fit.threads[0], fit.threads[-1] + 1)
        np.testing.assert_allclose(
            shipped[names].latency_s(between), fit.latency_s(between), rtol=1e-5
        )
        assert shipped[names].rmse_ms == pytest.approx(fit.rmse_ms, rel=1e-6)
        assert shipped[names].threads == fit.threads


@pytest.mark.slow
def test_shipped_leave_one_out_errors() -> None:
    """The cross-validated errors and preferred forms shipped are what the data gives now."""
    import json

    from splitbench.problems.latency.fits.shipped_fits import PATH

    rows = json.loads(PATH.read_text(encoding="utf-8"))["fits"]
    for row, (fit, preferred) in zip(rows, build(), strict=True):
        assert row["loo_rmse_ms"] == pytest.approx(fit.loo_rmse_ms, rel=1e-3)
        assert row["preferred_form"] == preferred


def test_published_exp2_of_derived_models() -> None:
    """ResNet-34's shipped fit is the fit of its derived sweep, scaled and with its note."""
    for model in ("resnet34", "vgg16_bn"):
        sweep = published_sweep("agx-orin", model)
        fit = published_exp2("agx-orin", model)
        miss = fit.latency_s(sweep.threads) - sweep.latency_s
        assert fit.rmse_ms == pytest.approx(1000 * np.sqrt(np.mean(miss**2)), rel=1e-6)
        assert fit.note == sweep.note != ""
        refit = fit_sweep(sweep, ["exp2"], loo=False)[0]
        np.testing.assert_allclose(fit.constants, refit.constants, rtol=1e-4)


def test_published_exp2_refuses_short_sweeps() -> None:
    """A machine with too few thread counts has no shipped fit, and the message says which do."""
    with pytest.raises(InputError, match=r"4 thread counts.*agx-orin"):
        published_exp2("agx-xavier", "vgg16")
    with pytest.raises(UnknownNameError):
        published_exp2("agx-xavier", "vgg17")


def test_shipped_fits_load_without_scipy() -> None:
    """Loading and evaluating a shipped fit imports neither scipy nor pandas."""
    code = (
        "import sys; from splitbench.problems.latency.fits.shipped_fits import published_exp2;"
        "published_exp2('xeon-8573c', 'resnet34').latency_s(8);"
        "sys.exit(bool({'scipy', 'pandas', 'pvlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
