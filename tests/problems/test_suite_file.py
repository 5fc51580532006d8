"""Suite files: every built-in suite as a file, users' own files, and messages for bad ones."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splitbench.benchmark.cli import main
from splitbench.benchmark.planning.code import content_digest
from splitbench.problems import InputError
from splitbench.problems.horizon.scenario import Scenario
from splitbench.problems.suites.named_suites import Suite, make_suite, suite_names, toml_of
from splitbench.problems.sun.days import FOLDER, SHIPPED
from tests.profile_data import profile_object

OWN = """
format = "splitbench/suite@1"
name = "my site"
about = "two kinds of device"
seeds = 2
slots = 6

[server]
profile = "sweep.csv"
threads = [6, 9]
curve = "table"

[uplink]
mbps = [5, 20]

[arrivals]
tasks = [10, 20]

[sun]
trace = "midc-20181014"
start_minute = [600, 700]
panel_m2 = 0.003

[battery]
max_j = 2000

[[kind]]
network = "resnet34"
board = "orin-nano"
count = 2

[[kind]]
network = "resnet34"
seconds = 0.25
uplink_mbps = [1, 2]
tasks = [1, 1]
battery_max_j = 500
panel_m2 = 0.0
start_charge = [0.5, 0.5]
server = "xeon-8573c"
"""


def sweep(path: Path, machines: tuple[str, ...] = ("lab",)) -> None:
    """Write thread measurements of ResNet-34."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["machine", "model", "threads", "latency_ms"])
        for machine in machines:
            for threads in range(1, 9):
                writer.writerow([machine, "resnet34", threads, 20 + 180 / threads])


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A suite file beside the sweep it names."""
    sweep(tmp_path / "sweep.csv")
    path = tmp_path / "mine.toml"
    path.write_text(OWN, encoding="utf-8")
    return path


def contents(suite: Suite, seed: int) -> list[str]:
    """Digests of all that a suite poses for a seed."""
    posed: list[Any] = [suite.horizon(seed)] if suite.episodes else suite.instances(seed)
    return [content_digest(one) for one in posed]


@pytest.mark.parametrize(
    "name",
    [*suite_names(), "hetero[devices=30,arrival_scale=1.5,curve=table]", "small[devices=3]",
     "paper-wifi[energy_scope=task,truth=table,cores=1/1/2,server_s=0.5/-/0.1]"],
)  # fmt: skip
def test_every_suite_as_a_file(name: str, tmp_path: Path) -> None:
    """What `show SUITE --toml` writes poses the same problems, whatever the seed."""
    suite = make_suite(name)
    path = tmp_path / "suite.toml"
    path.write_text(toml_of(suite), encoding="utf-8")
    again = make_suite(str(path))
    assert again.scenario == suite.scenario
    assert again.label == suite.name
    assert (again.description, again.slots) == (suite.description, suite.slots)
    for seed in (0, 7):
        assert contents(again, seed) == contents(suite, seed)
    assert toml_of(again) == toml_of(suite)


def test_solvers_find_what_they_learned_on_a_suite(tmp_path: Path) -> None:
    """A file with a built-in suite's data is that suite to a solver; a changed one is not."""
    path = tmp_path / "suite.toml"
    text = toml_of(make_suite("paper-wifi"))
    path.write_text(text, encoding="utf-8")
    assert make_suite(str(path)).horizon(0, 1).suite == "paper-wifi"
    path.write_text(text.replace("max_j = 3600.0", "max_j = 3601.0"), encoding="utf-8")
    assert make_suite(str(path)).horizon(0, 1).suite == str(path)


def test_a_suite_of_ones_own(own: Path) -> None:
    """Kinds by count, each with what it has of its own; a sweep as the server."""
    suite = make_suite(str(own))
    assert (suite.label, suite.seeds, suite.slots) == ("my site", 2, 6)
    assert suite.name == str(own)
    assert str(own.parent / "sweep.csv") in suite.files
    horizon = suite.horizon(3)
    first, _, third = horizon.fleet.devices
    assert first.curve.seconds(np.array(1)) == pytest.approx(0.2)
    assert third.curve.seconds(np.array(1)) != pytest.approx(0.2)
    assert third.local_s[-1] == 0.25
    assert (horizon.uplink_bps[:, 2] <= 2e6).all()
    assert (horizon.uplink_bps[:, :2] >= 5e6).all()
    assert horizon.arrival_rate_hz[:, 2] == pytest.approx(1 / 30)
    assert horizon.battery_start_j.tolist() == [2000.0, 2000.0, 250.0]
    assert (horizon.harvest_j[:, 2] == 0).all()
    assert make_suite(f"{own}[arrival_scale=2]").horizon(3).arrival_rate_hz == pytest.approx(
        2 * horizon.arrival_rate_hz
    )


