"""Layer graphs from PyTorch modules.

Needs torch, as only `architectures` does besides.
Built on `networks`; used by `splitbench profile` and by the tools that write layer tables.
"""

from splitbench.problems.networks.tracing.trace import trace_module

__all__ = ["trace_module"]
