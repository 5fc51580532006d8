"""Order of layers in a DAG, and the checks that a list of layers is one at all."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from heapq import heapify, heappop, heappush

from splitbench.problems.errors import InputError, did_you_mean


def layer_order(names: Sequence[str], after: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Return the indices of the layers in topological order, the earliest listed first.

    `after[i]` names the layers whose output layer `i` reads; an empty one reads the DNN's input.

    Raises
    ------
    InputError
        No layer, a name twice, an unknown or repeated predecessor, or a cycle; the message names
        the place, such as `layers[2].after[0]`.
    """
    index = _index_of(names)
    reads = [_known(place, reading, index) for place, reading in enumerate(after)]
    sorter = TopologicalSorter(dict(enumerate(reads)))
    try:
        sorter.prepare()
    except CycleError as error:
        raise InputError(_cycle(names, reads, error.args[1])) from None
    order: list[int] = []
    ready = list(sorter.get_ready())
    heapify(ready)
    while ready:
        order.append(layer := heappop(ready))
        sorter.done(layer)
        for next_layer in sorter.get_ready():
            heappush(ready, next_layer)
    return tuple(order)


def _index_of(names: Sequence[str]) -> dict[str, int]:
    if not names:
        raise InputError("layers: got []; expected at least one layer")
    index: dict[str, int] = {}
    for place, name in enumerate(names):
        if name in index:
            first = f"layers[{index[name]}]"
            raise InputError(
                f"layers[{place}].name: got {name!r}, as {first}; expected a name of its own"
            )
        index[name] = place
    return index


def _known(place: int, reading: Sequence[str], index: dict[str, int]) -> list[int]:
    for at, name in enumerate(reading):
        where = f"layers[{place}].after[{at}]: got {name!r}"
        if name not in index:
            raise InputError(f"{where}; expected the name of a layer{did_you_mean(name, index)}")
        if name in reading[:at]:
            raise InputError(f"{where} again; expected each predecessor once")
    return [index[name] for name in reading]


def _cycle(names: Sequence[str], reads: Sequence[Sequence[int]], cycle: Sequence[int]) -> str:
    """Describe a cycle, in which each layer is read by the next and the last is the first."""
    start = cycle.index(min(cycle[1:]), 1)
    source, layer = cycle[start - 1 : start + 1]
    at = reads[layer].index(source)
    path = " -> ".join(names[step] for step in [source, *cycle[start:-1], *cycle[:start]][:8])
    return f"layers[{layer}].after[{at}]: got {names[source]!r}, a cycle ({path}); expected a DAG"
