"""Verdicts of the figures, division of the gain, switches and maps, on synthetic cells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from splitbench.benchmark.paper.beyond.halves import parts
from splitbench.benchmark.paper.beyond.maps import SCHEMES as MAP_SCHEMES
from splitbench.benchmark.paper.beyond.maps import best_rival
from splitbench.benchmark.paper.beyond.switches import SWITCHES, Switch
from splitbench.benchmark.paper.cells import RIVALS, Cells, PaperCell
from splitbench.benchmark.paper.figure import figure_result, write_index, write_tables
from splitbench.benchmark.paper.figures.fig6 import fig6_verdicts
from splitbench.benchmark.paper.figures.fig7 import DNNS, fig7_verdicts
from splitbench.benchmark.paper.figures.fig8 import contradiction, fig8_verdicts
from splitbench.benchmark.paper.items import PaperRequest
from splitbench.benchmark.paper.verdicts import Word
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers.registry import check_name

SUITES = {"wifi": "paper-wifi", "5g": "paper-5g"}


def cell(
    suite: str, solver: str, seed: int = 0, *, utility: float = 3.0, energy: float = 10.0,
    vgg: float = 0.3, others: float = 0.1,
) -> PaperCell:  # fmt: skip
    """Return a cell with the given numbers; three devices, one per DNN."""
    latency = dict(zip(DNNS, (vgg, others, others), strict=True))
    return PaperCell(
        f"{suite} {solver} {seed}", suite, solver, seed, "feasible", utility, utility / 3,
        utility + 1.0, 1.0, 0.5, energy, sum(latency.values()) / 3, latency,
        dict.fromkeys(DNNS, energy), 1.0, "",
    )  # fmt: skip


def test_fig7_compares_vgg_with_vgg() -> None:
    """Ours saves 25 % of VGG's latency on WiFi and loses elsewhere: the VGG claim holds."""
    cells = [cell(suite, "exact", seed, vgg=0.3, others=0.2)
             for suite in SUITES.values() for seed in (0, 1)]  # fmt: skip
    for rival in RIVALS:
        cells += [cell("paper-wifi", rival, seed, vgg=0.4) for seed in (0, 1)]
        cells += [cell("paper-5g", rival, seed, vgg=0.3) for seed in (0, 1)]
    verdicts = {one.claim: one for one in fig7_verdicts(Cells(cells), "paper", "exact", SUITES)}
    claim = verdicts["VGG-16's latency below eo+ta by up to"]
    assert (claim.word, claim.where, claim.ours[:4]) == (Word.HOLDS, "WiFi", "25.0")
    assert verdicts["VGG-16's latency below dads+bs by up to"].word is Word.PARTLY
    assert verdicts["least latency for every DNN"].word is Word.NOT


def test_fig6_and_fig8_claims() -> None:
    """11.5 % more utility than every rival and 28 % less energy: claim by claim."""
    cells = []
    for suite in SUITES.values():
        cells += [cell(suite, "exact", seed, utility=2.23, energy=7.2) for seed in (0, 1)]
        cells += [cell(suite, rival, seed, utility=2.0, energy=10.0)
                  for rival in RIVALS for seed in (0, 1)]  # fmt: skip
    by_count = {(net, 3): suite for net, suite in SUITES.items()}
    six = fig6_verdicts(Cells(cells), "paper", "exact", by_count)
    assert [one.word for one in six] == [Word.HOLDS] * 3
    by_scale = {(net, 1.0): suite for net, suite in SUITES.items()}
    eight = fig8_verdicts(Cells(cells), "paper", "exact", by_scale)
    assert [one.word for one in eight] == [
        Word.HOLDS, Word.PARTLY, Word.PARTLY, Word.HOLDS, Word.PARTLY
    ]  # fmt: skip


def test_a_scheme_that_was_not_run_has_no_verdict() -> None:
    """Without a cell of ours every claim is `not measured`, not lost."""
    cells = Cells([cell("paper-wifi", rival) for rival in RIVALS])
    words = {one.word for one in fig7_verdicts(cells, "paper", "ddp+ta", SUITES)}
    assert words == {Word.UNKNOWN}


def test_contradiction_is_measured() -> None:
    """The largest relative difference of X+TA and X+BS in energy stands in the note."""
    same = Cells([cell("paper-wifi", rival) for rival in RIVALS])
    assert "differ by 0 % at most" in contradiction(same)
    other = Cells(
        [cell("paper-wifi", rival, energy=12.0 if rival == "eo+bs" else 9.0) for rival in RIVALS]
    )
    assert "differ by 25 % at most" in contradiction(other)


def test_parts_add_up() -> None:
    """Partition worth 3 and threads worth 1, without interaction: the gain of 4 is so divided."""
    earned = {"dads+bs": 0.0, "exact-partition+bs": 9.0, "dads+exact": 3.0, "exact": 12.0}
    cells = Cells([cell("paper-wifi", solver, seed, utility=value)
                   for solver, value in earned.items() for seed in (0, 1)])  # fmt: skip
    found = parts(cells, "paper-wifi", "dads+bs", "U/N")
    assert found.total.mean == pytest.approx(4.0)
    assert found.partition.mean == pytest.approx(3.0)
    assert found.threads.mean == pytest.approx(1.0)


def test_switches_name_what_there_is() -> None:
    """Every switch's suites and schemes can be made."""
    for switch in SWITCHES:
        inside = ",".join(f"{name}={value}" for name, value in switch.suite.items())
        make_suite(f"paper-wifi[{inside}]" if inside else "paper-wifi")
        for rival in RIVALS:
            check_name(switch.scheme(rival))
    assert Switch("x", allocators={"ta": "[ta=printed]"}).scheme("eo+ta") == "eo+ta[ta=printed]"


def test_best_rival() -> None:
    """The best scheme except the optimum, and the optimum's lead per device."""
    cells = Cells([
        cell("s", scheme, utility={"exact": 3.3, "local+ta": 3.0}.get(scheme, 1.0))
        for scheme in MAP_SCHEMES
    ])  # fmt: skip
    rival, lead = best_rival(cells, "s")
    assert rival == "local+ta"
    assert lead == pytest.approx(0.1)


def test_pages_trace_to_the_store(tmp_path: Path) -> None:
    """Page, JSON without NaN, and a CSV with the key of each cell; the index has the verdicts."""
    cells = Cells([cell("paper-wifi", rival) for rival in RIVALS])
    request = PaperRequest(tmp_path, seeds=(4, 5), slots=7)
    verdicts = fig7_verdicts(cells, "paper", "ddp+ta", SUITES)
    rows = [{"a": float("nan"), "b": 1.0}]
    result = figure_result(request, "fig7", "Fig. 7: x", rows, verdicts, ["a note"], [], cells)
    page, whole, table = write_tables(result, tmp_path)
    assert "splitbench paper fig7 --seeds 2 --seed 4 --slots 7" in page.read_text()
    kept = json.loads(whole.read_text(), parse_constant=pytest.fail)
    assert kept["cells"] == [f"paper-wifi {rival} 0" for rival in RIVALS]
    assert "name" not in kept["environment"]["machine"]
    assert table.read_text().count("\n") == 1 + len(RIVALS)
    index = write_index(tmp_path).read_text()
    assert "- public profiles, ddp+ta: not measured (0 of 5 claims hold, 0 partly)" in index
    assert "numpy" in index
