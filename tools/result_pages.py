"""Write the numbers of the reference results into the pages: `python -m tools.result_pages`.

docs/paper.md is generated entirely from `paper_page.md`. In README.md and other pages only the text
between `<!-- begin NAME -->` and `<!-- end -->` is generated. docs/figures/scaling.png is drawn.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from splitbench.benchmark.paper.ddp_forms import JOINT_CRITIC, PRINTED
from splitbench.benchmark.studies.scaling import table
from splitbench.results.figures.figures import save_scaling
from splitbench.results.figures.panels import Paper
from splitbench.results.figures.scaling_figure import load_scaling
from tools.hand_numbers import hand_numbers, known_numbers
from tools.paper_facts import FITTED, OURS, PUBLIC, REFERENCE, ROOT, load, one, verdict
from tools.paper_facts import facts as paper_facts

TEMPLATE = Path(__file__).resolve().parent / "paper_page.md"
PAPER, DDP, README = ROOT / "docs" / "paper.md", ROOT / "docs" / "ddp.md", ROOT / "README.md"
PERFORMANCE, GROWTH = ROOT / "docs" / "performance.md", ROOT / "docs" / "figures" / "scaling.png"
#: Sections on results with text by hand.
_ON_RESULTS = {README: "The paper, reproduced", DDP: "Losses|Two recipes side by side"}
#: Columns of the table of losses: a scheme and whether its mean or its worst training is shown.
_LOSSES = (
    ("best-fixed+exact", "mean"), ("best-fixed+ta", "mean"), ("exact-partition+ta", "mean"),
    ("ddp+ta", "mean"), ("ddp+ta", "worst"), ("ddp-shared+ta", "mean"), ("imitation+ta", "mean"),
)  # fmt: skip


def pages() -> dict[Path, str]:
    """Return the text of each page."""
    return {
        PAPER: TEMPLATE.read_text("utf-8").format_map(paper_facts()),
        README: _filled(README, {"paper": _summary()}),
        DDP: _filled(
            DDP,
            {
                "cliffs": _cliffs(),
                "losses": _losses(),
                "forms": _forms(),
                "differences": _differences(),
                "recipes": _recipes(),
            },
        ),
        PERFORMANCE: _filled(PERFORMANCE, {"scaling": table(load_scaling())}),
    }


def _filled(page: Path, parts: dict[str, str]) -> str:
    text = page.read_text("utf-8")
    for name, content in parts.items():
        pattern = re.compile(rf"(<!-- begin {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        text, count = pattern.subn(lambda found, new=content: f"{found[1]}{new}{found[2]}", text)
        if count != 1:
            raise SystemExit(f"{page}: {count} places for {name}; expected <!-- begin {name} -->")
    return text


def _summary() -> str:
    """Return the README's lines: claimed, then ours on public profiles and on fitted ones."""
    latency, latency_word = _sizes("fig7", "VGG-16's latency below")
    energy, energy_word = _sizes("fig8", "energy below")
    gain = " and ".join(
        f"+{verdict('fig6', f'{reading}, {OURS}', 'utility above dads+ta')['ours'].split(' ')[0]}"
        for reading in (PUBLIC, FITTED)
    )
    best, _ = _overall([verdict("fig6", f"{reading}, {OURS}", "utility above dads+ta")
                        for reading in (PUBLIC, FITTED)])  # fmt: skip
    rises, settles, smaller = (row["verdict"] for row in load("fig5")["verdicts"])
    (linear,), (table,) = load("fig3")["verdicts"], load("table2")["verdicts"]
    most = max(re.findall(r"\d+\.\d+", table["ours"]), key=float)
    both = rises if rises == settles else f"{rises}, {settles}"
    return "\n".join([
        f"- Fig. 7, VGG-16 latency, 1.6/10.5/25.8/37.3 %: {latency}. *{latency_word}.*",
        f"- Fig. 8, energy, 12.7/17.9/27.7/38.5 %: {energy}. *{energy_word}*: Eq. 5",
        "  has no threads, so each pair of the paper contradicts itself.",
        f"- Fig. 6, utility up to +11.5 %: {gain} % over `dads+ta`. *{best}.*",
        f"- Fig. 5: the reward rises and settles (*{both}*); a smaller V earns more (*{smaller}*).",
        f"- Fig. 3, a linear share of layers: *{linear['verdict']}*. Table II, 8.31 times: up to "
        f"{most}. *{table['verdict'].capitalize()}.*",
    ])  # fmt: skip


