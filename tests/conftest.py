"""Fixtures of every test: trained policies go to a directory of the test session."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# No test asserts a time: a busy machine must not fail one.
settings.register_profile("splitbench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("splitbench")


# Nor does the width of the terminal that the tests are started from.
os.environ.pop("COLUMNS", None)


@pytest.fixture(scope="session", autouse=True)
def policies_of_this_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Policies trained earlier, or by a user of this machine, must not affect a test."""
    before = os.environ.get("SPLITBENCH_POLICIES")
    os.environ["SPLITBENCH_POLICIES"] = str(tmp_path_factory.mktemp("policies"))
    yield
    if before is None:
        del os.environ["SPLITBENCH_POLICIES"]
    else:
        os.environ["SPLITBENCH_POLICIES"] = before
