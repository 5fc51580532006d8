"""Profile files as boards and servers of devices and suites; plan and truth apart."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splitbench.problems.errors import InputError
from splitbench.problems.horizon.horizon import save_horizon
from splitbench.problems.latency.profiles.device_builder import make_device, server_curve
from splitbench.problems.latency.profiles.profile_file import save_profile
from splitbench.problems.suites.named_suites import make_suite, with_truth
from splitbench.problems.thread_curves import Exp2Curve, TableCurve
from tests.profile_data import profile_object

PAPER = ("vgg16_bn", "resnet34", "mobilenet_v2")


def _file(tmp_path: Path, name: str = "my.json", **made: Any) -> str:
    path = tmp_path / name
    save_profile(profile_object(**made), path)
    return str(path)


def _device(board: str, server: str, **more: Any) -> Any:
    return make_device("md0", board, "mobilenet_v2", battery_max_j=1.0, server=server, **more)


def test_each_end_uses_its_own_measured_split(tmp_path: Path) -> None:
    """Board (1 − x)² and server (1 − x)³ files: local from the one, server share from the other."""
    board = _file(tmp_path, "board.json", power=2.0)
    server = _file(tmp_path, "server.json", power=3.0)
    device = _device(board, server, split="measured")
    left = 1 - np.arange(device.layers + 1) / device.layers
    whole = 0.1 / 4 + 0.02
    np.testing.assert_allclose(device.local_s, whole * (1 - left**2), atol=1e-12)
    np.testing.assert_allclose(device.server_share, left**3, atol=1e-12)


def test_an_end_without_splits_takes_the_other_ends(tmp_path: Path) -> None:
    """A shipped board takes the server's share, and the other way round; two shipped have none."""
    file = _file(tmp_path)
    helped = _device("orin-nx", file, split="measured")
    left = (1 - np.arange(helped.layers + 1) / helped.layers) ** 2
    np.testing.assert_allclose(helped.local_s, helped.local_s[-1] * (1 - left), atol=1e-12)
    alone = _device(file, "i7-12700kf", split="measured")
    np.testing.assert_allclose(alone.server_share, left, atol=1e-12)
    with pytest.raises(InputError, match="were not measured; expected linear or macs"):
        _device("orin-nx", "i7-12700kf", split="measured")


def test_the_boards_thread_count_can_be_chosen(tmp_path: Path) -> None:
    """`cores` must have been measured; the default is most threads with a core each."""
    file = _file(tmp_path)
    assert _device(file, file, cores=1).local_s[-1] == pytest.approx(0.12)
    assert _device(file, file).local_s[-1] == pytest.approx(0.045)
    with pytest.raises(InputError, match="1, 2, 4"):
        _device(file, file, cores=3)


def test_no_framework_factor_on_what_was_measured(tmp_path: Path) -> None:
    """D(k) of a file is the file's, times the scale asked for."""
    curve = server_curve(_file(tmp_path), "mobilenet_v2", 2.0, "table")
    np.testing.assert_allclose(curve.seconds(np.array([1, 4])), [0.24, 0.09], rtol=1e-12)


def test_different_networks_of_one_name_are_refused(tmp_path: Path) -> None:
    """Board and server files must have measured the same virtual layers."""
    data = profile_object()
    data["dnns"][0]["cut_values"][3] += 1
    save_profile(data, tmp_path / "other.json")
    with pytest.raises(InputError, match="expected profiles of the same network"):
        _device(_file(tmp_path), str(tmp_path / "other.json"))


def test_suites_take_files(tmp_path: Path) -> None:
    """`server=` and `board=` reach every device; draws stay as they were; the suite names files."""
    file = _file(tmp_path, dnns=PAPER)
    suite = make_suite(f"paper-wifi[server={file},board={file}]")
    plain, made = make_suite("paper-wifi").horizon(3, 5), suite.horizon(3, 5)
    np.testing.assert_array_equal(plain.uplink_bps, made.uplink_bps)
    np.testing.assert_array_equal(plain.threads, made.threads)
    assert suite.files == (file,)
    assert suite.model["server"] == file
    assert len(suite.remarks) == 3
    assert all("too few for Eq. 7" in remark for remark in suite.remarks)
    assert all("1 − l/S (Eq. 8), at most 0.25 off those" in remark for remark in suite.remarks)
    assert suite.model["split"] == "linear"
    measured = make_suite(f"paper-wifi[server={file},split=measured]")
    assert all("as measured at k = " in remark for remark in measured.remarks)
    assert measured.model["split"] == "measured"
    assert make_suite("paper-wifi").remarks == ()
    for device in made.fleet.devices:
        assert isinstance(device.curve, TableCurve)
        assert device.local_s[-1] == pytest.approx(0.045)
    assert make_suite("paper-wifi").files == ()


