"""What an operation of a traced graph is: its kind of layer, and whether it only relabels."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

VIEW = "view"  # passes its input's values on, rearranged at most
SPLIT = "split"  # the same, as a tuple of tensors
_RESULT_LIKE_INPUT = frozenset(
    {"to", "float", "half", "clone", "detach", "contiguous", "type", "alias", "to_copy", "cpu"}
    | {"lift_fresh_copy", "lift_fresh", "double", "bfloat16"}
)
_VIEWS = frozenset(
    {
        *("flatten", "unflatten", "reshape", "view", "view_as", "squeeze", "unsqueeze", "ravel"),
        *("permute", "transpose", "swapaxes", "movedim", "t", "moveaxis", "swapdims", "identity"),
        *("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "channel_shuffle"),
        *("feature_alpha_dropout", "pixel_shuffle", "pixel_unshuffle", "flip", "roll"),
        *("unsafe_view", "feature_dropout"),
    }
)
_SPLITS = frozenset(
    {"chunk", "split", "unbind", "tensor_split", "split_with_sizes", "hsplit", "unsafe_split"}
    | {"unsafe_chunk", "vsplit", "dsplit"}
)
_BY_NAME = {
    "concat": ("cat", "concat", "concatenate", "stack", "hstack", "vstack"),
    "add": ("add", "iadd", "sub", "isub", "rsub"),
    "mul": ("mul", "imul", "div", "truediv", "itruediv", "multiply", "true_divide"),
    "matmul": ("matmul", "imatmul", "mm", "bmm", "addmm", "baddbmm", "einsum"),
    "norm": (
        *("batch_norm", "layer_norm", "group_norm", "instance_norm", "normalize", "rms_norm"),
        *("local_response_norm", "native_batch_norm_legit_no_training", "native_layer_norm"),
    ),
    "activation": (
        *("relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "selu", "celu", "gelu"),
        *("silu", "mish", "sigmoid", "logsigmoid", "hardsigmoid", "hardswish", "hardtanh"),
        *("tanh", "softmax", "log_softmax", "softmin", "softplus", "softsign", "softshrink"),
        *("hardshrink", "tanhshrink", "threshold", "glu", "safe_softmax"),
    ),
    "slice": ("getitem", "narrow", "select", "index_select", "slice"),
    "linear": ("linear", "bilinear"),
}
_KIND_OF = {name: kind for kind, names in _BY_NAME.items() for name in names}
_CONVOLUTIONS = frozenset(
    f"conv{transposed}{dimensions}d"
    for transposed in ("", "_transpose")
    for dimensions in (1, 2, 3)
)
_VIEW_MODULES = (nn.Identity, nn.Flatten, nn.Unflatten, nn.ChannelShuffle)
_REARRANGING = (nn.PixelShuffle, nn.PixelUnshuffle)
_NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.LocalResponseNorm, nn.RMSNorm)


def module_kind(module: nn.Module) -> str:
    """Return the kind of layer that a leaf module is, or `VIEW`."""
    family = type(module).__module__.rsplit(".", 1)[-1]
    if isinstance(module, _ConvNd):
        return "conv"
    if isinstance(module, nn.Linear | nn.Bilinear):
        return "linear"
    if isinstance(module, _VIEW_MODULES + _REARRANGING) or family == "dropout":
        return VIEW
    if isinstance(module, _NORMS):
        return "norm"
    if family == "pooling":
        return "pool"
    if family == "activation" and not isinstance(module, nn.MultiheadAttention):
        return "activation"
    return "other"


def function_kind(name: str) -> str:
    """Return the kind of layer that a function or method is, by its name, or `VIEW`, `SPLIT`."""
    name = name.removeprefix("torch.").rstrip("_")
    if name in _VIEWS or name in _RESULT_LIKE_INPUT:
        return VIEW
    if name in _SPLITS:
        return SPLIT
    if name in _CONVOLUTIONS:
        return "conv"
    if "pool" in name or name in ("mean", "amax"):
        return "pool"
    return _KIND_OF.get(name, "other")


def is_adaptive_pool(name: str) -> bool:
    """Whether a pooling takes its output size, so that it may be the identity."""
    return "adaptive" in name.lower()
