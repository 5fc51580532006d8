"""Run cells one after another, each solver in a player of its own."""

from __future__ import annotations

import time
from dataclasses import dataclass

from splitbench.benchmark.isolation.guard_process import GuardLostError, GuardProcess
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.isolation.remote_player import RemotePlayer
from splitbench.benchmark.referee.cell import run_cell
from splitbench.benchmark.referee.reference_cell import ReferenceCell
from splitbench.results import CellKey, CellRecord
from splitbench.results.bounds import BOUND
from splitbench.solvers.solver_spec import parse_solver

#: Share of the memory limit that a player may still hold before it is replaced.
LEFT_BEHIND = 0.25


@dataclass(frozen=True)
class Overhead:
    """Time of a cell beyond its solver and the reference.

    `isolation_s` is spent outside the cell: players, the reference cell. `model_s` is spent in
    it: posing each slot, recomputing the claims, writing the record.
    """

    isolation_s: float
    model_s: float


@dataclass(frozen=True)
class Finished:
    """A cell that has ended, with its wall-clock time; no overhead if it was interrupted."""

    record: CellRecord
    wall_s: float
    overhead: Overhead | None = None


class CellRunner:
    """The referee of one cell at a time, with its guard and player.

    Parameters
    ----------
    limits
        Limits of each cell.
    core
        The core to pin players to; None leaves them free.
    watched
        A descriptor that becomes readable when the cell is no longer wanted, or None.
    """

    def __init__(self, limits: Limits, core: int | None = None, watched: int | None = None):
        self._limits, self._core, self._watched = limits, core, watched
        self._guard: GuardProcess | None = None
        self._player: RemotePlayer | None = None
        self._solver: tuple[str, str] | None = None
        self._reference_cell = ReferenceCell()

    def prepare(self) -> None:
        """Start the guard before the first cell's clock starts."""
        self._reference_cell.latest_s()
        self._guard = GuardProcess(self._core, self._limits.memory_bytes)

    def close(self) -> None:
        """End the player and its guard."""
        if self._player is not None and not self._player.is_lost:
            self._player.close()
        if self._guard is not None and not self._guard.is_lost:
            self._guard.close()
        self._guard = self._player = None

    def run(self, key: CellKey) -> Finished:
        """Run a cell."""
        begun = time.monotonic()
        player = None if key.solver == BOUND else self._player_for(key)
        inside = time.monotonic()
        record = run_cell(key, player, self._limits.timeout_s)
        inside_s = time.monotonic() - inside
        record.reference_cell_s = self._reference_cell.latest_s()
        wall_s = time.monotonic() - begun
        spent_s = sum(record.solve_s) + (record.reference_s or 0.0)
        return Finished(record, wall_s, Overhead(wall_s - inside_s, max(0.0, inside_s - spent_s)))

    def _player_for(self, key: CellKey) -> RemotePlayer:
        """Return a healthy player that has run only this solver with this code."""
        if self._player is None or self._solver != (key.solver, key.code) or self._is_unfit():
            self._player = self._new_player(key.solver)
            self._solver = (key.solver, key.code)
        self._player.begin_cell(self._limits.timeout_s)
        return self._player

    def _is_unfit(self) -> bool:
        player, limit = self._player, self._limits.memory_bytes
        if player is None or player.is_lost or player.left_something:
            return True
        return limit is not None and (
            player.resident_bytes() - player.bytes_new > LEFT_BEHIND * limit
        )

    def _new_player(self, solver: str) -> RemotePlayer:
        if self._player is not None and not self._player.is_lost:
            self._player.close()
        from_file = any(half.path for half in parse_solver(solver))
        for _ in range(2):  # the guard may have died with the previous player
            if self._guard is None or self._guard.is_lost:
                self._guard = GuardProcess(self._core, self._limits.memory_bytes)
            try:
                return RemotePlayer(
                    self._guard, self._limits.memory_bytes, files=from_file, watched=self._watched
                )
            except GuardLostError:
                self._guard.close()
                self._guard.is_lost = True
        raise RuntimeError("guards are killed repeatedly")
