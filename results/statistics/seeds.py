"""Utilities by seed: seeds are the repetitions, since slots of an episode are dependent.

A file poses the same problem for every seed. There the files are the repetitions: seeds repeat
only the solver's own draws, and are averaged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from splitbench.problems.suites.library import PREFIX as LIBRARY
from splitbench.results.store.record import FILE, TOLERANCE, CellKey

if TYPE_CHECKING:
    from pandas import DataFrame, Series

#: The instance index of a cell that is an episode.
EPISODE = -1


def is_of_file(key: CellKey) -> bool:
    """Whether a cell's problem is in a file, the same for every seed."""
    return key.suite.startswith((FILE, LIBRARY))


def with_repetitions(frame: DataFrame) -> DataFrame:
    """Return cells with the number of their repetition as `seed`.

    That is the seed or, where the cells are of files, the number of the file (0 for a horizon), and
    `instance` is then the seed.
    """
    of_file = frame["key"].map(is_of_file).astype(bool)
    if not of_file.any():
        return frame
    seed, file = frame["seed"], frame["instance"].fillna(0)
    return frame.assign(seed=seed.mask(of_file, file), instance=file.mask(of_file, seed))


def utilities(table: DataFrame) -> DataFrame:
    """Return the utilities of one table's cells: rows (seed, instance), one column per solver.

    Cells that do not count have no row. NaN: not run, or without a utility.
    """
    cells = table[table["counted"]]
    place = [cells["seed"], cells["instance"].fillna(EPISODE).astype("int64")]
    named = cells.assign(place_seed=place[0], place_instance=place[1])
    solvers = list(dict.fromkeys(table["solver"]))
    return named.pivot(
        index=["place_seed", "place_instance"], columns="solver", values="utility_mean"
    ).reindex(columns=solvers)


def by_seed(places: DataFrame) -> DataFrame:
    """Average each solver's utilities over instances by seed; NaN where one is missing."""
    seeds = places.groupby(level=0)
    return seeds.mean().where(seeds.count().eq(seeds.size(), axis=0))


def seeds_of(cells: DataFrame) -> dict[str, set[int]]:
    """Return the seeds of each solver that has one among `cells`."""
    return {str(name): set(of) for name, of in cells.groupby("solver")["seed"]}


def ranks(table: DataFrame) -> Series[float]:
    """Rank the solvers of one table by mean utility over the seeds that all of them ran; 1 is best.

    Ties (to 1e-9) share the mean of their places. Solvers that did not complete one of those
    seeds share the last places.
    """
    import pandas

    solvers = list(dict.fromkeys(table["solver"]))
    seeds = set.intersection(*(set(of) for _, of in table.groupby("solver")["seed"]))
    if not seeds:
        return pandas.Series(dtype="float64")
    shared = table[table["seed"].isin(seeds)]
    ended = shared.groupby("solver")["finished"].all()
    complete = [name for name in solvers if ended[name]]
    # An instance on which a finished solver has no utility counts for no solver.
    places = utilities(shared)[complete].dropna()
    if not complete or set(places.index.get_level_values(0)) != seeds:
        return pandas.Series((len(solvers) + 1) / 2, index=solvers)
    means = by_seed(places).mean().sort_values(ascending=False, kind="stable")
    steps = -means.diff().fillna(0.0) > TOLERANCE * means.abs().clip(lower=1.0)
    found = steps.cumsum().rank(method="average")
    last = len(complete) + (len(solvers) - len(complete) + 1) / 2
    return found.reindex(solvers).fillna(last)
