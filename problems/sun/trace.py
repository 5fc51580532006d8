"""One-minute global horizontal irradiance of one station."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.problems.errors import InputError

MINUTE_S = 60.0


@dataclass(frozen=True)
class Station:
    """Where irradiance was measured: degrees north and east, metres above the sea."""

    name: str
    latitude_deg: float
    longitude_deg: float
    altitude_m: float


SRRL_BMS = Station("NREL SRRL BMS, Golden, Colorado", 39.742, -105.18, 1828.0)


@dataclass(frozen=True, eq=False)
class SolarTrace:
    """Irradiance in W/m², one value a minute without gaps, never negative.

    `irradiance_w_m2` has shape (minutes,); each value holds from its minute to the next.
    `start` is the first minute, in the station's standard time; `column` is the name of the
    instrument's column in `source`.
    """

    name: str
    start: datetime
    irradiance_w_m2: Floats
    column: str
    source: str
    station: Station = SRRL_BMS

    @property
    def minutes(self) -> int:
        """Return how many minutes the trace covers."""
        return len(self.irradiance_w_m2)

    def mean_over(self, start_minute: float, slot_s: float, slots: int) -> Floats:
        """Return the mean irradiance in W/m² of each of `slots` slots of `slot_s` seconds.

        The integral of the piecewise constant trace, exact but for rounding; shape (slots,).
        The first slot begins `start_minute` minutes into the trace.

        Raises
        ------
        InputError
            No slot, a slot of no length, or slots that leave the trace.
        """
        values = self.irradiance_w_m2
        return mean_over_slots(values, start_minute, slot_s, slots, f"solar trace {self.name}")


def mean_over_slots(
    minute_values: Floats, start_minute: float, slot_s: float, slots: int, what: str
) -> Floats:
    """Return the mean of one-minute values over each slot; see `SolarTrace.mean_over`.

    `what` names the values in messages.
    """
    if not (math.isfinite(slot_s) and slot_s > 0):
        raise InputError(f"{what}: got slots of {slot_s} s; expected a length > 0")
    if slots < 1:
        raise InputError(f"{what}: got {slots} slots; expected at least 1")
    last_minute = start_minute + slots * slot_s / MINUTE_S
    if not 0 <= start_minute <= last_minute <= len(minute_values):
        raise InputError(
            f"{what}: {slots} slots of {slot_s:g} s from minute {start_minute:g} end at minute "
            f"{last_minute:g}; expected a stretch within minutes 0 to {len(minute_values)}"
        )
    first_s = start_minute * MINUTE_S
    edges = first_s + slot_s * np.arange(slots + 1)
    minutes = MINUTE_S * np.arange(math.ceil(start_minute), math.floor(last_minute) + 1)
    # Pieces within one minute and one slot: sums of positive parts lose nothing to
    # cancellation, as differences of a running total would at dawn.
    cuts = np.union1d(edges, minutes[(minutes > edges[0]) & (minutes < edges[-1])])
    middles = (cuts[1:] + cuts[:-1]) / 2
    values = minute_values[(middles // MINUTE_S).astype(np.int64)]
    slot = np.searchsorted(edges, middles) - 1
    shares = np.diff(cuts) / slot_s
    return np.bincount(slot, shares * values, minlength=slots).astype(np.float64)
