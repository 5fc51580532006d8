"""A station's file as the sun of a suite."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from splitbench.problems.sun.station_files import load_irradiance
from splitbench.problems.sun.trace import SolarTrace, Station


@dataclass(frozen=True)
class SunFile:
    """Irradiance from a file.

    Attributes
    ----------
    path
        The file, in one of the formats of `load_irradiance`.
    column, station, day
        The column to read, where it was measured and the day to take; see `load_irradiance`.
    """

    path: str
    column: str | None = None
    station: Station | None = None
    day: str | None = None

    def trace(self) -> SolarTrace:
        """Read the file; see `load_irradiance`."""
        return _read(self, Path(self.path).stat().st_mtime_ns if Path(self.path).exists() else 0)

    def __str__(self) -> str:
        return self.path


@lru_cache(maxsize=8)
def _read(file: SunFile, time: int) -> SolarTrace:
    """Read a file once, and again where it has changed since `time`."""
    return load_irradiance(file.path, file.column, file.station, file.day)