def _sizes(item: str, claim: str) -> tuple[str, str]:
    """Return the four percentages of each reading, and the word on all eight."""
    rows = [[row for row in load(item)["verdicts"]
             if row["reading"] == f"{reading}, {OURS}" and row["claim"].startswith(claim)]
            for reading in (PUBLIC, FITTED)]  # fmt: skip
    text = " and ".join("/".join(row["ours"].split(" ")[0] for row in own) for own in rows)
    return text, _overall([row for own in rows for row in own])[0]


def _overall(rows: list[dict[str, Any]]) -> tuple[str, set[str]]:
    words = {row["verdict"] for row in rows}
    return (words.copy().pop() if len(words) == 1 else "holds partly").capitalize(), words


def _cliffs() -> str:
    """Return what the figure of utility and Q over one device's action shows."""
    printed, ours = (one(load("ddp")["rows"], form=form) for form in ("as printed", "ddp"))
    best, own = "best utility over this device's action", "utility at the actor's choice"
    error = "root mean square of Q - U"
    fall = f"{printed['deepest fall from']:.1f} to {printed['to']:.1f}".replace("-", "−")
    return f"""\
- *The cliffs.* By Eq. 19 each layer has an interval of one width. Utility over tanh P is a step
  function, and good cuts are narrow steps beside bad ones: on all {printed["layers"]} cuts of
  VGG-16 it falls from {fall} between neighbours.
- *The critic.* A network on tanh P is smooth and passes over the steps: the root mean square of
  Q − U is {printed[error]:.1f}, where that of `ddp` is {ours[error]:.2f}.
- *The actor's output.* Line 14 follows the slope of that smooth curve, here to one end
  ({printed[own]:.2f}, where the best cut reaches {printed[best]:.2f} as the others stand; `ddp`
  reaches {ours[own]:.2f})."""


