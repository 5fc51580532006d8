"""Layer graphs from PyTorch modules; the only package of `problems` that needs torch."""

from splitbench.problems.networks.tracing.trace import trace_module

__all__ = ["trace_module"]
