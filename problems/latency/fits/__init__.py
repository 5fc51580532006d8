"""Fits of Eq. 7 and of other forms to measured sweeps, and the fits that ship.

Built on `latency.sweeps`; used by `latency.profiles` and the commands `fit` and `paper`.
"""
