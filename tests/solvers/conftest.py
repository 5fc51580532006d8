"""The slot that tests of plug-ins use."""

from __future__ import annotations

import numpy as np
import pytest

from splitbench.problems import SlotProblem
from tests.strategies import random_problem


@pytest.fixture
def problem() -> SlotProblem:
    """A slot where there is room for every device."""
    return random_problem(
        np.random.default_rng(1), devices=3, spare=4, load="light", battery="full", caps=False
    )
