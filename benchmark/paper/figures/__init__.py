"""The paper's figures and tables, one module each.

Built on `benchmark.paper` (cells, verdicts, claims) and, for Fig. 2, 3 and Table II, on profiles.
"""
