"""The paper reproduced: its figures and tables, a verdict on each claim, and what lies beyond.

Cells run through `benchmark.runs`; drawings are in `results.figures`.
"""
