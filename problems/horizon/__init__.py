"""Slots in time: the horizon, its simulation, and horizons drawn from a scenario and a seed.

Built on the model, `files` and `latency.profiles`; used by `suites`, solvers and the harness.
"""
