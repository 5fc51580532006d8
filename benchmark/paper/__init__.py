"""Reproduce the paper: its figures and tables, a verdict on each claim, and further studies.

Cells run through `benchmark.runs`; drawings are in `results.figures`.
"""
