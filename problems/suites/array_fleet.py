"""Very many devices as arrays: copies of a few kinds, each with numbers of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from splitbench.problems.arrays import Floats, Ints, Mask, checked, frozen
from splitbench.problems.equations import Cuts
from splitbench.problems.errors import InputError
from splitbench.problems.fleet import Device, Fleet
from splitbench.problems.thread_curves import Exp2Curve, TableCurve, ThreadCurve

#: Numbers up to which arrays over cuts or counts are held, as a `Fleet` of objects holds them.
_HELD = 100_000
#: Arrays of a device's own numbers, and of those that its kind says.
_OWN = ("kind", "deadline_s", "battery_max_j", "local_scale", "server_scale", "thread_caps")
_OF_KIND = ("compute_power_w", "transmit_power_w", "layers")


class ArrayFleet(Fleet):
    """Very many devices as arrays: those of one kind share their DNN's layers and D(k).

    Has the interface of `Fleet`, but computes rows on request: `cuts_of`, `cuts_at`, `curve_rows`
    and `curve_at` hold no (N, L) or (N, K) array. `devices` builds the objects, for files; nothing
    that solves a slot asks for them.

    Parameters
    ----------
    kinds
        The devices to copy; their names, and the numbers given by device below, are ignored.
    kind
        Which kind each device is, integers of shape (N,).
    deadline_s, battery_max_j
        D_max (s) and E_max (J) of each device, shape (N,).
    local_scale, server_scale
        Factors on the kind's local latency and on its D(k), shape (N,).
    most_threads
        A cap for all devices beside their kinds' own; None: none.

    Raises
    ------
    InputError
        No kinds or devices, a kind that does not exist, or numbers out of range.
    """

    def __init__(
        self,
        kinds: Sequence[Device],
        kind: Ints,
        *,
        deadline_s: Floats,
        battery_max_j: Floats,
        local_scale: Floats,
        server_scale: Floats,
        most_threads: int | None = None,
    ):
        chosen = np.asarray(kind)
        if not len(chosen) or chosen.min() < 0 or chosen.max() >= len(kinds):
            raise InputError(
                f"kind: got {len(chosen)} devices; expected 0 to {len(kinds) - 1} each"
            )
        own = self.__dict__
        own["_templates"] = Fleet([replace(one, name=f"kind{i}") for i, one in enumerate(kinds)])
        own["kind"] = frozen(chosen.astype(np.int64))
        own["_curve_cache"] = {}
        own["_most_threads"] = most_threads
        shape = (len(chosen),)
        for name, numbers in (
            ("deadline_s", deadline_s),
            ("battery_max_j", battery_max_j),
            ("local_scale", local_scale),
            ("server_scale", server_scale),
        ):
            own[name] = checked(numbers, shape, name, positive=True)
        for name in _OF_KIND:
            own[name] = frozen(getattr(self._templates, name)[self.kind])
        caps = self._templates.thread_caps[self.kind]
        own["thread_caps"] = frozen(
            caps if most_threads is None else np.minimum(caps, most_threads)
        )

    kind: Ints
    local_scale: Floats
    server_scale: Floats
    _templates: Fleet
    _most_threads: int | None

    def __len__(self) -> int:
        return len(self.kind)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    @cached_property
    def devices(self) -> tuple[Device, ...]:
        """The devices as objects, as a file holds them."""
        return tuple(
            replace(
                template,
                name=name,
                deadline_s=float(self.deadline_s[index]),
                battery_max_j=float(self.battery_max_j[index]),
                local_s=tuple((np.array(template.local_s) * self.local_scale[index]).tolist()),
                curve=_slower(template.curve, float(self.server_scale[index])),
                max_threads=self._most_threads,
            )
            for index, name in enumerate(self.names)
            for template in [self._templates.devices[self.kind[index]]]
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """`md0`, `md1`, …, in order."""
        return tuple(f"md{index}" for index in range(len(self)))

    @property
    def dnns(self) -> Iterable[str]:
        """Name of each device's DNN, in order."""
        names = list(self._templates.dnns)
        return (names[kind] for kind in self.kind.tolist())

    @property
    def parts(self) -> tuple[Device | Floats | Ints, ...]:
        """The kinds, and the arrays of what devices have of their own; `thread_caps` last."""
        return (*self._templates.devices, *(getattr(self, name) for name in _OWN))

    def bare(self) -> ArrayFleet:
        """Return the fleet without cached arrays, to send it to another process."""
        fleet = object.__new__(ArrayFleet)
        fleet.__dict__.update({name: self.__dict__[name] for name in (*_OWN, *_OF_KIND)})
        fleet.__dict__.update(
            _templates=self._templates.bare(), _curve_cache={}, _most_threads=self._most_threads
        )
        return fleet

    @cached_property
    def width(self) -> int:
        """L, the number of partition columns: max S_n + 1."""
        return self._templates.width

    @cached_property
    def shares_fall(self) -> bool:
        """Whether no cut leaves the server a larger share than a cut before it."""
        return self._templates.shares_fall

    @property
    def in_range(self) -> Mask:
        """Whether l ≤ S_n, shape (N, L)."""
        return self.in_range_of(slice(None))

    @property
    def cuts(self) -> Cuts:
        """d_n(l), cumulative local latency and server share at every cut, shape (N, L) each."""
        return self.cuts_of(slice(None))

    @property
    def cut_bits(self) -> Floats:
        """d_n(l), bit, shape (N, L)."""
        return self.cuts.cut_bits

    @property
    def local_s(self) -> Floats:
        """Cumulative local latency, s, shape (N, L)."""
        return self.cuts.local_s

    @property
    def server_share(self) -> Floats:
        """Share of D_n(k) left for the server, shape (N, L)."""
        return self.cuts.server_share

    @cached_property
    def _few(self) -> tuple[Cuts, Mask] | None:
        """`cuts` and `in_range` of so few devices that they are held; None: made when asked for."""
        if len(self) * self.width > _HELD:
            return None
        return self._made_cuts(slice(None)), self._templates.in_range[self.kind]

    def cuts_of(self, rows: slice) -> Cuts:
        """`cuts` of some devices, shape (rows, L) each."""
        return self._made_cuts(rows) if self._few is None else self._few[0].at(rows)

    def _made_cuts(self, rows: slice) -> Cuts:
        bits, local, share = self._templates.cuts.at(self.kind[rows])
        return Cuts(bits, local * self.local_scale[rows, None], share)

    def cuts_at(self, device: Ints, partition: Ints) -> Cuts:
        """`cuts` at pairs (n, l) of any one shape, within 0..L−1."""
        if self._few is not None:
            return self._few[0].at((device, partition))
        bits, local, share = self._templates.cuts.at((self.kind[device], partition))
        return Cuts(bits, local * self.local_scale[device], share)

    def in_range_of(self, rows: slice) -> Mask:
        """`in_range` of some devices, shape (rows, L)."""
        return (
            self._templates.in_range[self.kind[rows]] if self._few is None else self._few[1][rows]
        )

    def curve_s(self, most_threads: int) -> Floats:
        """D_n(k) for k = 1..most_threads, s, shape (N, most_threads)."""
        return self.curve_rows(slice(None), most_threads)

    def curve_rows(self, rows: slice, most_threads: int) -> Floats:
        """`curve_s` of some devices, shape (rows, most_threads)."""
        if len(self) * most_threads > _HELD:
            return self._made_curves(rows, most_threads)
        known = self._curve_cache.get("rows")
        if known is None or known.shape[1] < most_threads:
            known = self._curve_cache["rows"] = self._made_curves(slice(None), most_threads)
        return known[rows, :most_threads]

    def _made_curves(self, rows: slice, most_threads: int) -> Floats:
        kind_s = self._templates.curve_s(most_threads)[self.kind[rows]]
        scaled: Floats = kind_s * self.server_scale[rows, None]
        return scaled

    def curve_at(self, device: Ints, threads: Ints) -> Floats:
        """D_n(k) of pairs (n, k) with k ≥ 1, s, in their shape; NaN past a table's end."""
        kind_s = self._templates.curve_s(int(threads.max(initial=1)))
        scaled: Floats = kind_s[self.kind[device], threads - 1] * self.server_scale[device]
        return scaled

    def whole_server_s(self, threads: Ints) -> Floats:
        """D_n(k_n) of given thread counts, s, shape (…, N); NaN where k_n lies off the curve."""
        seconds = self.curve_at(np.arange(len(self)), np.maximum(threads, 1))
        return np.where(threads >= 1, seconds, np.nan)


def _slower(curve: ThreadCurve, factor: float) -> ThreadCurve:
    """Return a curve of D(k) times a factor."""
    if isinstance(curve, Exp2Curve):
        return replace(curve, c0=curve.c0 * factor, c2=curve.c2 * factor)
    if isinstance(curve, TableCurve):
        return TableCurve(tuple(value * factor for value in curve.table_s))
    raise InputError(f"a {type(curve).__name__} has no factor; expected Eq. 7 or a table")
