"""The parsed form of the shipped solar files, so that loading them needs no pvlib.

`python tools/write_data.py sun` rewrites `data/solar/parsed` from the files.
"""

from __future__ import annotations

import csv
from datetime import timedelta

from splitbench.problems.sun.days import FOLDER, SHIPPED, computed_clear_sky_w_m2, parsed_path
from splitbench.problems.sun.station_files import load_irradiance
from splitbench.problems.sun.trace import SolarTrace


def read_original(name: str) -> SolarTrace:
    """Return a shipped trace as pvlib reads it from its original file."""
    shipped = SHIPPED[name]
    return load_irradiance(FOLDER / shipped.file, shipped.column, shipped.station, shipped.day)


def write_days() -> None:
    """Write the parsed form of every shipped file."""
    for name in SHIPPED:
        trace = read_original(name)
        # A milliwatt is far below what a clear-sky model knows; the irradiance stays exact.
        clear = computed_clear_sky_w_m2(trace).round(3)
        path = parsed_path(name)
        path.parent.mkdir(exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["minute", "irradiance_w_m2", "clear_sky_w_m2"])
            for minute, row in enumerate(zip(trace.irradiance_w_m2, clear, strict=True)):
                time = trace.start + timedelta(minutes=minute)
                writer.writerow([time.isoformat(timespec="minutes"), *map(repr, map(float, row))])
