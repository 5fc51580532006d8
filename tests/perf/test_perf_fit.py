"""Seconds of an Eq. 7 fit, sweep by sweep, beside a thousand random starts: `make perf`.

Every published sweep of five or more thread counts. No time is asserted.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
import pytest

from splitbench.problems.latency.fits.exp2 import fit_exp2
from splitbench.problems.latency.fits.fit import fit_sweep
from splitbench.problems.latency.sweeps import load_sweeps
from tests.problems.random_starts import best_of_random_starts

pytestmark = pytest.mark.perf

LONG = {names: sweep for names, sweep in load_sweeps().items() if len(sweep.threads) >= 5}
STARTS = 100  # a tenth of them is timed and scaled


@pytest.mark.parametrize("names", LONG, ids="/".join)
def test_one_fit_beside_a_thousand_random_starts(names: tuple[str, str], benchmark: Any) -> None:
    """Ours as it is called; `left one out` refits it once for each inner count as well."""
    sweep = LONG[names]
    k, y = sweep.threads.astype(np.float64), 1000 * sweep.latency_s
    benchmark.pedantic(fit_exp2, (k, y), rounds=5, warmup_rounds=1)
    ours_s = benchmark.stats.stats.median
    start = perf_counter()
    fit_sweep(sweep, ["exp2"])
    checked_s = perf_counter() - start
    start = perf_counter()
    best_of_random_starts(k, y, STARTS, seed=0)
    theirs_s = (perf_counter() - start) * 1000 / STARTS
    benchmark.extra_info |= {"checked_s": checked_s, "random_s": theirs_s}
    print(
        f"\n{' '.join(names)}: {1e3 * ours_s:.0f} ms, left one out {1e3 * checked_s:.0f} ms; "
        f"a thousand random starts {theirs_s:.1f} s, {theirs_s / ours_s:.0f} times as long"
    )
