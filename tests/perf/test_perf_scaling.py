"""Time and memory from three devices to a million, method by method: `make perf`.

`splitbench scaling` prints the same. No time is asserted.
"""

from __future__ import annotations

import pytest

from splitbench.benchmark.studies.scaling import measure, table

pytestmark = pytest.mark.perf


@pytest.mark.timeout(7_200)
def test_growth(capsys: pytest.CaptureFixture[str]) -> None:
    """Each method as far as it comes in a minute a slot; `exact` proves every size."""
    measured = measure()
    with capsys.disabled():
        print("\n\n" + table(measured))
    points = measured["points"]
    assert {one["status"] for one in points if one["method"] == "exact"} == {"optimal"}
