"""Layer graphs from PyTorch modules; the only package of `problems` that needs torch."""

from problems.tracing.trace import trace_module

__all__ = ["trace_module"]
