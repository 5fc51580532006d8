"""Numbers and short phrases for docs/paper.md, each read from a file in results/reference/paper.

`facts()` has them by name, for the template `tools/paper_page.md`. Where the page's prose says more
than a number (which switches a claim falls with), `_expect` stops the writing if the results say
otherwise: then the prose has to be rewritten.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "results" / "reference"
PUBLIC, FITTED = "public profiles", "fitted to the paper"
OURS, OPTIMUM = "ddp+ta", "exact"
CLAIMED_VGG = ("dads+ta", "dads+bs", "eo+ta", "eo+bs")

Row = dict[str, Any]


def load(item: str) -> dict[str, Any]:
    """Return the stored result of an item of `splitbench paper`."""
    found: dict[str, Any] = json.loads((REFERENCE / "paper" / f"{item}.json").read_text("utf-8"))
    return found


def one(rows: Iterable[Row], **wanted: object) -> Row:
    """Return the only row with these values; `_` in a name stands for a space."""
    named = {name.replace("_", " "): value for name, value in wanted.items()}
    (found,) = [row for row in rows if all(row[name] == value for name, value in named.items())]
    return found


def verdict(item: str, reading: str, claim: str) -> Row:
    """Return the verdict on the claim that begins so."""
    (found,) = [
        row
        for row in load(item)["verdicts"]
        if row["reading"] == reading and row["claim"].startswith(claim)
    ]
    return found


def facts() -> dict[str, str]:
    """Return every fact of the page by name."""
    parts: tuple[Callable[[], dict[str, str]], ...] = (
        _figures, _sensitivity, _calibration, _halves, _switches, _maps, _queue, _fig5, _tables,
    )  # fmt: skip
    return {name: text for part in parts for name, text in part().items()}


def _expect(holds: bool, prose: str) -> None:
    if not holds:
        raise SystemExit(
            f"tools/paper_page.md says: {prose}. The results say otherwise: rewrite it"
        )


def _size(ours: str) -> str:
    """Return `4.4 % (3.2 to 5.6)` of `4.4 (3.2 to 5.6) %`."""
    return re.sub(r"^(\S+) (\(.*\)) %$", r"\1 % \2", ours)


def _least(row: Row) -> str:
    """Return by how much the worst point of a ranking is behind: `1.8` of `…; least -1.8 (…) %`."""
    found = re.search(r"least -(\S+)", row["ours"])
    return found[1] if found else "0.0"


def _judged(row: Row) -> str:
    low, high = _interval(row["ours"])
    if row["verdict"] == "does not hold" and high - low > 1000:
        return "**does not hold**: no percentage, U of edge-only is near 0"
    return f"**{row['verdict']}**: {_size(row['ours'].partition(';')[0])}"


def _interval(ours: str) -> tuple[float, float]:
    found = re.fullmatch(r"\S+ \((\S+) to (\S+)\) %", ours)
    return (float(found[1]), float(found[2])) if found else (0.0, 0.0)


def _figures() -> dict[str, str]:
    lines = ["| figure | claim | public profiles | fitted to the paper |", "|---|---|---|---|"]
    for item in ("fig6", "fig7", "fig8"):
        for row in load(item)["verdicts"]:
            if row["reading"] != f"{PUBLIC}, {OURS}":
                continue
            fitted = verdict(item, f"{FITTED}, {OURS}", row["claim"])
            claim = row["claim"] + (f" {row['claimed']}" if row["claimed"].endswith("%") else "")
            link = f"[Fig. {item[3]}](../results/reference/paper/{item}.md)"
            ours, other = _judged(row), _judged(fitted)
            lines.append(
                f"| {link} | {claim} | {ours} | {'the same' if other == ours else other} |"
            )
    order = {one: verdict("fig7", f"{FITTED}, {one}", "least latency") for one in (OPTIMUM, OURS)}
    _expect(
        len({row["at"] for row in order.values()}) == 1, "exact and ddp+ta are last at one point"
    )
    alone = "utility above dads+ta"
    best = {
        name: verdict("fig6", f"{reading}, {scheme}", alone)
        for name, reading, scheme in (
            ("public", PUBLIC, OPTIMUM), ("fitted", FITTED, OPTIMUM), ("ddp", FITTED, OURS),
        )
    }  # fmt: skip
    rows = load("fig6")["rows"]
    return {
        "verdicts": "\n".join(lines),
        "latency_lost_at": order[OURS]["at"],
        "latency_lost_exact": _least(order[OPTIMUM]),
        "latency_lost_ddp": _least(order[OURS]),
        "lead_public": _size(best["public"]["ours"]),
        "lead_public_at": best["public"]["at"],
        "lead_fitted": _size(best["fitted"]["ours"]),
        "lead_fitted_at": best["fitted"]["at"],
        "lead_ddp": best["ddp"]["ours"].split(" ")[0],
        "ddp_counts": join_and(sorted({row["N"] for row in rows if row["scheme"] == OURS})),
        "near_wifi": _behind(rows, "paper-wifi[devices=3]"),
        "near_5g": _behind(rows, "paper-5g[devices=3]"),
    } | {
        f"gap_{scheme.partition('+')[0]}": " and ".join(
            f"{one(rows, suite=f'{suite}[devices=7]', scheme=scheme)['horizon gap/N']:.3f}"
            for suite in ("paper-5g", "paper-calibrated-5g")
        )
        for scheme in ("dads+ta", OPTIMUM, "lookahead")
    }


def _behind(rows: list[Row], suite: str) -> str:
    """Return by how many percent dads+ta earns less than the optimum."""
    best, rival = (one(rows, suite=suite, scheme=name)["U/N"] for name in (OPTIMUM, "dads+ta"))
    return f"{100 * (best - rival) / best:.2g}"


def join_and(parts: Iterable[object]) -> str:
    """Return `a, b and c`."""
    *first, last = map(str, parts)
    return f"{', '.join(first)} and {last}" if first else last


def _sensitivity() -> dict[str, str]:
    rows = load("sensitivity")["rows"]
    shown = {
        "as shipped": "as shipped",
        "D_loc of VGG-16 × 0.8": "VGG-16's device latency × 0.8",
        "D_loc of VGG-16 × 1.2": "VGG-16's device latency × 1.2",
        "server's level, D(1) × 0.8": "server's level × 0.8",
        "server's level, D(1) × 1.2": "server's level × 1.2",
    }
    lines = []
    for change, words in shown.items():
        row = one(rows, change=change)
        vgg = ", ".join(row[f"VGG below {rival}"].split(" ")[0] for rival in CLAIMED_VGG)
        energy = {half: {row[f"energy below {half}+{threads}"] for threads in ("ta", "bs")}
                  for half in ("dads", "eo")}  # fmt: skip
        _expect(all(len(same) == 1 for same in energy.values()), "X+TA and X+BS draw the same")
        both = ", ".join(same.pop().split(" ")[0] for same in energy.values())
        lines.append(f"| {words} | {vgg} % | {both} % |")
    level = sorted(float(row["VGG below dads+ta"].split(" ")[0]) for row in rows
                   if row["change"].startswith("server's level"))  # fmt: skip
    return {
        "sensitivity": "\n".join(lines),
        "level_low": f"{level[0]}",
        "level_high": f"{level[-1]}",
    }


def _calibration() -> dict[str, str]:
    path = ROOT / "problems" / "data" / "profiles" / "paper-calibration.json"
    kept = json.loads(path.read_text("utf-8"))
    errors = one(kept["numbers"], **{"number,_%": "root mean square error, points"})
    slower = kept["found"]["D_loc ResNet-34, s"] / kept["shipped"]["D_loc ResNet-34, s"]
    shipped = kept["shipped"]
    return {
        "found_rmse": f"{errors['found, held out']:.1f}",
        "shipped_rmse": f"{errors['shipped, held out']:.1f}",
        "found_slower": f"{slower:.1f}",
        "shipped_devices": join_and(
            shipped[f"D_loc {dnn}, s"] for dnn in ("VGG-16", "ResNet-34", "MobileNet-V2")
        ),
        "shipped_server": f"{shipped['D(1) VGG-16, s']:.2f}",
        "shipped_serial": f"{100 * shipped['serial share']:.1f}",
    }


def _halves() -> dict[str, str]:
    rows = [row for row in load("halves")["rows"] if row["quantity"] == "U/N"]
    edge = [row["partition's %"] for row in rows if row["scheme"].startswith("eo")]

    def threads(suite: str, scheme: str) -> str:
        return f"{100 - one(rows, suite=suite, scheme=scheme)['partition' + chr(39) + 's %']:.0f}"

    def both(suite: str) -> str:
        return " and ".join(threads(suite, scheme) for scheme in ("dads+ta", "dads+bs"))

    ours = sorted({threads(suite, OURS) for suite in ("paper-5g", "paper-calibrated-5g")})
    return {
        "edge_partition": f"{min(edge):.0f} to {max(edge):.1f}",
        "threads_public": both("paper-5g"),
        "threads_fitted": both("paper-calibrated-5g"),
        "threads_ddp": " and ".join(ours),
    }


#: The page's names of the switches under which it says that the claims hold.
_SWITCH_WORDS = {
    "Eq. 10: energy_term=paper": "Eq. 10 as printed",
    "Eq. 5: energy_scope=task": "energy per task",
    "λ = 20-30 per minute": "λ per minute",
    "V = 0.2": "V = 0.2",
    "V = 0.8": "V = 0.8",
    "TA: start=random": "TA from a random start",
    "BS: leftover=idle": "BS with idle threads",
}
_SCHEME_SWITCHES = {
    "Eq. 19: mapping=printed; ddp+ta for exact": "mapping",
    "Algorithm 2 as printed, Eq. 19 included; for exact": "printed",
}
_NONE, _NONE_DDP = "none (consistent reading)", "none; ddp+ta for exact"


def _switches() -> dict[str, str]:
    every = load("switches")["more"]["Every verdict"]
    fitted: dict[str, dict[str, Row]] = {}
    for row in every:
        reading, _, switch = row["reading"].partition("; ")
        if reading == FITTED:
            fitted.setdefault(switch, {})[row["claim"]] = row

    def word_of(switch: str) -> list[str]:
        return [row["verdict"] for claim, row in fitted[switch].items()
                if claim.startswith(("VGG-16's", "energy"))]  # fmt: skip

    def size(switch: str, claim: str, rival: str) -> str:
        row = fitted[switch][f"{claim} {rival} by up to"]
        return str(row["ours"].split(" ")[0]).replace("-0.0", "0.0")

    model = [name for name in fitted if name not in (_NONE, _NONE_DDP, *_SCHEME_SWITCHES)]
    stand = [name for name in model if word_of(name) == word_of(_NONE)]
    _expect(set(stand) == set(_SWITCH_WORDS), "under which switches the fitted claims stand")
    vgg = "VGG-16's latency below"
    found = {
        "switches_stand": join_and(_SWITCH_WORDS[name] for name in stand),
        "uint8_vgg": size("input: uint8", vgg, "eo+ta"),
        "none_vgg_eo": size(_NONE, vgg, "eo+ta"),
        "uint8_energy": size("input: uint8", "energy below", "eo+ta"),
        "ta_printed": size("TA as printed", vgg, "dads+ta"),
        "none_dads": size(_NONE, vgg, "dads+ta"),
        "macs_dads": size("split: macs", vgg, "dads+ta"),
        "ta_utility_dads": size("TA: objective=utility", vgg, "dads+ta"),
        "eq10_utility": size("Eq. 10: energy_term=paper", "utility above", "dads+ta alone"),
    }
    for name, short in _SCHEME_SWITCHES.items():
        found[f"{short}_changed"] = _changed(fitted, name)
    return found


def _changed(fitted: dict[str, dict[str, Row]], switch: str) -> str:
    """Say which verdicts of `ddp+ta` change under a switch of the scheme, and to what."""
    if switch not in fitted:
        return "not run yet"
    others = [
        f"{claim.removesuffix(' by up to')}, {row['verdict']} at {_size(row['ours'])}"
        for claim, row in fitted[switch].items()
        if row["verdict"] != fitted[_NONE_DDP][claim]["verdict"]
    ]
    return "; ".join(others) if others else "no verdict changes"


def _maps() -> dict[str, str]:
    rows = load("maps")["rows"]
    wins = {row["best rival"] for row in rows}
    _expect(len(wins) == 1, "one rival is the best everywhere")
    speed = [row for row in rows if row["map"] == "uplink × device speed"]
    slower = [row for row in speed if float(row["at"].rpartition(" ")[2]) < 1]
    charge = [row for row in rows if row["map"] == "battery × sun"]
    lead = "lead of exact"
    shortest = max(charge, key=lambda row: row[lead])
    served = _served_more(shortest)
    return {
        "map_rival": wins.pop(),
        "map_points": f"{len(rows)}",
        "map_fast": f"{max(row[lead] for row in speed if row not in slower):.3f}",
        "map_slow": f"{max(row[lead] for row in slower):.3f}",
        "map_short": f"{shortest[lead]:.2f}",
        "map_served": f"{100 * served:.1f}",
    }


def _served_more(point: Row) -> float:
    """Return by how much the optimum's share of served device-slots is above the best rival's."""
    with (REFERENCE / "paper" / "maps-cells.csv").open(encoding="utf-8") as stream:
        cells = list(csv.DictReader(stream))
    found = {}
    for scheme in (OPTIMUM, str(point["best rival"])):
        means: dict[str, list[Row]] = {}
        for cell in cells:
            if cell["solver"] == scheme:
                means.setdefault(cell["suite"], []).append(cell)
        (own,) = [of_suite for of_suite in means.values()
                  if abs(_mean(of_suite, "utility_per_device") - point[scheme]) < 1e-9]  # fmt: skip
        found[scheme] = _mean(own, "served")
    return found[OPTIMUM] - found[str(point["best rival"])]


def _mean(cells: list[Row], name: str) -> float:
    return sum(float(cell[name]) for cell in cells) / len(cells)


def _queue() -> dict[str, str]:
    item = load("queue")
    ranked = item["more"]["Schemes with the simulated queue"]
    wait, *rankings = item["verdicts"]
    _expect({row["verdict"] for row in rankings} == {"holds"}, "the ranking survives everywhere")
    close = re.findall(r"[\d.]+", wait["ours"].partition("ρ = ")[2].partition(";")[0])
    most = {
        scaled: max(row["largest mean ρ"] for row in ranked if ("_scale" in row["suite"]) == scaled)
        for scaled in (False, True)
    }
    worst = max(ranked, key=lambda row: row["wait ms, Eq. 3"] - row["wait ms, simulated"])

    def percent(rho: float, name: str) -> str:
        ratio = float(one(item["rows"], ρ=rho)[name].removeprefix("× "))
        return f"{100 * abs(ratio - 1):.0f}"

    return {
        "queue_close": close[-1],
        "queue_07": percent(0.7, "the same, λ drawn for each slot"),
        "queue_09": percent(0.9, "the same, λ drawn for each slot"),
        "queue_alone": percent(0.8, "one slot, empty at its start"),
        "queue_most": f"{most[False]:.2f}",
        "queue_most_loaded": f"{most[True]:.2f}",
        "queue_suites": f"{len(rankings)}",
        "queue_scheme": worst["scheme"],
        "queue_simulated": f"{worst['wait ms, simulated']:.0f}",
        "queue_predicted": f"{worst['wait ms, Eq. 3']:.0f}",
    }


def _fig5() -> dict[str, str]:
    item = load("fig5")
    rise, settle, smaller = item["verdicts"]
    words = [row["verdict"] for row in item["verdicts"]]
    _expect(
        words == ["holds", "holds", "does not hold"], "rises and settles; a smaller V earns less"
    )
    drift = max(row["settled (last two fifths differ %)"] for row in item["rows"])
    return {
        "fig5_trainings": rise["ours"].rpartition(" ")[2],
        "fig5_drift": f"{drift:.2g}",
        "fig5_v": join_and(f"{row['V']:g}" for row in item["rows"]),
        "fig5_earned": join_and(f"{row['last fifth']:.0f}" for row in item["rows"]),
        "fig5_settles": settle["verdict"],
        "fig5_smaller": smaller["verdict"],
    }


def _tables() -> dict[str, str]:
    lines = ["| item | claim | ours | verdict |", "|---|---|---|---|"]
    for item in ("fig2", "fig3", "table2"):
        for row in load(item)["verdicts"]:
            claim = row["claim"] + (f" {row['claimed']}" if item == "table2" else "")
            ours = row["at"] if item == "fig3" else row["ours"]
            link = f"[{item}](../results/reference/paper/{item}.md)"
            lines.append(f"| {link} | {claim} | {ours} | **{row['verdict']}** |")
    return {"other_verdicts": "\n".join(lines)}
