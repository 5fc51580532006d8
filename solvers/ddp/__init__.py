"""Learned partitioners: `ddp`, the paper's Algorithm 2, and `ddp-shared` and `imitation` beyond it.

Actions, observations, episodes and parameters stand here; `training` needs torch, `policies` runs
a trained network without it. Imports problems, solvers.threads, solvers.horizon and solvers.exact.
"""
