"""Smallest feasible thread counts for a partition, from which every allocator starts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from splitbench.problems import HIBERNATE, SlotProblem
from splitbench.problems.arrays import Ints


class Start(NamedTuple):
    """A partition that can be served, and the fewest threads that serve it, shape (N,) each."""

    partition: Ints
    least: Ints


def can_hold_minimum(problem: SlotProblem) -> bool:
    """Whether K and every cap leave room for k_min threads for each device."""
    return problem.spare_threads >= 0 and bool((problem.thread_caps >= problem.min_threads).all())


def feasible_start(problem: SlotProblem, partition: Ints) -> Start | None:
    """Return the smallest feasible k of each device for its l.

    A device without one is hibernated where that is allowed. While the smallest counts sum to
    more than K, the device with the largest (ties: first) is hibernated too: that frees most
    threads, so fewest devices go unserved. The paper has no rule for this case.

    Returns
    -------
    Start | None
        None where no start is feasible: hibernation is forbidden, or K or a cap is below what
        k_min asks for, which hibernating devices hold too.

    Raises
    ------
    InputError
        A partition that is not integers of shape (N,).
    """
    if not can_hold_minimum(problem):
        return None
    feasible = np.isfinite(problem.latency_by_threads(partition))
    chosen = np.array(partition)
    stranded = ~feasible.any(axis=1)
    if stranded.any() and not problem.formulation.hibernation_allowed:
        return None
    chosen[stranded] = HIBERNATE
    least = problem.min_threads + np.where(stranded, 0, feasible.argmax(axis=1))
    while least.sum() > problem.threads:
        if not problem.formulation.hibernation_allowed:
            return None
        largest = int(least.argmax())
        chosen[largest] = HIBERNATE
        least[largest] = problem.min_threads
    return Start(chosen, least)


def hibernate_infeasible(problem: SlotProblem, partition: Ints, threads: Ints) -> Ints:
    """Hibernate, where allowed, devices whose l is not feasible at the threads they ended with.

    This happens only where D(k) rises with k: more threads can make the queue unstable.
    """
    if not problem.formulation.hibernation_allowed or not can_hold_minimum(problem):
        return partition
    latency = problem.latency_by_threads(partition)
    held = latency[np.arange(len(problem)), threads - problem.min_threads]
    return np.where(np.isfinite(held), partition, HIBERNATE)
