"""Content of the report on a store: summary, suites, figures, failures, versions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from splitbench.problems.errors import InputError
from splitbench.results.figures.episode_figure import episodes_to_draw
from splitbench.results.figures.figures import svg_of, svg_of_day
from splitbench.results.frame import group_title, groups_of
from splitbench.results.report import page
from splitbench.results.rows import Row, row_objects, rows_of
from splitbench.results.statistics.beside_rows import with_statistics
from splitbench.results.tables.error_list import described_errors
from splitbench.results.tables.layout import View, layout

if TYPE_CHECKING:
    from pandas import DataFrame

    from splitbench.results.store.store import Store

#: Figures of each suite, and of all suites together, with their captions.
_OF_SUITE = {
    "gap": "Slot gaps per device: each seed, their mean, and the worst slot.",
    "quality": "Mean gap against median solve time of a slot; below and left is better.",
    "convergence": "Mean utility of the first n seeds: flat where more seeds would change little.",
}
_OF_ALL = {
    "utility": "Mean utility of each suite, with its interval over seeds.",
    "horizon-gap": "Bound of the whole horizon minus mean utility, per device.",
    "performance-profile": "Share of cells that a solver ends within a factor of the fastest.",
    "time": "Scaling: solve time of a slot against the number of devices.",
}
_DAY = (
    "One episode slot by slot: harvest, charge, the price of energy and utility (means over "
    "devices)."
)

Section = tuple[str, str, str]


def report(frame: DataFrame, store: Store, remarks: list[str] | None = None) -> str:
    """Return a self-contained HTML page about these cells of a store.

    Parameters
    ----------
    frame
        The cells, as `frame_of` gives them.
    store
        The store, from which decisions and tracebacks are read.
    remarks
        Remarks on cells that are left out.
    """
    rows = row_objects(with_statistics(rows_of(frame), frame))
    sections: list[Section] = [("summary", "Summary", _summary(frame, rows, remarks or []))]
    for number, (group, cells) in enumerate(groups_of(frame).items()):
        title = group_title(*group)
        of_suite = [row for row in rows if _is_of(row, cells)]
        sections.append((f"suite-{number}-{_slug(title)}", title, _suite(of_suite, cells, store)))
    overall = [_drawn(partial(svg_of, kind, frame), text) for kind, text in _OF_ALL.items()]
    sections.append(("all", "All suites", "\n".join(filter(None, overall))))
    sections.append(("failures", "Failures", _failures(frame, store)))
    sections.append(("machines", "Versions and machines", _machines(frame)))
    return page.page(f"splitbench: {store.path.rsplit('/', 1)[-1]}", sections)


def _summary(frame: DataFrame, rows: list[Row], remarks: list[str]) -> str:
    impossible = [
        f"{row['suite']} {row['solver']}: {row['impossible'][0]}: a gap cannot be negative; do not "
        "use these results"
        for row in rows
        if row["impossible"]
    ]
    written = sorted(text[:19].replace("T", " ") for text in frame["written"] if text)
    pairs: list[tuple[str, object]] = [
        ("cells", f"{len(frame)}, of which {int(frame['failed'].sum())} failed"),
        ("suites", ", ".join(dict.fromkeys(frame["suite"]))),
        ("solvers", ", ".join(dict.fromkeys(frame["solver"]))),
        ("seeds", ", ".join(map(str, sorted(frame["seed"].unique())))),
        ("gaps are against", ", ".join(sorted(set(frame["gap_against"].dropna()))) or "nothing"),
        ("made", f"{written[0]} to {written[-1]} UTC" if written else "unknown"),
        ("solve time", f"{frame['seconds'].sum():.1f} s in all"),
    ]
    text = "".join(page.paragraph(line, "bad") for line in impossible)
    text += page.definitions(pairs)
    return text + "".join(page.paragraph(line, "dim") for line in remarks)


def _suite(rows: list[Row], cells: DataFrame, store: Store) -> str:
    shown = layout(rows, View(wide=True))
    parts = [page.paragraph(shown.title), page.table(shown)]
    parts += [_drawn(partial(svg_of, kind, cells), text) for kind, text in _OF_SUITE.items()]
    if (cells["cells"] == "episodes").all():
        parts.append(_drawn(partial(_day, cells, store), _DAY))
    return "\n".join(filter(None, parts))


def _day(cells: DataFrame, store: Store) -> bytes:
    return svg_of_day(list(store.get(episodes_to_draw(cells)).values()))


def _drawn(draw: Callable[[], bytes], caption: str) -> str:
    """Return a figure; nothing where the cells lack what it shows."""
    try:
        return page.figure(draw(), caption)
    except InputError:
        return ""


def _failures(frame: DataFrame, store: Store) -> str:
    failed = store.get(frame.loc[frame["failed"], "key"])
    found = [page.folded(head, text) for head, text in described_errors(failed.values())]
    return "".join(found) or page.paragraph("No cell failed.")


def _machines(frame: DataFrame) -> str:
    parts = []
    for (machine, versions), cells in frame.groupby(["machine", "versions"], sort=False):
        pairs = [("cells", str(len(cells)))]
        for text in (machine, versions):
            pairs += [(str(name), str(value)) for name, value in json.loads(str(text)).items()]
        parts.append(page.definitions(pairs))
    solvers = frame.groupby("solver", sort=False)["solver_version"].agg(
        lambda of: ", ".join(sorted(set(of)))
    )
    codes = frame.groupby("solver", sort=False)["code"].agg(lambda of: ", ".join(sorted(set(of))))
    lines = [f"{name}: {solvers[name]}; code {codes[name]}" for name in solvers.index]
    formulations = list(dict.fromkeys(frame["formulation"]))
    return (
        "\n".join(parts)
        + "<h3>Solvers</h3>"
        + page.plain_list(lines)
        + "<h3>Formulation of the model</h3>"
        + page.plain_list(formulations)
    )


def _is_of(row: Row, cells: DataFrame) -> bool:
    first = cells.iloc[0]
    slots = None if str(first["slots"]) == "<NA>" else int(first["slots"])
    return (row["suite"], row["cells"], row["slots_asked"]) == (
        first["suite"], first["cells"], slots,
    )  # fmt: skip


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
