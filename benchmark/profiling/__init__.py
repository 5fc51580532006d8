"""Measure DNNs on this machine: torch runs only in subprocesses with pinned threads.

Built on `problems.networks` and `problems.latency`; used by the
command `profile`.
"""
