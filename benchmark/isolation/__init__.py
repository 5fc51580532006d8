"""The player (a process that runs one plug-in), its guard and limits, and their protocol.

Built on `referee`; used by `executors` and `runs`.
"""
