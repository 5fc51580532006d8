"""What does not change from slot to slot: the devices, their DNNs and their thread curves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from splitbench.problems.arrays import Floats, Ints, Mask, frozen
from splitbench.problems.equations import Cuts
from splitbench.problems.errors import InputError
from splitbench.problems.thread_curves import ThreadCurve, impossible_time

#: Cap of a device without a cap of its own: only the server limits its threads.
UNCAPPED = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Device:
    """One device n with its DNN; l = 0..S indexes the sequences.

    Attributes
    ----------
    cut_bits
        d_n(l), bit: what is sent when l virtual layers ran locally; 0 at l = S.
    local_s
        Cumulative seconds of the first l layers on the device; 0 at l = 0.
    server_share
        Share of the whole DNN's server latency that is left after l layers; from 1 to 0.
    curve
        D_n(k), the whole DNN's latency on k server threads.
    """

    name: str
    deadline_s: float
    battery_max_j: float
    compute_power_w: float
    transmit_power_w: float
    cut_bits: tuple[float, ...]
    local_s: tuple[float, ...]
    server_share: tuple[float, ...]
    curve: ThreadCurve
    dnn: str = ""
    max_threads: int | None = None

    def __post_init__(self) -> None:
        lengths = {len(self.cut_bits), len(self.local_s), len(self.server_share)}
        if len(lengths) != 1 or len(self.cut_bits) < 2:
            raise InputError(
                f"device {self.name}: cut_bits, local_s and server_share have lengths "
                f"{len(self.cut_bits)}, {len(self.local_s)}, {len(self.server_share)}; "
                "expected one common length S + 1 of at least 2"
            )

    @property
    def layers(self) -> int:
        """Number S of virtual layers."""
        return len(self.cut_bits) - 1

    @property
    def thread_cap(self) -> int:
        """Most threads the device may be given (`max_threads`, the curve's range)."""
        known = self.max_threads_known
        return UNCAPPED if known is None else known

    @property
    def max_threads_known(self) -> int | None:
        """`thread_cap`, or None where only the server's K limits the device."""
        caps = [cap for cap in (self.max_threads, self.curve.max_threads) if cap is not None]
        return min(caps, default=None)


@dataclass(frozen=True)
class Fleet:
    """N devices as arrays, padded to the longest DNN (L = max S + 1 columns).

    Padding repeats the device's last column (l = S); `in_range` masks it.
    """

    devices: tuple[Device, ...]
    _curve_cache: dict[str, Floats] = field(
        default_factory=dict, repr=False, compare=False, hash=False
    )

    def __init__(self, devices: Sequence[Device]):
        if not devices:
            raise InputError("devices: got none; expected at least one device")
        names = [device.name for device in devices]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"devices: the name {twice!r} appears twice; expected unique names")
        object.__setattr__(self, "devices", tuple(devices))
        object.__setattr__(self, "_curve_cache", {})

    def __len__(self) -> int:
        return len(self.devices)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Device names, in order."""
        return tuple(device.name for device in self.devices)

    @property
    def dnns(self) -> Iterable[str]:
        """Name of each device's DNN, in order."""
        return (device.dnn for device in self.devices)

    @property
    def parts(self) -> tuple[Device | Floats | Ints, ...]:
        """All data of the fleet, to compute a digest from."""
        return self.devices

    def bare(self) -> Fleet:
        """Return the fleet without cached arrays, to send it to another process."""
        return Fleet(self.devices)

    @cached_property
    def layers(self) -> Ints:
        """S_n, shape (N,)."""
        return _integers([device.layers for device in self.devices])

    @cached_property
    def width(self) -> int:
        """L, the number of partition columns: max S_n + 1."""
        return int(self.layers.max()) + 1

    @cached_property
    def in_range(self) -> Mask:
        """Whether l ≤ S_n, shape (N, L)."""
        return frozen(np.arange(self.width) <= self.layers[:, None])

    @cached_property
    def thread_caps(self) -> Ints:
        """Most threads per device, shape (N,); UNCAPPED where only the server bounds them."""
        return _integers([device.thread_cap for device in self.devices])

    @cached_property
    def least_cap(self) -> int:
        """The smallest of `thread_caps`."""
        return int(self.thread_caps.min())

    @property
    def threads_taken(self) -> int:
        """Sum of all thread caps; a Python integer, since a cap may be the largest int64."""
        caps, counts = np.unique(self.thread_caps, return_counts=True)
        return sum(cap * count for cap, count in zip(caps.tolist(), counts.tolist(), strict=True))

    @cached_property
    def deadline_s(self) -> Floats:
        """D_max, s, shape (N,)."""
        return _floats([device.deadline_s for device in self.devices])

    @cached_property
    def battery_max_j(self) -> Floats:
        """E_max, J, shape (N,)."""
        return _floats([device.battery_max_j for device in self.devices])

    @cached_property
    def compute_power_w(self) -> Floats:
        """P_loc, W, shape (N,)."""
        return _floats([device.compute_power_w for device in self.devices])

    @cached_property
    def transmit_power_w(self) -> Floats:
        """P_tran, W, shape (N,)."""
        return _floats([device.transmit_power_w for device in self.devices])

    @cached_property
    def cuts(self) -> Cuts:
        """d_n(l), cumulative local latency and server share at every cut, shape (N, L) each."""
        return Cuts(self.cut_bits, self.local_s, self.server_share)

    @cached_property
    def cut_bits(self) -> Floats:
        """d_n(l), bit, shape (N, L)."""
        return self._padded([device.cut_bits for device in self.devices])

    @cached_property
    def local_s(self) -> Floats:
        """Cumulative local latency, s, shape (N, L)."""
        return self._padded([device.local_s for device in self.devices])

    @cached_property
    def server_share(self) -> Floats:
        """Share of D_n(k) left for the server, shape (N, L)."""
        return self._padded([device.server_share for device in self.devices])

    @cached_property
    def shares_fall(self) -> bool:
        """Whether no cut leaves the server a larger share than a cut before it."""
        share = self.server_share
        return bool((share[:, 1:] <= share[:, :-1]).all())

    def cuts_of(self, rows: slice) -> Cuts:
        """`cuts` of some devices, shape (rows, L) each."""
        return self.cuts.at(rows)

    def cuts_at(self, device: Ints, partition: Ints) -> Cuts:
        """`cuts` at pairs (n, l) of any one shape, within 0..L−1."""
        return self.cuts.at((device, partition))

    def in_range_of(self, rows: slice) -> Mask:
        """`in_range` of some devices, shape (rows, L)."""
        return self.in_range[rows]

    def curve_rows(self, rows: slice, most_threads: int) -> Floats:
        """`curve_s` of some devices, shape (rows, most_threads)."""
        return self.curve_s(most_threads)[rows]

    def curve_at(self, device: Ints, threads: Ints) -> Floats:
        """D_n(k) of pairs (n, k) with k ≥ 1, s, in their shape; NaN past a table's end."""
        return self.curve_s(int(threads.max(initial=1)))[device, threads - 1]

    def curve_s(self, most_threads: int) -> Floats:
        """D_n(k) for k = 1..most_threads, s, shape (N, most_threads); NaN past a table's end.

        Raises
        ------
        InputError
            A curve that is not positive and finite at a count that its device may be given.
        """
        known = self._curve_cache.get("rows")
        if known is None or known.shape[1] < most_threads:
            k = np.arange(1, most_threads + 1)
            known = _floats([device.curve.seconds(k) for device in self.devices])
            self._refuse_impossible(known)
            self._curve_cache["rows"] = known
        return known[:, :most_threads]

    def whole_server_s(self, threads: Ints) -> Floats:
        """D_n(k_n) of given thread counts, s, shape (…, N); NaN where k_n lies off the curve."""
        known = self._curve_cache.get("rows")
        if known is not None and threads.max() <= known.shape[1] and threads.min() >= 1:
            return known[np.arange(len(self)), threads - 1]
        if threads.ndim > 1:
            return np.array([self.whole_server_s(counts) for counts in threads])
        return np.array(
            [
                float(device.curve.seconds(np.asarray(k))) if k >= 1 else np.nan
                for device, k in zip(self.devices, threads, strict=True)
            ]
        )

    def _refuse_impossible(self, curve_s: Floats) -> None:
        may = np.arange(1, curve_s.shape[1] + 1) <= self.thread_caps[:, None]
        bad = (may & ~(np.isfinite(curve_s) & (curve_s > 0))).any(axis=1)
        for device in np.flatnonzero(bad)[:1]:
            why = impossible_time(curve_s[device, : self.thread_caps[device]])
            raise InputError(f"device {self.names[device]}: {why}")

    def _padded(self, rows: list[tuple[float, ...]]) -> Floats:
        return _floats([list(row) + [row[-1]] * (self.width - len(row)) for row in rows])


def _floats(values: ArrayLike) -> Floats:
    return frozen(np.asarray(values, dtype=np.float64))


def _integers(values: ArrayLike) -> Ints:
    return frozen(np.asarray(values, dtype=np.int64))
