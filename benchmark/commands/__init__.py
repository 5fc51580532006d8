"""The commands: one module for each group, thin, with heavy imports inside the functions.

Built on every other part of `benchmark`, and on `results` to print.
Imported by `cli` only.
"""
