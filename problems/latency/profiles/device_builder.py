"""Build devices from profiles of a board and a server: D_loc, D(k), layers and cuts."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.problems.equations import linear_local_s, linear_server_share
from splitbench.problems.errors import InputError
from splitbench.problems.fleet import Device
from splitbench.problems.latency.fits.shipped_fits import published_exp2
from splitbench.problems.latency.profiles.calibration import AS_PROFILED, Calibration, merge
from splitbench.problems.latency.profiles.measured_dnn import interpolated_s
from splitbench.problems.latency.profiles.measured_machines import (
    layers_of,
    measured_dnn,
    measured_shares,
)
from splitbench.problems.latency.profiles.shipped_machines import (
    COMPUTE_POWER_W,
    DEADLINE_SHARE,
    TRANSMIT_POWER_W,
    ServerProfile,
    board_profile,
    server_profile,
)
from splitbench.problems.latency.profiles.sweep_profiles import (
    curve_of_sweep,
    sweep_in_file,
    whole_s_of_sweep,
)
from splitbench.problems.latency.stand_ins import framework_factor
from splitbench.problems.latency.sweeps import Sweep, published_sweep
from splitbench.problems.thread_curves import Exp2Curve, TableCurve, ThreadCurve

Split = Literal["linear", "macs", "measured"]
CurveKind = Literal["exp2", "table", "table[idle=allowed]"]


def device_profile(board: str, dnn: str, cores: int | None = None) -> float:
    """Return D_loc: seconds of the whole DNN on a board.

    Parameters
    ----------
    board, dnn
        Names in `BOARDS` and in the board's sweep; or a profile file, or a CSV of thread
        measurements, and a DNN of it.
    cores
        A thread count that was measured; the profile's own by default.

    Raises
    ------
    UnknownNameError
        No such board, or no such DNN on it.
    InputError
        A core count that was not measured.
    """
    measured = measured_dnn(board, dnn)
    if measured is not None:
        run = measured.split_run if cores is None else measured.run(cores)
        return float(run.whole.median_s)
    sweep = sweep_in_file(board, dnn)
    if sweep is not None:
        return whole_s_of_sweep(sweep, cores)
    profile = board_profile(board)
    wanted = profile.cores if cores is None else cores
    ncnn_s = _measured_s(sweep_of(profile.machine, dnn), wanted, f"board {board}")
    return framework_factor(dnn) * profile.clock_factor * ncnn_s


def level_factor(profile: ServerProfile, dnn: str) -> float:
    """Return the ratio of a server's latency to that of the sweep that gives its curve's shape."""
    if profile.level_machine is None:
        return profile.clock_factor
    level, shape = (
        _measured_s(sweep_of(machine, dnn), profile.level_threads, f"server {profile.name}")
        for machine in (profile.level_machine, profile.machine)
    )
    return profile.clock_factor * level / shape


def server_curve(
    server: str, dnn: str, scale: float = 1.0, kind: CurveKind = "exp2"
) -> ThreadCurve:
    """Return D(k) of the whole DNN on a server.

    `exp2` is the shipped fit of Eq. 7. `table` is what was measured, at the measured counts as it
    is and between them interpolated on log-log axes (exact for a power of k); it keeps what the
    fit smooths, such as MobileNet-V2's rise past 16 threads, and ends at the last measured count.
    `table[idle=allowed]` is its running minimum: of k threads some may idle.
    Of a profile file (`server` ends in .json), see `MeasuredDnn.curve`; of a CSV of thread
    measurements, see `curve_of_sweep`.

    Parameters
    ----------
    scale
        How many times slower the server is than its profile says.

    Raises
    ------
    UnknownNameError
        No such server, or no such DNN on it.
    InputError
        An unknown kind, or a scale that is not a positive finite number.
    """
    if kind not in get_args(CurveKind):
        raise InputError(f"curve: got {kind!r}; expected {' or '.join(get_args(CurveKind))}")
    if not 0.0 < scale < np.inf:
        raise InputError(f"server scale: got {scale}; expected a number > 0")
    measured = measured_dnn(server, dnn)
    if measured is not None:
        return measured.curve(kind, scale)[0]
    sweep = sweep_in_file(server, dnn)
    if sweep is not None:
        return curve_of_sweep(sweep, kind, scale)
    profile = server_profile(server)
    machine, factor = profile.machine, scale * level_factor(profile, dnn) * framework_factor(dnn)
    if kind == "exp2":
        c0, c1, c2, c3 = published_exp2(machine, dnn).constants
        return Exp2Curve(factor * c0, c1, factor * c2, c3)
    values = measured_table_s(machine, dnn, kind)
    return TableCurve(tuple(float(factor * value) for value in values))


def measured_table_s(machine: str, dnn: str, kind: CurveKind = "table") -> Floats:
    """Return D(1), D(2), … of a sweep in seconds, log-log interpolated between its counts."""
    return interpolated_s(sweep_of(machine, dnn), kind)


def make_device(
    name: str,
    board: str,
    dnn: str,
    *,
    battery_max_j: float,
    split: Split = "linear",
    cores: int | None = None,
    server: str = "i7-12700kf",
    server_scale: float = 1.0,
    curve: CurveKind = "exp2",
    input_bits_per_value: float = 32.0,
    max_threads: int | None = None,
    calibration: Calibration = AS_PROFILED,
) -> Device:
    """Build a device from a board, a DNN and the server that helps it.

    Parameters
    ----------
    split
        How layers share the DNN's latency, on both ends: `linear` is the paper's l/S (Eq. 8, 9),
        `macs` the cumulative share of multiply-accumulates, which stands for measured splits
        where there are none, `measured` those of a profile file (`measured_shares`).
    input_bits_per_value
        How the DNN's input is coded: float32 by default, 8 for bytes. Other tensors are float32.
    calibration
        Numbers that take the place of what profiles say.

    Raises
    ------
    UnknownNameError
        An unknown board, server or DNN.
    InputError
        A core count that was not measured, a bad split, curve or size.
    """
    if split not in get_args(Split):
        raise InputError(f"split: got {split!r}; expected {' or '.join(get_args(Split))}")
    chain = layers_of(board, server, dnn)
    cuts = calibration.cuts(chain)
    layers = merge(chain, cuts)
    whole_s = calibration.device_s or device_profile(board, dnn, cores)
    if split == "linear":
        local_s, share = linear_local_s(whole_s, len(layers)), linear_server_share(len(layers))
    else:
        done = layers.mac_share()
        left = 1.0 - done
        if split == "measured":
            done, left = (one[list(cuts)] for one in measured_shares(board, server, dnn, cores))
        local_s, share = tuple((whole_s * done).tolist()), tuple(left.tolist())
    input_bits = calibration.input_bits_per_value or input_bits_per_value
    return Device(
        name=name,
        deadline_s=DEADLINE_SHARE * whole_s,
        battery_max_j=battery_max_j,
        compute_power_w=COMPUTE_POWER_W,
        transmit_power_w=TRANSMIT_POWER_W,
        cut_bits=tuple(layers.cut_bits(32.0, input_bits).tolist()),
        local_s=local_s,
        server_share=share,
        curve=calibration.curve(server_curve(server, dnn, server_scale, curve), server_scale),
        dnn=dnn,
        max_threads=max_threads,
    )


def sweep_of(machine: str, dnn: str) -> Sweep:
    """Return the shipped sweep that stands for a DNN on a machine."""
    return published_sweep(machine, dnn)


def _measured_s(sweep: Sweep, threads: int, place: str) -> float:
    at = np.flatnonzero(sweep.threads == threads)
    if len(at) == 0:
        measured = ", ".join(map(str, sweep.threads))
        raise InputError(
            f"{place}: got {threads} cores for {sweep.model}; expected a measured count, {measured}"
        )
    return float(sweep.latency_s[at[0]])
