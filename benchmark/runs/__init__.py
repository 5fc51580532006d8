"""What to run: the plan of a run, resuming from the store, progress and estimates.

Built on `referee`; used by the commands.
"""
