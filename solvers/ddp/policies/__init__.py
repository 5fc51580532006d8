"""Trained policies: their files, where they are found, and how they are run without torch.

Built on `solvers.ddp`; used by its partitioners.
"""
