"""Parse and format durations and sizes."""

from __future__ import annotations

import re

from splitbench.problems.errors import InputError

_SECONDS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "": 1.0}
_BYTES = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "k": 2**10,
    "m": 2**20,
    "g": 2**30,
}
_NUMBER_UNIT = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*([a-zA-Z]*)\s*")


def seconds(text: str, option: str) -> float | None:
    """Read `10s`, `5m`, `2h`, `500ms`, a bare number of seconds, or `none`."""
    return _quantity(text, option, _SECONDS, "a duration such as 10s, 5m, 2h or none")


def size_bytes(text: str, option: str) -> int | None:
    """Read `4GiB`, `500MB`, a bare number of bytes, or `none`."""
    value = _quantity(text, option, _BYTES, "a size such as 4GiB, 500MB or none")
    return None if value is None else int(value)


def _quantity(
    text: str, option: str, units: dict[str, float] | dict[str, int], expected: str
) -> float | None:
    if text.strip().lower() == "none":
        return None
    match = _NUMBER_UNIT.fullmatch(text)
    if match is None or match[2].lower() not in units or float(match[1]) <= 0:
        raise InputError(f"{option}: got {text!r}; expected {expected}")
    return float(match[1]) * units[match[2].lower()]


def duration(seconds: float) -> str:
    """Write seconds in the two largest non-zero units: `3 min 20 s`, `2 d 4 h`."""
    left = round(seconds)
    parts: list[tuple[int, str]] = []
    for name, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or parts:
            parts.append((count, name))
    said = [f"{count} {name}" for count, name in parts[:2] if count]
    return " ".join(said) or "0 s"