def _losses() -> str:
    """Return the losses of the schemes on each suite, and of the forms of `ddp`."""
    rows = load("learned")["rows"]
    lines = [
        "| suite | best constant, exact threads | the same, TA | exact cuts, TA | "
        "`ddp+ta`, mean of its trainings | worst | `ddp-shared+ta` | `imitation+ta` |",
        "|---" * 8 + "|",
    ]
    for suite in dict.fromkeys(row["suite"] for row in rows):
        own = {row["scheme"]: row for row in rows if row["suite"] == suite}
        cells = [_loss(own.get(scheme), which) for scheme, which in _LOSSES]
        lines.append(f"| `{suite}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _forms() -> str:
    """Return the losses of `ddp` and its forms on the suites that they were tried on."""
    rows = [row for row in load("learned")["rows"] if row["scheme"].startswith("ddp")]
    short = {f"{PRINTED}+ta": "`PRINTED`", f"{JOINT_CRITIC}+ta": "`JOINT_CRITIC`"}
    schemes = dict.fromkeys(row["scheme"] for row in rows if not row["scheme"].startswith("ddp-"))
    suites = [suite for suite in dict.fromkeys(row["suite"] for row in rows)
              if any(row["suite"] == suite and row["scheme"] in short for row in rows)]  # fmt: skip
    lines = ["| form of `ddp` | " + " | ".join(f"`{suite}`" for suite in suites) + " |"]
    lines.append("|---" * (len(suites) + 1) + "|")
    for scheme in schemes:
        known = {row["suite"]: row for row in rows if row["scheme"] == scheme}
        cells = [_loss(known.get(suite), "mean") for suite in suites]
        name = short.get(scheme, f"`{scheme.removesuffix('+ta')}`")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _loss(row: dict[str, Any] | None, which: str) -> str:
    if row is None or (which == "worst" and row["trainings"] == 1):
        return "–"
    value = row[f"{which} loss %"]
    return f"{value:.2f}" if abs(value) >= 0.005 or value == 0 else f"{value:.4f}"


def _recipes() -> str:
    """Return the two recipes and their forms: a row each, a column a suite."""
    rows = load("recipes")["rows"]
    suites = list(dict.fromkeys(row["suite"] for row in rows))
    lines = ["| form | " + " | ".join(f"`{suite}`" for suite in suites) + " |"]
    lines.append("|---" * (len(suites) + 1) + "|")
    for form in dict.fromkeys(row["form"] for row in rows):
        known = {row["suite"] for row in rows if row["form"] == form}
        cells = [_cell(one(rows, form=form, suite=suite)) if suite in known else "–"
                 for suite in suites]  # fmt: skip
        lines.append(f"| {form} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(row: dict[str, Any]) -> str:
    """Return the loss; of several trainings the worst, and that of the one a restart would keep."""
    loss = f"{row['worst loss %']:.2f}"
    several = row["trainings"] > 1
    return f"{loss} ({row['trainings']}; {row['selected loss %']:.2f})" if several else loss


def _differences() -> str:
    """Return how far trainings of `ddp` are apart, how far its loss is from TA's, and times."""
    several = [row for row in load("recipes")["rows"] if row["trainings"] > 1]
    apart = max(row["worst loss %"] - row["least loss %"] for row in several)
    rows = load("learned")["rows"]
    beyond = max(
        abs(one(rows, suite=suite, scheme="ddp+ta")["mean loss %"]
            - one(rows, suite=suite, scheme="exact-partition+ta")["mean loss %"])
        for suite in {row["suite"] for row in rows if row["suite"].startswith("paper-")}
    )  # fmt: skip
    seconds = {name: [row["training s"] for row in load("recipes")["rows"]
                      if row["scheme"] == f"{scheme}+ta"]
               for name, scheme in (("ddp", "ddp"), ("joint", JOINT_CRITIC))}  # fmt: skip
    ours, joint = (f"{min(times):.0f} to {max(times):.0f} s" for times in seconds.values())
    return f"""\
Trainings of `ddp` that differ in the seed alone are {apart:.2f} percentage points apart at most. On
the paper's and the calibrated suites its loss is that of TA with the exact cuts, within
{beyond:.2f} points. A training of `ddp` took {ours}, one of `JOINT_CRITIC` {joint}, by
the clock, while other work shared the two cores."""


def left_behind() -> dict[Path, list[str]]:
    """Return the numbers that each page states by hand and that no reference result has."""
    known = known_numbers([path for kind in ("json", "md", "csv")
                           for path in REFERENCE.rglob(f"*.{kind}")])  # fmt: skip
    by_hand = {PAPER: TEMPLATE.read_text("utf-8")}
    for page, heading in _ON_RESULTS.items():
        pattern = rf"^## (?:{heading})\n(.*?)(?=^## )"
        sections = re.findall(pattern, page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        if len(sections) != len(heading.split("|")):
            raise SystemExit(f"{page}: expected the sections {heading}")
        by_hand[page] = "".join(sections)
    return {page: [number for number in hand_numbers(text) if number not in known]
            for page, text in by_hand.items()}  # fmt: skip


def main() -> None:
    """Write the pages, draw the figure, and name the numbers that the results left behind."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    save_scaling(GROWTH, Paper.TWO_COLUMNS)
    for path, numbers in left_behind().items():
        if numbers:
            print(f"{path.name}: stated by hand and in no result: {', '.join(numbers)}")


if __name__ == "__main__":
    main()
