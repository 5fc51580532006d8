"""From raw operations to layers: fuse elementwise ones, give the DNN's input a relay if needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from splitbench.problems.networks.layer_graph import Layer
from splitbench.problems.networks.tracing.raw_layers import INPUT, RawLayer, RawNetwork

_NEVER_FUSED = frozenset({"conv", "linear", "pool", "matmul", "slice", "concat"})
_FUSED_AS = {"activation": "activation", "norm": "norm"}


def fused_layers(network: RawNetwork, input_values: int) -> tuple[Layer, ...]:
    """Fuse and convert; `input_values` sizes the relay of the input, where there must be one.

    An elementwise operation is fused into the layer it reads if nothing else reads that layer's
    output: the tensor between them then never has to be sent.
    """
    raw = network.layers
    readers = Counter(source for layer in raw for source in layer.sources)
    home: dict[int, int] = {INPUT: INPUT}  # where the values of a raw layer are found
    for place, layer in enumerate(raw):
        home[place] = place
        if _is_fusable(layer, raw, readers):
            home[place] = home[layer.sources[0]]
            _fuse(layer, raw[home[place]])
    kept = [place for place in range(len(raw)) if home[place] == place]
    return _layers(network, kept, home, input_values)


def _is_fusable(layer: RawLayer, raw: Sequence[RawLayer], readers: Counter[int]) -> bool:
    if len(layer.sources) != 1 or layer.kind in _NEVER_FUSED or layer.macs:
        return False
    source = layer.sources[0]
    if source == INPUT or readers[source] > 1 or raw[source].is_result:
        return False
    return raw[source].values == layer.values


def _fuse(layer: RawLayer, into: RawLayer) -> None:
    into.fused.append(_FUSED_AS.get(layer.kind, "elementwise"))
    into.parameters += layer.parameters
    into.shape = layer.shape
    into.is_result |= layer.is_result


def _layers(
    network: RawNetwork, kept: Sequence[int], home: dict[int, int], input_values: int
) -> tuple[Layer, ...]:
    raw = network.layers
    sources = {
        place: tuple(dict.fromkeys(home[source] for source in raw[place].sources)) for place in kept
    }
    # An empty `after` is how a layer reads the input, so none can read it beside other tensors,
    # and the input is no result: then all that read it read a relay, a layer without work that
    # passes the input on.
    relayed = any(INPUT in reads and len(reads) > 1 for reads in sources.values())
    relay: str | None = None
    layers = []
    if relayed or network.input_is_result:
        relay = _free_name("input", {layer.name for layer in raw})
        shape, result = (input_values,), network.input_is_result
        layers.append(Layer(relay, "input", 0, 0, input_values, shape, is_result=result))
    read = {source for reads in sources.values() for source in reads}
    for place in kept:
        names = (relay if source == INPUT else raw[source].name for source in sources[place])
        after = tuple(name for name in names if name is not None)
        layers.append(_layer(raw[place], after, is_read=place in read))
    return tuple(layers)


def _layer(raw: RawLayer, after: tuple[str, ...], *, is_read: bool) -> Layer:
    single = len(raw.sources) == 1
    kind = "elementwise" if single and raw.kind in ("add", "mul") else raw.kind
    return Layer(
        name=raw.name,
        kind="other" if kind in ("view", "split") else kind,
        macs=raw.macs,
        parameters=raw.parameters,
        input_values=raw.input_values,
        output_shape=raw.shape,
        after=after,
        fused=tuple(raw.fused),
        conv=raw.conv,
        is_result=raw.is_result and is_read,  # an unread output is a result anyway
    )


def _free_name(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "'"
    return name
