"""The table of shipped profiles: the measurement behind each, and how well Eq. 7 fits it."""

from __future__ import annotations

from splitbench.problems.errors import InputError
from splitbench.problems.latency.fits.fit import CurveFit
from splitbench.problems.latency.fits.shipped_fits import published_exp2
from splitbench.problems.latency.profiles.device_builder import (
    device_profile,
    level_factor,
    sweep_of,
)
from splitbench.problems.latency.profiles.shipped_machines import (
    BOARDS,
    SERVERS,
    BoardProfile,
    ServerProfile,
)
from splitbench.problems.latency.stand_ins import framework_factor, stand_ins


def profiled() -> list[str]:
    """Return the networks of the table: those whose framework factor is measured."""
    return [name for name, line in stand_ins().items() if line.framework_factor is not None]


def profile_table() -> list[dict[str, object]]:
    """Return the measurements behind every profile, for `splitbench list profiles`.

    One row for each board and server and each DNN of `profiled()`.
    `local_s` is D_loc on a board's own number of cores (None for a server). `constants` are c0..c3
    of Eq. 7 through the sweep alone (ncnn on `machine`, seconds) and `rmse_ms` and
    `relative_rmse` its residual there, all None where too few thread counts were measured;
    `factor` multiplies the sweep: framework × clock (× level, for a server).
    """
    boards = [_board_row(board, dnn) for board in BOARDS.values() for dnn in profiled()]
    servers = [_server_row(server, dnn) for server in SERVERS.values() for dnn in profiled()]
    return boards + servers


def _board_row(board: BoardProfile, dnn: str) -> dict[str, object]:
    factor = framework_factor(dnn) * board.clock_factor
    local_s = device_profile(board.name, dnn)
    return _row(board, dnn, "board", factor) | {"cores": board.cores, "local_s": local_s}


def _server_row(server: ServerProfile, dnn: str) -> dict[str, object]:
    factor = framework_factor(dnn) * level_factor(server, dnn)
    return _row(server, dnn, "server", factor) | {"cores": None, "local_s": None}


def _row(
    profile: BoardProfile | ServerProfile, dnn: str, role: str, factor: float
) -> dict[str, object]:
    sweep = sweep_of(profile.machine, dnn)
    fit = _exp2(profile.machine, dnn)
    return {
        "profile": profile.name,
        "role": role,
        "model": dnn,
        "machine": profile.machine,
        "threads": sweep.threads.tolist(),
        "constants": None if fit is None else list(fit.constants),
        "rmse_ms": None if fit is None else fit.rmse_ms,
        "relative_rmse": None if fit is None else fit.relative_rmse,
        "factor": factor,
        "shares": "cumulative multiply-accumulates (macs) or l/S (linear); not measured",
        "source": sweep.source,
        "note": "; ".join(text for text in (profile.note, sweep.note) if text),
    }


def _exp2(machine: str, dnn: str) -> CurveFit | None:
    try:
        return published_exp2(machine, dnn)
    except InputError:  # too few thread counts for four constants
        return None
