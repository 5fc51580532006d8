"""Which column of a station's file is its global horizontal irradiance."""

from __future__ import annotations

import re
from pathlib import Path

from splitbench.problems.errors import InputError

# The instruments that their stations call the global horizontal one, where there are several.
PREFERRED = (
    "Global CMP22 (vent/cor) [W/m^2]",
    "Global CMP22 [W/m^2]",
    "Global Horizontal [W/m^2]",
    "Global Horiz [W/m^2]",
    "Global Horiz (platform) [W/m^2]",
    "Global Horiz (band_corr) [W/m^2]",
)
_TILTED = re.compile(r"\b(?:normal|north|south|east|west|\d+-\w+|tilt\w*|uv\w*|par|poa)\b", re.I)


def choose_column(names: list[str], column: str | None, path: str | Path) -> str:
    """Return `column`, or the one of `names` that is global horizontal irradiance in W/m².

    Raises
    ------
    InputError
        No such column, or none or several to choose from; names `path` and the columns.
    """
    if column is not None:
        if names.count(column) != 1:
            fault = (
                f"column {column!r} appears twice" if column in names else f"no column {column!r}"
            )
            raise InputError(f"{path}: {fault}; accepted: {', '.join(names)}")
        return column
    found = [name for name in names if _is_global_horizontal(name)]
    known = [name for name in found if name in PREFERRED]
    if len(known) == 1 or len(found) == 1:
        return (known or found)[0]
    if found:
        listed = ", ".join(found)
        raise InputError(f"{path}: several columns of global irradiance; choose one of: {listed}")
    listed = ", ".join(names)
    raise InputError(f"{path}: no column of global horizontal irradiance; choose one of: {listed}")


def _is_global_horizontal(name: str) -> bool:
    if re.fullmatch(r"ghi(?:_\d+)?", name):  # as pvlib names it
        return True
    is_global = name.startswith("Global") or name.lower().startswith("ghi")
    return is_global and "W/m^2" in name and "kW" not in name and not _TILTED.search(name)
