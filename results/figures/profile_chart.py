"""Performance profiles as lines of text."""

from __future__ import annotations

from rich.cells import cell_len

from splitbench.results.statistics.performance import PerformanceProfile
from splitbench.results.tables import escape
from splitbench.results.tables.labels import short_names

#: Eight heights of a share; ASCII has tenths as digits.
_BLOCKS = " ▁▂▃▄▅▆▇█"
_DIGITS = ".123456789#"


def profile_chart(
    title: str, profile: PerformanceProfile, width: int = 80, *, ascii_only: bool = False
) -> str:
    """Draw each solver's profile as one line of text; height shows the share of cells.

    From left to right the factor grows from 1 (the solver is the fastest itself) to the largest;
    the end of a line gives the share of cells that the solver finishes at all. Solvers are sorted
    by the area below their profile.
    """
    if not profile.cells:
        return f"{escape.printable(title)}: no cell was run by every solver, no profile"
    shown, explained = short_names(profile.solvers, width // 2)
    names = [shown[name] for name in profile.solvers]
    label = max(map(cell_len, names))
    count = max(width - label - len("  100 %  100 %") - 2, 10)
    factors = profile.factors(count)
    shares = [profile.share(factor) for factor in factors]
    heights = _DIGITS if ascii_only else _BLOCKS
    lines = [
        f"{escape.printable(title)}: performance profile of solve times",
        f"{' ' * label}  {'best':>5}  {'time within a factor of the best':{count}}  {'ends':>5}",
    ]
    order = sorted(range(len(names)), key=lambda row: -sum(share[row] for share in shares))
    for row in order:
        drawn = "".join(_height(float(share[row]), heights) for share in shares)
        name = names[row] + " " * (label - cell_len(names[row]))
        first, last = float(shares[0][row]), float(shares[-1][row])
        lines.append(f"{name}  {first:5.0%}  {drawn}  {last:5.0%}")
    lines.append(f"{' ' * label}  {'':5}  {_axis(factors[-1], count)}")
    lines += [*explained, _about(profile, ascii_only)]
    return "\n".join(lines)


def _height(share: float, heights: str) -> str:
    """Only a share of 1 has the full height, and only 0 has none."""
    steps = len(heights) - 1
    if share in (0.0, 1.0):
        return heights[int(share * steps)]
    return heights[min(max(int(share * steps), 1), steps - 1)]


def _axis(largest: float, count: int) -> str:
    """Label the factors from left to right, as far as they have room."""
    axis = [" "] * count
    free = 0
    for position in (0.0, 0.25, 0.5, 0.75, 1.0):
        text = f"{largest**position:.3g}"
        start = min(round(position * (count - 1)), count - len(text))
        if start >= free:
            axis[start : start + len(text)] = text
            free = start + len(text) + 1
    return "".join(axis)


def _about(profile: PerformanceProfile, ascii_only: bool) -> str:
    left_out = f"; {profile.left_out} not run by all are left out" if profile.left_out else ""
    key = "tenths, # = all" if ascii_only else "height"
    return (
        f"{profile.cells} cells{left_out}. Share of cells ({key}) that a solver ends within a "
        "factor of the fastest; failures never."
    )
