"""Exact decisions for many slots at once, with the regret of every other choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.batch import BatchModel, Slots
from splitbench.problems.equations import slot_data, slot_terms
from splitbench.problems.formulation import UNSERVED_UTILITY
from splitbench.solvers.ddp.actions import ActionSet
from splitbench.solvers.exact.max_plus import others_best
from splitbench.solvers.horizon.charge_value import charge_value

#: From charges after the slot, shares of E_max of shape (E, N, A), to their worth.
Worth = Callable[[Floats], Floats]


class ExactLabels(NamedTuple):
    """Exact choices among the merged cuts.

    `choice`, shape (E, N), numbers the cuts; `regret`, shape (E, N, A), is what U loses if one
    device chooses otherwise and everything else is then best; inf where there is no choice.
    """

    choice: Ints
    regret: Floats


def exact_labels(
    model: BatchModel, slots: Slots, actions: ActionSet, worth: Worth | None = None
) -> ExactLabels:
    """Solve E slots exactly over the merged cuts, for every choice of every device.

    With `worth`, U plus what the charge left is worth is maximised, as `lookahead` does.

    With f_n(l, k) the utilities and W the best total of the other devices, a choice is worth
    max_k f_n(l, k) + W(K − k).
    """
    table = utilities(model, slots, actions, worth)
    best = table.max(axis=2)
    devices, columns = best.shape[1:]
    spare = slots.threads - devices * model.min_threads
    left = (spare[:, None] - np.arange(columns))[:, None]
    beyond = max(int(spare.max()) + 1 - columns, 0)  # what others hold may exceed one's own cap
    whole = np.pad(best, ((0, 0), (0, 0), (0, beyond)), constant_values=-np.inf)
    rest = np.take_along_axis(others_best(whole), np.maximum(left, 0), axis=2)
    rest = np.where(left >= 0, rest, -np.inf)
    value = np.stack(
        [(table[:, n] + rest[:, n, None, :]).max(axis=2) for n in range(devices)], axis=1
    )
    value = np.where(actions.mask, value, -np.inf)
    return ExactLabels(value.argmax(axis=2), value.max(axis=2, keepdims=True) - value)


def worth_ahead(model: BatchModel, harvest_ahead_j: Floats, draw_j: Floats) -> Worth:
    """Return what charges are worth to later slots that each draw `draw_j`, shape (E, N)."""
    capacity = model.fleet.battery_max_j
    harvest = (harvest_ahead_j / capacity).reshape(len(harvest_ahead_j), -1)
    draws = np.broadcast_to((draw_j / capacity).reshape(-1), harvest.shape)

    def worth(charge: Floats) -> Floats:
        rows = charge.reshape(-1, charge.shape[2])
        return charge_value(rows, harvest, draws, model.utility_weight).reshape(charge.shape)

    return worth


def utilities(
    model: BatchModel, slots: Slots, actions: ActionSet, worth: Worth | None = None
) -> Floats:
    """Return f_n(l, k) of the merged cuts at k_min, k_min + 1, …, shape (E, N, A, C).

    What cannot be served is worth hibernation; −inf beyond a cap.
    """
    fleet, count = model.fleet, model.thread_range(slots)
    device, chosen = np.arange(len(fleet))[:, None], actions.partitions
    cuts = fleet.cuts.at((device, chosen)).at((..., None))
    whole = fleet.curve_s(int(count[-1]))[:, None, model.min_threads - 1 :]
    terms = slot_terms(model, slot_data(slots, fleet, axes=2), cuts, whole)
    served = terms.powered & terms.steady
    value = np.maximum(np.where(served, terms.utility, UNSERVED_UTILITY), UNSERVED_UTILITY)
    if worth is not None:
        capacity = fleet.battery_max_j[:, None]
        asleep = (slots.battery_j + slots.harvest_j)[:, :, None] / capacity
        share = np.concatenate([terms.charge_j[..., 0] / capacity, asleep], axis=2)
        later = worth(np.clip(share, 0.0, 1.0))
        awake = served & (terms.utility > UNSERVED_UTILITY)
        value = value + np.where(awake, later[:, :, :-1, None], later[:, :, -1:, None])
    caps = np.minimum(fleet.thread_caps, slots.threads[:, None])
    within = (count <= caps[:, :, None])[:, :, None, :]
    table: Floats = np.where(within & actions.mask[:, :, None], value, -np.inf)
    return table
