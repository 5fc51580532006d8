"""Measuring DNNs on this machine: torch runs in subprocesses with pinned threads only."""
