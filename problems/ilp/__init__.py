"""The slot as an integer linear programme: its columns, and files for any MIP solver.

Built on the model (`problems.slot`); used by `splitbench.solvers.ilp` and the command `export`.
"""
