"""Which cuts of each device can be best at some thread count, and their utilities.

The threads change only the queueing and server parts of a cut's utility; the slot fixes the rest:

    f_n(l, k) = a_l − (1 − V)·(queue + server at share_l·D_n(k)) / D_max.

Queue and server grow with the share, and so does ρ. So at every k whatsoever, a cut is no better
than one with a smaller share and an a that is no less: only the Pareto front of (a_l, share_l) can
be best, 3 or 4 cuts of 22 on average. Shares fall with l, so the front is where a_l exceeds all
that come behind it. Near-ties stay in the front: rounding decides nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from splitbench.problems import HIBERNATE, SlotProblem
from splitbench.problems.arrays import Floats, Ints, Mask
from splitbench.problems.equations import slot_data, slot_terms

#: Entries that are made at a time: arrays that stay in the processor's cache.
_BLOCK = 15_000
#: How much less a_l may be than one behind it, relative, for the cut to stay: above any rounding.
_NEAR = 1e-12
#: D(k) of a server that takes no time, and the share that it is left.
_NO_SERVER = np.zeros(1)


class Front(NamedTuple):
    """Cuts in play, sorted by device and l.

    Attributes
    ----------
    device, cut
        n and l, shape (P,); hibernation is not among them.
    ceiling
        a_n, shape (N,): what the device's best cut earns without queue and server, so an upper
        bound on its utility at any k; −inf where no cut is feasible.
    """

    device: Ints
    cut: Ints
    ceiling: Floats


def cut_front(problem: SlotProblem, later: Floats | None = None) -> Front:
    """List the cuts that can be best at some k.

    Parameters
    ----------
    later
        What each cut is worth besides U, shape (N, L); None: nothing.
    """
    parts, ceilings = [], []
    step = max(1, _BLOCK // problem.fleet.width)
    for start in range(0, len(problem), step):
        rows = slice(start, start + step)
        fixed = _without_server(problem, rows, None if later is None else later[rows])
        device, cut = np.nonzero(_undominated(problem, rows, fixed))
        parts.append((device + start, cut))
        ceilings.append(fixed.max(axis=1))
    if len(parts) == 1:
        return Front(*parts[0], ceilings[0])
    devices, cuts = zip(*parts, strict=True)
    return Front(np.concatenate(devices), np.concatenate(cuts), np.concatenate(ceilings))


def given_cuts(problem: SlotProblem, partition: Ints) -> Front:
    """List the one cut that each device has; none where l is out of range or drains the battery."""
    device = np.flatnonzero((partition >= 0) & (partition <= problem.layers))
    data = slot_data(problem, problem.fleet, rows=device)
    cuts = problem.fleet.cuts_at(device, partition[device])
    terms = slot_terms(problem, data, cuts._replace(server_share=_NO_SERVER), _NO_SERVER)
    device, fixed = device[terms.powered], terms.utility[terms.powered]
    ceiling = np.full(len(problem), -np.inf)
    ceiling[device] = fixed
    return Front(device, partition[device], ceiling)


def thread_table(
    problem: SlotProblem, front: Front, columns: int, later: Floats | None = None
) -> Floats:
    """Maximise over a front's cuts at each thread count.

    Parameters
    ----------
    columns
        C, the counts k_min, k_min + 1, … wanted.
    later
        As handed to `cut_front`.

    Returns
    -------
    Floats
        g, shape (N, C); −inf where no cut is feasible. Without hibernation.
    """
    value = np.full((len(problem), columns), -np.inf)
    if len(front.device) == 0:
        return value
    starts = _split(front.device, max(1, _BLOCK // columns))
    caps = problem.thread_caps - problem.min_threads
    capped = bool(caps.min() < columns - 1)
    for index in range(len(starts) - 1):
        begin, end = starts[index], starts[index + 1]
        device, cut = front.device[begin:end], front.cut[begin:end]
        worth = _by_threads(problem, device, cut, columns)
        if later is not None:
            worth += later[device, cut][:, None]
        begins = _begins(device)
        rows = device[begins]
        best = worth if len(rows) == len(device) else np.maximum.reduceat(worth, begins, axis=0)
        if capped:
            best[np.arange(columns) > caps[rows, None]] = -np.inf
        value[rows] = best
    return value


def best_cuts(
    problem: SlotProblem, front: Front, threads: Ints, later: Floats | None = None
) -> tuple[Ints, Floats]:
    """Return each device's best cut of a front at its k_n, and its utility; shape (N,) each.

    Ties go to the smallest l. −1 and −inf where none is feasible; thread caps are not looked at.
    """
    partition = np.full(len(problem), HIBERNATE)
    utility = np.full(len(problem), -np.inf)
    if len(front.device) == 0:
        return partition, utility
    starts = _split(front.device, _BLOCK)
    for index in range(len(starts) - 1):
        device = front.device[starts[index] : starts[index + 1]]
        cut = front.cut[starts[index] : starts[index + 1]]
        worth = _at(problem, device, cut, threads[device])
        if later is not None:
            worth += later[device, cut]
        begins = _begins(device)
        rows, best = device[begins], np.maximum.reduceat(worth, begins)
        utility[rows] = best
        hits = np.flatnonzero((worth == utility[device]) & (worth > -np.inf))
        partition[device[hits[::-1]]] = cut[hits[::-1]]  # the smallest l is written last
    return partition, utility


def _without_server(problem: SlotProblem, rows: slice, later: Floats | None) -> Floats:
    """Return a_l, shape (rows, L): utility without queue and server; −inf where l is infeasible."""
    fleet = problem.fleet
    data = slot_data(problem, fleet, axes=1, rows=rows)
    cuts = fleet.cuts_of(rows)._replace(server_share=_NO_SERVER)
    terms = slot_terms(problem, data, cuts, _NO_SERVER)
    fixed = terms.utility if later is None else terms.utility + later
    fixed[~(terms.powered & fleet.in_range_of(rows))] = -np.inf
    return fixed


def _undominated(problem: SlotProblem, rows: slice, fixed: Floats) -> Mask:
    """Mark the cuts that can be best; all that are feasible where shares do not fall with l."""
    feasible: Mask = fixed > -np.inf
    if not problem.fleet.shares_fall:
        return feasible
    behind = np.maximum.accumulate(fixed[:, ::-1], axis=1)[:, -2::-1]
    with np.errstate(invalid="ignore"):
        feasible[:, :-1] &= ~(fixed[:, :-1] < behind - _NEAR * (1.0 + np.abs(behind)))
    return feasible


def _by_threads(problem: SlotProblem, device: Ints, cut: Ints, columns: int) -> Floats:
    """Return f of pairs (n, l) at each thread count, shape (P, columns)."""
    fleet, least = problem.fleet, problem.min_threads
    data = slot_data(problem, fleet, axes=1, rows=device)
    first, last = int(device[0]), int(device[-1]) + 1
    whole = fleet.curve_rows(slice(first, last), least - 1 + columns)[:, least - 1 :]
    terms = slot_terms(
        problem, data, fleet.cuts_at(device[:, None], cut[:, None]), whole[device - first]
    )
    worth: Floats = np.where(terms.steady, terms.utility, -np.inf)
    return worth


def _at(problem: SlotProblem, device: Ints, cut: Ints, threads: Ints) -> Floats:
    """Return f of triples (n, l, k), shape (P,)."""
    cuts = problem.fleet.cuts_at(device, cut)
    whole = problem.fleet.curve_at(device, threads)
    terms = slot_terms(problem, slot_data(problem, problem.fleet, rows=device), cuts, whole)
    worth: Floats = np.where(terms.steady, terms.utility, -np.inf)
    return worth


def _begins(device: Ints) -> Ints:
    """Return where the pairs of each device begin."""
    new = np.ones(len(device), dtype=bool)
    np.not_equal(device[1:], device[:-1], out=new[1:])
    return np.flatnonzero(new)


def _split(device: Ints, step: int) -> list[int]:
    """Return where blocks of whole devices begin, about `step` pairs each; the end is the last."""
    if len(device) <= step:
        return [0, len(device)]
    begins = np.append(_begins(device), len(device))
    chosen, last = [0], int(begins[-1])
    while chosen[-1] < last:
        behind = int(np.searchsorted(begins, chosen[-1] + step, side="right")) - 1
        following = int(begins[behind])
        if following <= chosen[-1]:
            following = int(begins[behind + 1])
        chosen.append(following)
    return chosen
