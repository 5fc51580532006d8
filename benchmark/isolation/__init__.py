"""The player: a process that holds one plug-in, its guard and limits, and the protocol between.

Built on `referee`; used by `executors` and `runs`.
"""
