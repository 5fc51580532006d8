"""Latency of a DNN over server threads: curves, measured sweeps, Neurosurgeon's predictor.

`fits` fits Eq. 7 and other forms; `profiles` holds measured machines and the paper's boards.
Built on `errors` and `networks` only; used by the model, `suites` and commands.
"""
