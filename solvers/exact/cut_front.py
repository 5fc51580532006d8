"""Which cuts of each device can be best at some thread count, and what they earn.

The threads change only the queueing and server parts of a cut's utility; the slot fixes the rest:

    f_n(l, k) = a_l − (1 − V)·(queue + server at share_l·D_n(k)) / D_max.

Queue and server grow with the share, and so does ρ. So at every k whatsoever, a cut is no better
than one with a smaller share and an a that is no less: only the Pareto front of (a_l, share_l) can
be best, 3 or 4 cuts of 22 on average. Shares fall with l, so the front is where a_l exceeds all
that come behind it. Near-ties stay in the front: rounding decides nothing.

The utilities here are computed by that formula. They equal those of `SlotProblem.utility_table` but
for rounding.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from splitbench.problems import HIBERNATE, SlotProblem
from splitbench.problems.arrays import Floats, Ints, Mask
from splitbench.problems.equations import (
    Cuts,
    SlotData,
    charge_share,
    energy_terms,
    server_s,
    slot_data,
    slot_utility,
    time_saved,
    utilisation,
)

#: Entries that are made at a time: arrays that stay in the processor's cache.
_BLOCK = 15_000
#: How much less a_l may be than one behind it for the cut to stay: far above rounding, since a
#: feasible a_l is of size 1, or so low that 1e-16 of it does not matter.
_NEAR = 1e-9


class Front(NamedTuple):
    """Cuts in play, sorted by device and l.

    Attributes
    ----------
    device, cut
        n and l, shape (P,); hibernation is not among them.
    server_share, without_server
        share_l and a_l of each, the latter with what the cut is worth later; shape (P,).
        At any k a cut earns at most its a_l.
    """

    device: Ints
    cut: Ints
    server_share: Floats
    without_server: Floats

    def of(self, devices: Ints) -> Front:
        """Return the cuts of some devices, (n,)."""
        return self.at(np.isin(self.device, devices).nonzero()[0])

    def at(self, pairs: Ints | slice) -> Front:
        """Return some pairs of device and cut, by their numbers."""
        device, cut, share, fixed = self
        return Front(device[pairs], cut[pairs], share[pairs], fixed[pairs])

    def begins(self) -> Ints:
        """Return where the pairs of each device begin."""
        new = np.empty(len(self.device), dtype=bool)
        new[:1] = True
        np.not_equal(self.device[1:], self.device[:-1], out=new[1:])
        return new.nonzero()[0]

    def blocks(self, most: int) -> list[Front]:
        """Divide the pairs into runs of whole devices, about `most` pairs each."""
        pairs = len(self.device)
        if pairs <= most:
            return [self] if pairs else []
        begins = np.append(self.begins(), pairs)
        edges = [0]
        while edges[-1] < pairs:
            behind = int(np.searchsorted(begins, edges[-1] + most, side="right")) - 1
            following = int(begins[behind])
            edges.append(following if following > edges[-1] else int(begins[behind + 1]))
        return [self.at(slice(*edge)) for edge in pairwise(edges)]


def cut_front(problem: SlotProblem, later: Floats | None = None) -> Front:
    """List the cuts that can be best at some k.

    Parameters
    ----------
    later
        What each cut is worth besides U, shape (N, L); None: nothing.
    """
    fleet, parts = problem.fleet, []
    step = max(1, _BLOCK // fleet.width)
    for start in range(0, len(problem), step):
        rows = slice(start, start + step)
        cuts = fleet.cuts_of(rows)
        data = slot_data(problem, fleet, axes=1, rows=rows)
        fixed, powered = _without_server(problem, data, cuts)
        if later is not None:
            fixed = fixed + later[rows]
        fixed[~(powered & fleet.in_range_of(rows))] = -np.inf
        device, cut = _undominated(fixed, fleet.shares_fall).nonzero()
        share, kept = cuts.server_share[device, cut], fixed[device, cut]
        parts.append(Front(device + start, cut, share, kept))
    if len(parts) == 1:
        return parts[0]
    return Front(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def given_cuts(problem: SlotProblem, partition: Ints) -> Front:
    """List the one cut that each device has; none where l is out of range or drains the battery."""
    device = np.flatnonzero((partition >= 0) & (partition <= problem.layers))
    cuts = problem.fleet.cuts_at(device, partition[device])
    data = slot_data(problem, problem.fleet, rows=device)
    fixed, powered = _without_server(problem, data, cuts)
    return Front(device, partition[device], cuts.server_share, fixed).at(powered.nonzero()[0])


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def utilities(problem: SlotProblem, front: Front, whole_server_s: Floats) -> Floats:
    """Return what each pair of a front earns at given D_n(k) in seconds; −inf where infeasible.

    Queue and server of Eq. 3 and 8 together are D_ser/2·(1 + 1/(1 − ρ)) seconds.

    `whole_server_s` has shape (P,) or (P, C), and so has the result.
    """
    half_weight = 0.5 * (1.0 - problem.utility_weight) / problem.fleet.deadline_s
    at = (slice(None), *[None] * (whole_server_s.ndim - 1))
    service = server_s(front.server_share[at], whole_server_s)
    rho = utilisation(problem.arrival_rate_hz[front.device][at], service)
    slack = np.fmax(1.0 - rho, 0.0, out=rho)  # 0 makes the wait infinite
    service *= half_weight[front.device][at]
    late = service / slack
    late += service
    # D beyond a table's end is NaN, and so is 0/0 (V = 1 where ρ ≥ 1); fmax replaces NaN.
    utility: Floats = np.fmax(front.without_server[at] - late, -np.inf)
    return utility


def thread_table(problem: SlotProblem, front: Front, columns: int) -> Floats:
    """Maximise over a front's cuts at the thread counts k_min, k_min + 1, …

    Returns
    -------
    Floats
        g, shape (N, C); −inf where no cut is feasible. Without hibernation.
    """
    return run_table(problem, front, np.arange(columns), columns)


def run_table(
    problem: SlotProblem, front: Front, starts: Ints, stop: int, into: Floats | None = None
) -> Floats:
    """Maximise over a front's cuts at the least D(k) of each run of counts: no count earns more.

    Pairs are taken rank by rank, a first cut of each device and then the further ones, devices with
    most cuts first. So each rank's maximum is over a slice: many times faster than `reduceat`.

    Parameters
    ----------
    starts, stop
        Threads beyond k_min at which the runs begin, shape (R,), ascending; where the last ends.
    into
        Array of shape (N, R) whose rows are replaced where a device has a cut in the front.

    Returns
    -------
    Floats
        Shape (N, R); −inf where no cut is feasible, or the device's cap lies before the run.
    """
    value = np.full((len(problem), len(starts)), -np.inf) if into is None else into
    least, caps = problem.min_threads, problem.thread_caps - problem.min_threads
    capped = bool(caps.min() < starts[-1])
    for block in front.blocks(max(1, _BLOCK // len(starts))):
        begins = block.begins()
        cuts = np.append(begins[1:], len(block.device)) - begins
        first = begins[(-cuts).argsort(kind="stable")]
        having = (len(cuts) - np.cumsum(np.bincount(cuts))[:-1]).tolist()  # more cuts than rank
        pairs = np.concatenate([first[:count] + rank for rank, count in enumerate(having)])
        devices = slice(int(block.device[0]), int(block.device[-1]) + 1)
        whole = problem.fleet.curve_rows(devices, least - 1 + stop)[:, least - 1 :]
        if len(starts) < stop:  # not every count is a run of its own
            least_s = np.fmin.reduceat(whole, starts, axis=1)  # NaN past a table's end
            whole = np.fmax(least_s, 0.0)  # beyond its cap a device's D may be anything
        ranked = block.at(pairs)
        table = utilities(problem, ranked, whole[ranked.device - devices.start])
        best, start = table[: having[0]], having[0]
        for count in having[1:]:
            np.maximum(best[:count], table[start : start + count], out=best[:count])
            start += count
        rows = ranked.device[: having[0]]
        if capped:
            best[starts > caps[rows, None]] = -np.inf
        value[rows] = best
    return value


def best_cuts(problem: SlotProblem, front: Front, threads: Ints) -> tuple[Ints, Floats]:
    """Return each device's best cut of a front at its k_n, and its utility; shape (N,) each.

    Ties go to the smallest l. −1 and −inf where none is feasible; thread caps are not looked at.
    """
    utility = np.full(len(problem), -np.inf)
    partition = np.full(len(problem), HIBERNATE)
    for block in front.blocks(_BLOCK):
        whole = problem.fleet.curve_at(block.device, threads[block.device])
        worth, begins = utilities(problem, block, whole), block.begins()
        utility[block.device[begins]] = np.maximum.reduceat(worth, begins)
        write_cuts(block, worth, utility, partition)
    partition[utility == -np.inf] = HIBERNATE
    return partition, utility


def write_cuts(front: Front, worth: Floats, utility: Floats, partition: Ints) -> None:
    """Write the smallest l of each device whose worth, (P,), is the device's utility, (N,).

    A device without such a cut keeps its entry of `partition`, (N,).
    """
    hits = (worth == utility[front.device]).nonzero()[0][::-1]
    partition[front.device[hits]] = front.cut[hits]  # the smallest l is written last


# Overflow gives inf: a file may hold 1e308.
@np.errstate(over="ignore", invalid="ignore")
def _without_server(problem: SlotProblem, data: SlotData, cuts: Cuts) -> tuple[Floats, Mask]:
    """Return a_l of cuts, and whether the battery allows them; both broadcast."""
    energy = energy_terms(problem, data, cuts)
    kept = charge_share(
        data.battery_j, energy.battery_next_j, data.battery_max_j, problem.formulation
    )
    saved = time_saved(cuts.local_s + energy.transmit_s, data.deadline_s)
    return slot_utility(kept, saved, problem.utility_weight), energy.charge_j > 0.0


def _undominated(fixed: Floats, shares_fall: bool) -> Mask:
    """Mark the cuts that can be best; all that are feasible where shares do not fall with l."""
    feasible: Mask = fixed > -np.inf
    if shares_fall:
        behind = np.maximum.accumulate(fixed[:, ::-1], axis=1)[:, -2::-1]
        feasible[:, :-1] &= fixed[:, :-1] >= behind - _NEAR
    return feasible
