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


def network_of(job: Job) -> tuple[nn.Module, Tensor]:
    """Return the module, ready for inference, and one input.

    Raises
    ------
    InputError
        A user's file that cannot be run, lacks the name, or has something else under it.
    """
    torch.manual_seed(job.seed)
    path, _, name = job.model.rpartition(":")
    module = _from_file(path, name) if path else build(job.model, device="cpu")
    example = torch.randn(job.input_shape)
    module.eval().requires_grad_(False)
    try:
        with torch.inference_mode():
            module(example)
    except Exception as error:  # a user's code, or a shape that does not fit
        hint = "" if job.input_shape != IMAGE else " (--input-shape sets another)"
        raise InputError(
            f"--model {model_name(job.model)}: {type(error).__name__}: {_first_line(error)}; "
            f"expected a module that takes a tensor of shape {list(job.input_shape)}{hint}"
        ) from None
    return module, example


def _from_file(path: str, name: str) -> nn.Module:
    try:
        found: Any = getattr(import_file(Path(path)), name)
        made = found if isinstance(found, nn.Module) else found()
    except InputError as error:
        raise InputError(f"--model {error}") from None
    except Exception as error:  # a user's code: anything may come out of it
        raise InputError(
            f"--model {path}:{name}: {type(error).__name__}: {_first_line(error)}; expected a "
            "torch.nn.Module of that name, or something to call without arguments that returns one"
        ) from None
    if not isinstance(made, nn.Module):
        raise InputError(
            f"--model {path}:{name}: got {type(made).__name__}; expected a torch.nn.Module"
        )
    return made


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "no message")