def test_a_sweep_as_board_and_server(tmp_path: Path) -> None:
    """Also in brackets; of several machines one is named."""
    path = tmp_path / "sweep.csv"
    sweep(path, ("lab", "field"))
    name = f"paper-wifi[dnn=resnet34,board={path}:field,server={path}:lab,cores=2]"
    device = make_suite(f"{name[:-1]},threads_scale=0.5]").horizon(0, 1).fleet.devices[0]
    assert device.local_s[-1] == pytest.approx(0.11)
    with pytest.raises(InputError, match=r"on 2 machines; expected .*:field or .*:lab"):
        make_suite(f"paper-wifi[dnn=resnet34,server={path}]").horizon(0, 1)
    with pytest.raises(InputError, match="machine for resnet34"):
        make_suite(f"paper-wifi[dnn=resnet34,server={path}:lob]").horizon(0, 1)
    with pytest.raises(InputError, match="DNN in"):
        make_suite(f"paper-wifi[server={path}:lab]").horizon(0, 1)


def test_a_network_of_a_profile(own: Path) -> None:
    """A profile file brings its networks' layers along."""
    from splitbench.problems.latency.profiles.profile_file import save_profile

    save_profile(profile_object(threads=(1, 2), whole_s=lambda k: 0.3 / k), own.parent / "p.json")
    text = OWN.replace('network = "resnet34"\nboard = "orin-nano"',
                       'network = "mobilenet_v2"\nboard = "p.json"\nserver = "p.json"')  # fmt: skip
    own.write_text(text.replace("threads = [6, 9]", "threads = [3, 5]"), encoding="utf-8")
    assert make_suite(str(own)).horizon(0).fleet.devices[0].dnn == "mobilenet_v2"


def test_a_stations_file_as_the_sun(own: Path) -> None:
    """With its column and station; the harvest is that of the shipped trace it is."""
    shipped = SHIPPED["midc-20181014"]
    station = shipped.station
    given = (
        f'file = "{FOLDER / shipped.file}"\ncolumn = "{shipped.column}"\n'
        f"latitude_deg = {station.latitude_deg}\nlongitude_deg = {station.longitude_deg}\n"
        f"altitude_m = {station.altitude_m}"
    )
    known = make_suite(str(own)).horizon(1).harvest_j
    own.write_text(OWN.replace('trace = "midc-20181014"', given), encoding="utf-8")
    suite = make_suite(str(own))
    assert np.array_equal(suite.horizon(1).harvest_j, known)
    assert isinstance(suite.scenario, Scenario)
    assert make_suite(str(own)).files[-1] == str(FOLDER / shipped.file)
    given = f"sun={FOLDER / shipped.file},station=39.9106/-105.2347/1855"
    known = make_suite("cloudy[slots=5]").horizon(1)
    horizon = make_suite(f"cloudy[slots=5,{given}]").horizon(1)
    assert np.array_equal(horizon.harvest_j, known.harvest_j)
    assert horizon.clear_sky_harvest_j == pytest.approx(known.clear_sky_harvest_j, rel=1e-3)
    for wrong in ("sun=srrl-2022012", "sun_column=x", f"{given}/3", "sun=nowhere.csv"):
        with pytest.raises(InputError):
            make_suite(f"cloudy[slots=5,{wrong}]").horizon(1)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("slots = 6", "slots = 0", ["slots: got 0; expected a whole number from 1"]),
        ("mbps = [5, 20]", "mbps = [5]", ["uplink.mbps"]),
        ("[arrivals]\ntasks = [10, 20]", "", ["arrivals: missing"]),
        ("count = 2", "cuont = 2", ["kind[0].cuont: unknown field; did you mean count"]),
        ('board = "orin-nano"\n', "", ["kind resnet34: expected board or seconds"]),
        ('trace = "midc-20181014"', "", ["sun: expected either trace or file"]),
        ('board = "orin-nano"', 'board = "orin-nona"', ["did you mean orin-nano"]),
        ("format = ", "format ", ["expected TOML"]),
        ("slots = 6\n", "slots = 0\nmin_threads = 0\n", ["slots: got 0", "min_threads: got 0"]),
    ],
)  # fmt: skip
def test_bad_files_name_every_place(own: Path, old: str, new: str, says: list[str]) -> None:
    """One line that names the file and all that is wrong with it."""
    own.write_text(OWN.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        make_suite(str(own)).horizon(0, 1)
    line = str(caught.value)
    assert len(line.splitlines()) == 1
    assert all(text in line for text in says), line


def test_show_as_toml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`show SUITE --toml` prints a suite file."""
    assert main(["show", "often-full", "--toml"]) == 0
    path = tmp_path / "often.toml"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert make_suite(str(path)).scenario == make_suite("often-full").scenario
