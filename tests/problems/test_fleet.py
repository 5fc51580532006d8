"""A fleet's curves: impossible latencies are refused before they are used."""

from dataclasses import replace

import numpy as np
import pytest

from splitbench.problems import Exp2Curve, Fleet, InputError, TableCurve, ThreadCurve
from splitbench.problems.latency.profiles.device_builder import make_device

DEVICE = make_device("md0", "orin-nano", "resnet34", battery_max_j=1e3)


@pytest.mark.parametrize(
    ("curve", "says"),
    [
        (TableCurve((0.4, 0.2, 0.0)), r"D\(3\) = 0 s"),
        (TableCurve((0.4, -0.1, 0.2)), r"D\(2\) = -0.1 s"),
        (Exp2Curve(0.4, 0.0, 1e-300, 600.0), r"D\(2\) = inf s"),
        (Exp2Curve(0.4, 0.0, -0.05, 1.0), r"D\(3\) = -0.6"),
    ],
)
def test_a_curve_that_is_not_positive_is_refused(curve: ThreadCurve, says: str) -> None:
    """The first count at which D(k) is not a positive number is named, with the device."""
    fleet = Fleet([replace(DEVICE, curve=curve)])
    assert fleet.curve_s(1).tolist() == [[pytest.approx(0.4, rel=0.4)]]
    with pytest.raises(InputError, match=f"device md0: got {says}"):
        fleet.curve_s(4)


def test_what_a_device_may_not_be_given_does_not_matter() -> None:
    """Past a table's end D(k) is NaN, past `max_threads` anything: neither is ever used."""
    short = replace(DEVICE, curve=TableCurve((0.4, 0.2)))
    capped = replace(DEVICE, name="md1", curve=Exp2Curve(0.4, 0.0, -0.05, 1.0), max_threads=2)
    seconds = Fleet([short, capped]).curve_s(4)
    assert np.isnan(seconds[0, 2:]).all()
    assert (seconds[:, :2] > 0).all()
