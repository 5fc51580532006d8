"""Latency of a DNN over server threads: measured sweeps, fits, Neurosurgeon's predictor.

`fits` fits Eq. 7 and other forms; `profiles` holds measured machines and the paper's boards.
Built on the model, `files` and `networks`; used by `horizon`, `suites` and commands.
"""
