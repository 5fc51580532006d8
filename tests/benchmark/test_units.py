"""Durations and sizes on the command line."""

import pytest

from splitbench.benchmark.durations import seconds, size_bytes
from splitbench.problems import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [("10s", 10.0), ("5m", 300.0), ("500ms", 0.5), ("2h", 7200.0), ("3", 3.0), ("none", None)],
)
def test_durations(text: str, expected: float | None) -> None:
    """A duration is read in seconds, and `none` is no limit."""
    assert seconds(text, "--timeout") == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("4GiB", 2**32), ("500MB", 5 * 10**8), ("1024", 1024), ("none", None)]
)
def test_sizes(text: str, expected: int | None) -> None:
    """A size is read in bytes; GiB is binary, GB decimal."""
    assert size_bytes(text, "--memory") == expected


@pytest.mark.parametrize("text", ["", "ten", "-5s", "0s", "5 fortnights", "1e3s", "inf", "nan"])
def test_nonsense_is_refused_in_one_line(text: str) -> None:
    """What is no duration is refused with the option, the value and what is accepted."""
    with pytest.raises(InputError, match=r"--timeout: got .*expected a duration") as caught:
        seconds(text, "--timeout")
    assert "\n" not in str(caught.value)
