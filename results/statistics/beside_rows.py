"""Add statistics to the rows of a table: intervals, mean times, ranks, paired comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from splitbench.problems.errors import UnknownNameError
from splitbench.results.frame import groups_of
from splitbench.results.statistics.inference import (
    FEWEST_PAIRS,
    LEVEL,
    SHIFT_S,
    bootstrap_interval,
    holm,
    shifted_geometric_mean,
    wilcoxon,
)
from splitbench.results.statistics.seeds import (
    by_seed,
    ranks,
    seeds_of,
    utilities,
    with_repetitions,
)
from splitbench.results.store.record import same

if TYPE_CHECKING:
    from pandas import DataFrame, Series

_COUNTS = ("seeds", "seeds_lost", "time_charged", "rank_suites", "suites")
_PAIR_COUNTS = ("pairs", "pairs_lost", "wins", "ties", "losses")
NO_LIMIT = "no mean time: failures without a time limit to charge"


def with_statistics(rows: DataFrame, frame: DataFrame, limit_s: float | None = None) -> DataFrame:
    """Return rows with columns `statistics_…`, made from the cells the rows were made of.

    - `utility_low`, `utility_high`, `level`: bootstrap interval of the mean utility over `seeds`
      seeds (or files, see `with_repetitions`); missing with too few. `seeds_lost`: seeds with a
      cell that did not finish.
    - `time_s`, `time_shift_s`, `time_charged`: shifted geometric mean of the seconds per cell, its
    shift, the number of cells charged their limit.
    - `rank` in this suite (1 is best), and `mean_rank` over the `rank_suites` of `suites` suites
      that the solver was run on.

    Parameters
    ----------
    limit_s
        Time limit charged to failures for which the store has none.
    """
    found: dict[Any, dict[str, Any]] = {}
    in_suites: dict[str, list[float]] = {}
    tables = groups_of(with_repetitions(frame))
    for group, table in tables.items():
        lost, rank = seeds_of(table[~table["finished"]]), ranks(table)
        for name, cells in table.groupby("solver", sort=False):
            seeds = by_seed(utilities(cells))[name].dropna()
            found[group, name] = _statistics(seeds, cells, limit_s) | {
                "seeds_lost": len(lost.get(str(name), ())),
                "rank": rank.get(name),
            }
            if name in rank:
                in_suites.setdefault(str(name), []).append(rank[name])
    for (_, name), one in found.items():
        over = in_suites.get(name, [])
        one["mean_rank"] = float(np.mean(over)) if over else None
        one["rank_suites"], one["suites"] = len(over), len(tables)
    rows = _beside(rows, "statistics", found, _COUNTS)
    without = rows["statistics_time_s"].isna()
    rows["notes"] = [[*of, *[NO_LIMIT] * no] for of, no in zip(rows["notes"], without, strict=True)]
    return rows


def with_comparison(rows: DataFrame, frame: DataFrame, against: str) -> DataFrame:
    """Return rows with columns `comparison_…`: each solver against one, paired by seed or file.

    - `difference`, `low`, `high`: mean of U(solver) − U(against) over `pairs` seeds, its 95 %
      bootstrap interval; `pairs_lost`: seeds both ran of which one has no utility.
    - `wins`, `ties`, `losses`: pairs in which the solver is better, the same to 1e-9, worse.
    - `p_value`, `p_holm`: Wilcoxon signed-rank, two-sided; corrected (Holm) for the comparisons of
      the suite. Missing with too few pairs; `note` says so.

    Rows of `against` itself, and of suites it was not run on, get no values.

    Raises
    ------
    UnknownNameError
        No suite has that solver.
    """
    if not (frame["solver"] == against).any():
        raise UnknownNameError("solver in this store", against, set(frame["solver"]))
    found: dict[Any, dict[str, Any]] = {}
    for group, table in groups_of(with_repetitions(frame)).items():
        solvers = list(dict.fromkeys(table["solver"]))
        if against not in solvers:
            continue
        places, ran = utilities(table), seeds_of(table)
        silent = seeds_of(table[table["counted"] & table["utility_mean"].isna()])
        of_suite = {
            name: _comparison(
                places[[name, against]],
                (silent.get(name, set()) | silent.get(against, set())) & ran[name] & ran[against],
                against,
            )
            for name in solvers
            if name != against
        }
        tested = [name for name, one in of_suite.items() if one["p_value"] is not None]
        corrected = holm([of_suite[name]["p_value"] for name in tested])
        for name, value in zip(tested, corrected, strict=True):
            of_suite[name]["p_holm"] = value
        found |= {(group, name): one for name, one in of_suite.items()}
    return _beside(rows, "comparison", found, _PAIR_COUNTS)


def _statistics(seeds: Series[float], cells: DataFrame, limit_s: float | None) -> dict[str, Any]:
    interval = bootstrap_interval(seeds.to_list())
    lost = ~cells["finished"]
    limits = cells["limit_s"].fillna(np.nan if limit_s is None else limit_s)
    times = cells["seconds"].where(~lost, np.maximum(limits, cells["seconds"]))
    known = not limits[lost].isna().any()
    return {
        "utility_low": interval.low,
        "utility_high": interval.high,
        "level": LEVEL,
        "seeds": len(seeds),
        "time_s": shifted_geometric_mean(times.to_list()) if known else None,
        "time_shift_s": SHIFT_S,
        "time_charged": int(lost.sum()),
    }


def _comparison(places: DataFrame, lost: set[int], against: str) -> dict[str, Any]:
    """Compare the two columns of `places`; a seed of several instances counts once."""
    both = places[places.notna().all(axis=1)]
    means = by_seed(both[~both.index.get_level_values(0).isin(lost)])
    signed = [0.0 if same(a, b) else a - b for a, b in means.itertuples(index=False, name=None)]
    interval = bootstrap_interval(signed)
    enough = len(signed) >= FEWEST_PAIRS
    count = f"{len(signed)} pair{'s' * (len(signed) != 1)}"
    return {
        "against": against,
        "difference": float(np.mean(signed)) if signed else None,
        "low": interval.low,
        "high": interval.high,
        "pairs": len(signed),
        "pairs_lost": len(lost),
        "wins": sum(value > 0 for value in signed),
        "ties": sum(value == 0 for value in signed),
        "losses": sum(value < 0 for value in signed),
        "p_value": wilcoxon(signed) if enough else None,
        "p_holm": None,
        "note": "" if enough else f"{count}, {FEWEST_PAIRS} needed",
    }


def _beside(
    rows: DataFrame, prefix: str, found: dict[Any, dict[str, Any]], counts: tuple[str, ...]
) -> DataFrame:
    """Join what was found for (group, solver) to the rows, as columns with a prefix."""
    import pandas

    groups = zip(rows["suite"], rows["cells"], rows["slots_asked"], strict=True)
    keys = [(group, name) for group, name in zip(groups, rows["solver"], strict=True)]
    added = pandas.DataFrame([found.get(key, {}) for key in keys], index=rows.index)
    added = added.astype({name: "Int64" for name in counts if name in added})
    return rows.join(added.add_prefix(f"{prefix}_"))
