"""Solve one slot exactly for U plus the value of the remaining charge in later slots."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from splitbench.problems import HIBERNATE, UNSERVED_UTILITY, SlotProblem
from splitbench.problems.arrays import Floats, Ints
from splitbench.solvers.contract import Solution
from splitbench.solvers.exact.cut_front import cut_front
from splitbench.solvers.exact.exact import Exact
from splitbench.solvers.exact.slot_optimum import Optimum, slot_optimum

#: Maps charges at a slot's end, shares of E_max of shape (N, C), to what they are worth later.
Worth = Callable[[Floats], Floats]


#: Step of the charge, as a share of E_max, over which a price is taken.
_STEP = 0.01


class Decision(NamedTuple):
    """A decision for one slot, and the value of charge that it was based on.

    Attributes
    ----------
    partition, threads, draw
        l_n, k_n and the energy that they draw as a share of E_max, shape (N,) each.
    later
        What the charge that each l leaves is worth to later slots, shape (N, L + 1), hibernation
        last: `utility_table() + later[:, :-1, None]` are the scores that were maximised.
    price
        U that one joule not drawn would have added, in this slot and later ones, shape (N,): 0
        where the battery is full without it.
    """

    partition: Ints
    threads: Ints
    draw: Floats
    later: Floats
    price: Floats


def myopic_decision(problem: SlotProblem) -> Decision:
    """Return the optimum of the slot alone, as `exact` does; hibernation has to be allowed."""
    best, ends = Exact().solve(problem), _ends(problem)
    return _decision(problem, best, ends, np.zeros_like(ends), np.zeros_like)


def charge_aware_decision(problem: SlotProblem, worth: Worth, *, freely: bool = False) -> Decision:
    """Maximise U + Σ_n worth of E'_n over all decisions, as `exact` maximises U.

    The worth depends on l alone, so the slot stays separable but for Σ k = K. Unless devices may
    hibernate `freely`, a device that the slot's own optimum serves is served.
    """
    ends = _ends(problem)
    later = worth(np.clip(ends, 0.0, 1.0))
    rests = np.full(len(problem), True)
    if not freely:
        rests = np.asarray(Exact().solve(problem).partition) == HIBERNATE
    asleep = np.where(rests, UNSERVED_UTILITY + later[:, -1], -np.inf)
    of_cuts = later[:, :-1]
    best = slot_optimum(problem, cut_front(problem, of_cuts), asleep=asleep)
    return _decision(problem, best, ends, later, worth)


def _decision(
    problem: SlotProblem, best: Solution | Optimum, ends: Floats, later: Floats, worth: Worth
) -> Decision:
    """Return an optimum with the draws and prices that go with it."""
    assert best.partition is not None  # hibernation is a choice, or the myopic optimum was found
    assert best.threads is not None
    partition, threads = np.asarray(best.partition), np.asarray(best.threads)
    end = _at(ends, partition)
    return Decision(partition, threads, ends[:, -1] - end, later, _price(problem, end, worth))


def _ends(problem: SlotProblem) -> Floats:
    """Charge at the slot's end as a share of E_max, neither cut at 0 nor at 1, (N, L + 1)."""
    asleep = problem.battery_j + problem.harvest_j
    charge_j = np.column_stack([problem.energy_by_cut().charge_j, asleep])
    ends: Floats = charge_j / problem.fleet.battery_max_j[:, None]
    return ends


def _at(ends: Floats, partition: Ints) -> Floats:
    """Read off the charges of the partitions taken; −1, hibernation, is the last."""
    taken: Floats = ends[np.arange(len(ends)), partition]
    return taken


def _price(problem: SlotProblem, end: Floats, worth: Worth) -> Floats:
    """U per joule at the charges (N,), in which a slot ends before they are cut at E_max."""
    above = np.clip(end, _STEP, 1.0)
    pair = worth(np.column_stack([above - _STEP, above]))
    slope = problem.utility_weight + (pair[:, 1] - pair[:, 0]) / _STEP
    price: Floats = np.where(end < 1.0, slope, 0.0) / problem.fleet.battery_max_j
    return price
