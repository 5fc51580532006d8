"""Figures from the store with matplotlib, loaded when one is drawn.

Built on `results.statistics`; used by the report and the commands `plot`, `fit` and `paper`.
"""
