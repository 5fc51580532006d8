"""One DNN as measured on one machine: the whole over threads, and each split."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from splitbench.problems.arrays import Floats, Mask
from splitbench.problems.errors import InputError
from splitbench.problems.latency.fits.forms import IDLE_TABLE, log_log_s
from splitbench.problems.latency.sweeps import Sweep
from splitbench.problems.networks.virtual_layers import VirtualLayers
from splitbench.problems.thread_curves import Exp2Curve, TableCurve, ThreadCurve

if TYPE_CHECKING:
    from splitbench.problems.latency.fits.fit import CurveFit


#: Thread counts up to which a formula other than Eq. 7 is tabulated.
EXTRAPOLATED_TO = 64


@dataclass(frozen=True, eq=False)
class Band:
    """Medians in seconds with the ends of their intervals; three arrays of one shape."""

    median_s: Floats
    low_s: Floats
    high_s: Floats

    def overlaps(self, other: Band) -> Mask:
        """Say where two measurements of the same thing agree within their intervals."""
        meet: Mask = (self.low_s <= other.high_s) & (other.low_s <= self.high_s)
        return meet


@dataclass(frozen=True, eq=False)
class ThreadRun:
    """A DNN on so many threads: whole (shape ()), prefixes and suffixes at l = 0..S (S + 1)."""

    threads: int
    whole: Band
    prefix: Band
    suffix: Band

    @property
    def prefix_share(self) -> Floats:
        """Share of the latency in layers 1..l, l = 0..S, from 0 to 1 and never falling."""
        share = _monotone(self.prefix.median_s / self.prefix.median_s[-1])
        share[0], share[-1] = 0.0, 1.0
        return share

    @property
    def suffix_share(self) -> Floats:
        """Share of the latency in layers l+1..S, l = 0..S, from 1 to 0 and never rising.

        Observation 2 says 1 − l/S of it.
        """
        share = 1.0 - _monotone(1.0 - self.suffix.median_s / self.suffix.median_s[0])
        share[0], share[-1] = 1.0, 0.0
        return share


@dataclass(frozen=True, eq=False)
class MeasuredDnn:
    """All that a profile file has of one DNN; `runs` by ascending thread count."""

    dnn: str
    machine: str
    cores: int
    layers: VirtualLayers
    runs: tuple[ThreadRun, ...]

    def run(self, threads: int) -> ThreadRun:
        """Return the run on so many threads.

        Raises
        ------
        InputError
            That count was not measured.
        """
        for run in self.runs:
            if run.threads == threads:
                return run
        measured = ", ".join(str(run.threads) for run in self.runs)
        raise InputError(
            f"{self.dnn} on {self.machine}: got {threads} threads; "
            f"expected a measured count, {measured}"
        )

    @property
    def split_run(self) -> ThreadRun:
        """The run whose splits are used for all: the largest count with a core for each thread."""
        return max(
            (run for run in self.runs if run.threads <= self.cores),
            key=lambda run: run.threads,
            default=self.runs[0],
        )

    def sweep(self) -> Sweep:
        """Return whole-DNN latency over threads."""
        return Sweep(
            self.machine, self.dnn,
            np.array([run.threads for run in self.runs], dtype=np.int64),
            np.array([float(run.whole.median_s) for run in self.runs]),
            source="profile file", note=self._oversubscribed(),
        )  # fmt: skip

    def curve(self, kind: str = "exp2", scale: float = 1.0) -> tuple[ThreadCurve, str]:
        """Return D(k), `scale` times slower than measured, and what it is in words.

        `table` is what was measured, interpolated on log-log axes between the counts, and ends at
        the last; `table[idle=allowed]` is its running minimum. `exp2` is Eq. 7 where five thread
        counts or more were measured; else the form
        that the counts support (a + b/k + c·k through four, a + b/k through two or three), written
        out for k ≤ `EXTRAPOLATED_TO`. A formula is not extrapolated where it becomes implausible.
        Before the first count, and behind the last one if it falls faster than threads are added or
        rises above twice its largest value between the counts, D(k) is held at that count's value.

        Raises
        ------
        InputError
            An unknown kind; a single thread count, which supports no curve.
        """
        sweep = self.sweep()
        if len(sweep.threads) == 1:
            raise InputError(
                f"{self.dnn} on {self.machine}: measured at {sweep.threads[0]} threads only; "
                "expected two thread counts or more for D(k) (splitbench profile --threads 1,2)"
            )
        if kind in ("table", IDLE_TABLE):
            values = scale * interpolated_s(sweep, kind)
            return TableCurve(tuple(values.tolist())), f"{kind} to {sweep.threads[-1]} threads"
        if kind != "exp2":
            raise InputError(f"curve: got {kind!r}; expected exp2, table or {IDLE_TABLE}")
        return self._fitted_curve(scale)

    @cached_property
    def fit(self) -> CurveFit:
        """Eq. 7, which the model asks for, or the form that fewer than five counts support.

        Leave-one-out errors are not compared here; `splitbench fit` reports them.
        """
        from splitbench.problems.latency.fits.fit import fit_sweep

        sweep = self.sweep()
        counts = len(sweep.threads)
        form = "exp2" if counts >= 5 else "amdahl" if counts == 4 else "inverse"
        return fit_sweep(sweep, [form if counts > 1 else "constant"], loo=False)[0]

    def _fitted_curve(self, scale: float) -> tuple[ThreadCurve, str]:
        fit, counts = self.fit, len(self.runs)
        first, last = self.runs[0].threads, self.runs[-1].threads
        table = scale * fit.latency_s(np.arange(1, max(EXTRAPOLATED_TO, last) + 1))
        words = f"Eq. 7 through {counts} counts"
        if fit.form != "exp2":
            words = f"{counts} thread counts are too few for Eq. 7: {fit.form} through them"
        runs_away = _runs_away(table, first, last)
        if fit.form == "exp2" and first == 1 and not runs_away:
            c0, c1, c2, c3 = fit.constants
            curve = Exp2Curve(scale * c0, c1, scale * c2, c3)
            return curve, f"{words}, beyond {last} extrapolated"
        table[: first - 1] = table[first - 1]
        if runs_away:
            table[last:] = table[last - 1]
        before = f", held constant below {first}" if first > 1 else ""
        beyond = f"held constant beyond {last}" if runs_away else f"beyond {last} extrapolated"
        return TableCurve(tuple(table.tolist())), f"{words}{before}, {beyond}"

    def _oversubscribed(self) -> str:
        more = [str(run.threads) for run in self.runs if run.threads > self.cores]
        return f"more threads than the {self.cores} cores at {', '.join(more)}" if more else ""


def _runs_away(table_s: Floats, first: int, last: int) -> bool:
    """Whether D(k) is implausible beyond the last measured count.

    More threads would save more than their share of the work, or D(k) would exceed twice the
    largest value between the measured counts.
    """
    k = np.arange(last + 1, len(table_s) + 1)
    ideal, most = table_s[last - 1] * last / k, 2 * table_s[first - 1 : last].max()
    beyond = table_s[last:]
    return not bool(np.all((beyond >= ideal) & (beyond <= most)))


def interpolated_s(sweep: Sweep, kind: str = "table") -> Floats:
    """Return D(1), D(2), … of a sweep in seconds, log-log interpolated, as measured at its counts.

    Below the first count D is taken as at the first. `table[idle=allowed]` is the running minimum.
    """
    k = np.arange(1, int(sweep.threads[-1]) + 1)
    table = log_log_s(k, sweep.threads, sweep.latency_s)
    return np.minimum.accumulate(table) if kind == IDLE_TABLE else table


def _monotone(values: Floats) -> Floats:
    """Make a noisy curve rise: the mean of its monotone upper and lower envelopes."""
    above = np.maximum.accumulate(values)
    below = np.minimum.accumulate(values[::-1])[::-1]
    level: Floats = np.clip((above + below) / 2, 0.0, 1.0)
    return level
