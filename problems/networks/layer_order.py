"""Order of layers in a DAG, and the checks that a list of layers is one at all."""

from __future__ import annotations

from collections.abc import Sequence
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
    order = _kahn(reads)
    if len(order) < len(names):
        raise InputError(_cycle(names, reads, set(order)))
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


def _kahn(reads: Sequence[Sequence[int]]) -> list[int]:
    readers: list[list[int]] = [[] for _ in reads]
    waiting = [len(sources) for sources in reads]
    for layer, sources in enumerate(reads):
        for source in sources:
            readers[source].append(layer)
    ready = [layer for layer, count in enumerate(waiting) if count == 0]
    heapify(ready)
    order = []
    while ready:
        order.append(layer := heappop(ready))
        for reader in readers[layer]:
            waiting[reader] -= 1
            if waiting[reader] == 0:
                heappush(ready, reader)
    return order


def _cycle(names: Sequence[str], reads: Sequence[Sequence[int]], done: set[int]) -> str:
    """Describe one cycle: from a layer that never got ready, walk back until one repeats."""
    layer = min(set(range(len(names))) - done)
    walked: list[int] = []
    while layer not in walked:
        walked.append(layer)
        layer = next(source for source in reads[layer] if source not in done)
    ring = walked[walked.index(layer) :]
    at = next(at for at, source in enumerate(reads[layer]) if source not in done)
    path = " -> ".join(names[step] for step in [layer, *reversed(ring)][:8])
    value = names[reads[layer][at]]
    return f"layers[{layer}].after[{at}]: got {value!r}, a cycle ({path}); expected a DAG"
