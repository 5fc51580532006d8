"""The networks that are measured: shipped architectures and a user's own module.

Weights are random: latency depends on sizes, not on values, once denormal numbers are flushed
(the worker does). Needs torch; imported by the worker process only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from splitbench.benchmark.profiling.jobs import IMAGE, Job, model_name
from splitbench.problems.errors import InputError
from splitbench.problems.networks.architectures.architectures import build
from splitbench.solvers.user_files import import_file


def network_of(job: Job) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """Return the module, ready for inference, and the inputs of one task.

    Raises
    ------
    InputError
        A user's file that cannot be run, lacks the name, or has something else under it; inputs
        that the module does not take, or that are given twice.
    """
    torch.manual_seed(job.seed)
    path, _, name = job.model.rpartition(":")
    module, own = _from_file(path, name) if path else (build(job.model, device="cpu"), None)
    if own is not None and job.input_shape != IMAGE:
        raise InputError(
            f"--input-shape: got a shape, but {model_name(job.model)} states its inputs; "
            "expected one of both"
        )
    inputs = (torch.randn(job.input_shape),) if own is None else own
    module.eval().requires_grad_(False)
    try:
        with torch.inference_mode():
            module(*inputs)
    except Exception as error:  # a user's code, or a shape that does not fit
        shapes = " and ".join(str(list(tensor.shape)) for tensor in inputs)
        taken = f"tensors of shapes {shapes}" if len(inputs) > 1 else f"a tensor of shape {shapes}"
        hint = " (--input-shape sets another)" if own is None and job.input_shape == IMAGE else ""
        raise InputError(
            f"--model {model_name(job.model)}: {type(error).__name__}: {_first_line(error)}; "
            f"expected a module that takes {taken}{hint}"
        ) from None
    return module, inputs


def _from_file(path: str, name: str) -> tuple[nn.Module, tuple[Tensor, ...] | None]:
    """Return a file's module and its inputs, None where the file does not state them."""
    try:
        found: Any = getattr(import_file(Path(path)), name)
        made = found if isinstance(found, nn.Module | tuple) else found()
    except InputError as error:
        raise InputError(f"--model {error}") from None
    except Exception as error:  # a user's code: anything may come out of it
        raise InputError(
            f"--model {path}:{name}: {type(error).__name__}: {_first_line(error)}; expected a "
            "torch.nn.Module of that name, or something to call without arguments that returns one"
        ) from None
    module, inputs = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
    if isinstance(inputs, Tensor):
        inputs = (inputs,)
    fits = inputs is None or (
        isinstance(inputs, tuple | list) and all(isinstance(one, Tensor) for one in inputs)
    )
    if not isinstance(module, nn.Module) or not fits or inputs in ((), []):
        raise InputError(
            f"--model {path}:{name}: got {type(made).__name__}; expected a torch.nn.Module, or "
            "one with its inputs: (module, tensor) or (module, (tensor, tensor))"
        )
    return module, None if inputs is None else tuple(inputs)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "no message")