def test_a_server_file_that_lacks_what_the_suite_needs_is_refused(tmp_path: Path) -> None:
    """Missing DNNs, and tables that end before the slot's threads, at once and in one line."""
    with pytest.raises(InputError, match="vgg16_bn"):
        make_suite(f"paper-wifi[server={_file(tmp_path)}]")
    file = _file(tmp_path, dnns=PAPER)
    with pytest.raises(InputError, match="known to 12 for all"):
        make_suite(f"paper-wifi[server={file},curve=table]")
    with pytest.raises(InputError, match=r"nowhere\.json"):
        make_suite("paper-wifi[board=nowhere.json]")
    with pytest.raises(InputError, match=r"nowhere\.json"):
        make_suite("small[server=nowhere.json]")


def test_plan_and_truth_are_two_fleets() -> None:
    """With truth=table the world has tables and the solver sees Eq. 7; draws are the same."""
    horizon = make_suite("hetero[truth=table]").horizon(1, 4)
    plain = make_suite("hetero").horizon(1, 4)
    np.testing.assert_array_equal(horizon.arrival_rate_hz, plain.arrival_rate_hz)
    problem = horizon.slot(0, horizon.battery_start_j)
    seen = problem.as_planned()
    assert all(isinstance(device.curve, TableCurve) for device in problem.fleet.devices)
    assert all(isinstance(device.curve, Exp2Curve) for device in seen.fleet.devices)
    assert seen.planning is None
    assert seen.as_planned() is seen
    # Threads that cannot be given at all are known to the planner.
    np.testing.assert_array_equal(problem.fleet.thread_caps, seen.fleet.thread_caps)
    for ours, theirs in zip(seen.fleet.devices, plain.fleet.devices, strict=True):
        assert ours.curve == theirs.curve
        assert ours.local_s == theirs.local_s


def test_truth_like_the_plan_changes_nothing() -> None:
    """truth=exp2 over curve=exp2: plan and world give the same utilities."""
    horizon = make_suite("paper-wifi[truth=exp2]").horizon(0, 1)
    problem = horizon.slot(0, horizon.battery_start_j)
    np.testing.assert_array_equal(problem.utility_table(), problem.as_planned().utility_table())


def test_what_cannot_have_a_truth_says_so(tmp_path: Path) -> None:
    """Independent instances and files hold one model; unknown kinds are refused."""
    with pytest.raises(InputError, match="suite of horizons"):
        make_suite("small[truth=table]")
    with pytest.raises(InputError, match="did you mean table"):
        make_suite("paper-wifi[truth=tabel]")
    with pytest.raises(InputError, match="one D"):
        save_horizon(make_suite("paper-wifi[truth=table]").horizon(0, 2), tmp_path / "h.json")


def test_with_truth_keeps_the_other_parameters() -> None:
    """The option is a parameter of the suite like any other."""
    assert with_truth("hetero[devices=3]", "table") == "hetero[devices=3,truth=table]"
    assert with_truth("hetero[truth=exp2]", "table") == "hetero[truth=table]"


@pytest.mark.parametrize("source", ["u.csv", "i7-12700kf"])
def test_idle_threads_in_suites(source: str, tmp_path: Path) -> None:
    """`curve=table[idle=allowed]` gives every device the running minimum of its table."""
    rows = ["a,mobilenet_v2,1,64", "a,mobilenet_v2,4,21", "a,mobilenet_v2,16,80"]
    (tmp_path / "u.csv").write_text("\n".join(["machine,model,threads,latency_ms", *rows]))
    server = str(tmp_path / source) if source.endswith(".csv") else source
    suites = [
        make_suite(f"hetero[devices=1,slots=1,server={server},dnn=mobilenet_v2,curve={kind}]")
        for kind in ("table", "table[idle=allowed]")
    ]
    curves = [made.horizon(0).fleet.devices[0].curve for made in suites]
    assert isinstance(curves[0], TableCurve)
    assert isinstance(curves[1], TableCurve)
    rising, falling = (np.array(curve.table_s) for curve in curves)
    assert np.diff(rising).max() > 0
    np.testing.assert_array_equal(falling, np.minimum.accumulate(rising))
