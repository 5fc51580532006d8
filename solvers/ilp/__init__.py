"""The slot as an integer linear programme: CBC (PuLP), HiGHS and CP-SAT (OR-Tools).

Built on `problems.ilp.ilp_columns` and `exact`; found by the registry.
"""
