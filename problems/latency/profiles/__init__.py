"""Measured machines: profile files, the paper's boards and server, tests of linear shares.

Built on `latency.fits` and `networks`; used by `horizon.scenario`, `suites` and commands.
"""
