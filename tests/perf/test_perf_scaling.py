"""Time and memory of one slot from three devices to a million: `make perf`.

    python -m splitbench.benchmark.studies.scaling --out results/reference/scaling.json

makes the file that docs/performance.md and `splitbench plot scaling` show. No time is asserted.
"""

from __future__ import annotations

import pytest

from splitbench.benchmark.studies.scaling import lines, measure

pytestmark = pytest.mark.perf


@pytest.mark.timeout(7_200)
def test_growth(capsys: pytest.CaptureFixture[str]) -> None:
    """Each method as far as it comes in a minute a slot; `exact` proves every size."""
    points = measure()
    with capsys.disabled():
        print("\n\n" + "\n".join(lines(points)))
    assert {one.status for one in points if one.method == "exact"} == {"optimal"}
