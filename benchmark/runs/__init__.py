"""Runs: the plan, resuming from the store, progress and time estimates.

Built on `referee`; used by the commands.
"""
