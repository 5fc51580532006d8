"""Count multiply-accumulates of torch operations: every matrix product and convolution."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

_aten = torch.ops.aten
Shape = tuple[int, ...]


def _vectors(a: Shape, *_: Any, **__: Any) -> int:
    return 2 * prod(a)


def _added_vector(_: Shape, matrix: Shape, *__: Any, **___: Any) -> int:
    return 2 * prod(matrix)


def _added_batches(_: Shape, a: Shape, b: Shape, *__: Any, **___: Any) -> int:
    return 2 * prod(a) * b[-1]


def _distances(a: Shape, b: Shape, *_: Any, **__: Any) -> int:
    return 2 * prod(a) * b[-2]


def _bilinear(a: Shape, b: Shape, c: Shape, *expand: Any, **_: Any) -> int:
    """One product for each combination of the sides of a, b and c that are not summed alone."""
    shapes = []
    for shape, places in zip((a, b, c), expand, strict=False):
        sides = list(shape)
        for place in sorted(places):
            sides.insert(place, 1)
        shapes.append(sides)
    return 2 * prod(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]


#: Flops, two a multiply-accumulate, of what torch's own counter leaves out.
_FLOPS: dict[Any, Callable[..., int]] = {
    _aten.mv: _vectors,
    _aten.dot: _vectors,
    _aten.vdot: _vectors,
    _aten.addmv: _added_vector,
    _aten.addbmm: _added_batches,
    _aten._cdist_forward: _distances,
    _aten._trilinear: _bilinear,
}
#: Words in the names of operations that hold products; whatever is not counted is refused by name.
_PRODUCT = re.compile(
    r"\w*mm|\w*mv|v?dot|conv\w*|attention|rnn|lstm|gru|fft|linalg|trilinear|p?cdist|pdist|cholesky"
    r"|inverse|lu|qr|svd|solve|lobpcg"
)
_NO_PRODUCT = frozenset({"linalg_vector_norm", "linalg_check_errors", "linalg_cross"})
_NAMESPACES = frozenset({"aten", "prim", "prims"})


class ProductCounter:
    """Counts the multiply-accumulates of what runs inside `with`, on fake tensors or real ones.

    `uncounted` names the operations whose products are not counted: those outside torch's own
    namespaces, and those whose names say that they multiply matrices. Composed operations, such as
    attention and LSTM, have to run under `decomposed`.
    """

    def __init__(self) -> None:
        self._flops = FlopCounterMode(display=False, custom_mapping=_FLOPS)
        self._seen = _Seen()

    def __enter__(self) -> ProductCounter:
        self._flops.__enter__()  # type: ignore[no-untyped-call]
        self._seen.__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: Any) -> None:
        self._seen.__exit__(*error)  # type: ignore[no-untyped-call]
        self._flops.__exit__(*error)  # type: ignore[no-untyped-call]

    @property
    def macs(self) -> int:
        """Multiply-accumulates counted."""
        return int(self._flops.get_total_flops()) // 2

    @property
    def uncounted(self) -> tuple[str, ...]:
        """Names of the operations that were not counted, sorted."""
        return tuple(sorted(self._seen.uncounted))


@contextmanager
def decomposed() -> Iterator[None]:
    """Let torch run attention and recurrent layers as the matrix products they consist of.

    Their fused kernels hide the products from the counter. Settings are put back at the end.
    """
    fast, onednn = torch.backends.mha.get_fastpath_enabled(), torch.backends.mkldnn.flags
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of its own settings
            with onednn(enabled=False), sdpa_kernel(SDPBackend.MATH):
                yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


class _Seen(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes the operations that the counter does not know and that may multiply."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.uncounted: set[str] = set()

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        packet = function._overloadpacket
        if packet not in flop_registry and packet not in _FLOPS:
            namespace, _, name = function._schema.name.partition("::")
            name = name.strip("_")
            if namespace not in _NAMESPACES:
                self.uncounted.add(f"{namespace}.{name}")
            elif name not in _NO_PRODUCT and any(map(_PRODUCT.fullmatch, name.split("_"))):
                self.uncounted.add(name)
        return function(*args, **(kwargs or {}))
