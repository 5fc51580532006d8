"""Small random slots over every regime of the model, for property tests.

    random_problem(rng, **overrides) -> SlotProblem      any `Regime` field can be overridden
    problems(**overrides) -> SearchStrategy[SlotProblem]  shrinks towards few devices and threads

Every problem is a valid instance file (`save_instance` writes it), feasible or not. Overrides of
`problems` may be values or strategies: `problems(devices=1, spare=st.integers(0, 3))`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np
from hypothesis import strategies as st

from splitbench.problems import (
    Device,
    Exp2Curve,
    Fleet,
    Formulation,
    SlotProblem,
    TableCurve,
    ThreadCurve,
)

SEEDS = st.integers(0, 2**32 - 1)


@dataclass(frozen=True)
class Regime:
    """What kind of slot to draw; the numbers come from the generator.

    Attributes
    ----------
    devices, layers
        N, and the largest S (each device draws its own S in 1..layers).
    min_threads, spare
        k_min and K − N·k_min; a negative `spare` is an infeasible slot (K is at least 1).
    curve
        `exp2` (falling, or rising again), `table` (any positive numbers, its length a cap), or
        `mixed`.
    caps
        Whether devices draw a `max_threads`, perhaps below k_min.
    load
        `light`: ρ well below 1; `tight`: ρ around 1; `saturated`: ρ = 1 − 1e-3…1e-9 somewhere,
        so that utilities reach about −1e9.
    battery
        `full`: energy never binds; `tight`: some partitions would empty it; `empty`: no charge
        and no harvest, so that nothing can be served.
    formulation, utility_weight
        The switches and V.
    """

    devices: int = 2
    layers: int = 4
    min_threads: int = 1
    spare: int = 5
    curve: Literal["exp2", "table", "mixed"] = "mixed"
    caps: bool = False
    load: Literal["light", "tight", "saturated"] = "tight"
    battery: Literal["full", "tight", "empty"] = "tight"
    formulation: Formulation = field(default_factory=Formulation)
    utility_weight: float = 0.5


_CHOICES: dict[str, st.SearchStrategy[Any]] = {
    "devices": st.integers(1, 3),
    "layers": st.integers(1, 5),
    "min_threads": st.integers(1, 3),
    "spare": st.integers(-1, 6),
    "curve": st.sampled_from(["exp2", "table", "mixed"]),
    "caps": st.booleans(),
    "load": st.sampled_from(["light", "tight", "saturated"]),
    "battery": st.sampled_from(["full", "full", "tight", "tight", "empty"]),
    "formulation": st.builds(
        Formulation,
        energy_term=st.sampled_from(["residual", "paper"]),
        energy_scope=st.sampled_from(["slot", "task"]),
        hibernation=st.sampled_from(["forbidden", "allowed"]),
    ),
    "utility_weight": st.sampled_from([0.5, 0.0, 1.0, 0.3]),
}


def regimes(**overrides: Any) -> st.SearchStrategy[Regime]:
    """All regimes; overrides are values or strategies of `Regime` fields."""
    return st.builds(
        Regime, **_CHOICES | {key: _strategy(value) for key, value in overrides.items()}
    )


def problems(**overrides: Any) -> st.SearchStrategy[SlotProblem]:
    """Small slots of all regimes, feasible or not; see `Regime` for what can be overridden."""
    return st.builds(draw_problem, SEEDS.map(np.random.default_rng), regimes(**overrides))


def random_problem(rng: np.random.Generator, **overrides: Any) -> SlotProblem:
    """Draw a regime and a slot of it from `rng`; see `Regime` for what can be overridden."""
    drawn = {
        "devices": int(rng.integers(1, 4)),
        "layers": int(rng.integers(1, 6)),
        "min_threads": int(rng.integers(1, 4)),
        "spare": int(rng.integers(-1, 7)),
        "curve": _pick(rng, ["exp2", "table", "mixed"]),
        "caps": bool(rng.random() < 0.3),
        "load": _pick(rng, ["light", "tight", "saturated"]),
        "battery": "empty" if rng.random() < 0.1 else _pick(rng, ["full", "tight"]),
        "formulation": Formulation(
            _pick(rng, ["residual", "paper"]),
            _pick(rng, ["slot", "task"]),
            _pick(rng, ["forbidden", "allowed"]),
        ),
        "utility_weight": _pick(rng, [0.5, 0.0, 1.0, 0.3]),
    }
    unknown = set(overrides) - {known.name for known in fields(Regime)}
    if unknown:
        raise TypeError(f"random_problem: no such field of Regime: {', '.join(sorted(unknown))}")
    return draw_problem(rng, Regime(**drawn | overrides))


def draw_problem(rng: np.random.Generator, regime: Regime) -> SlotProblem:
    """Draw the numbers of one slot of a regime."""
    count = regime.devices
    threads = max(count * regime.min_threads + regime.spare, 1)
    devices = [_device(rng, regime, index, threads) for index in range(count)]
    slot_s, uplink_bps = 30.0, rng.uniform(2e6, 2e7, count)
    rates = np.array([_rate_hz(rng, regime, device) for device in devices])
    scope = slot_s if regime.formulation.energy_scope == "slot" else 0.0
    battery, harvest = np.zeros(count), np.zeros(count)
    if regime.battery != "empty":
        harvest = rng.choice([0.0, 1.0], count) * rng.uniform(0.0, 20.0, count)
        for n, device in enumerate(devices):
            battery[n] = _battery_j(
                rng, regime, device, max(rates[n] * scope, 1.0), uplink_bps[n], harvest[n]
            )
    return SlotProblem(
        fleet=Fleet(devices),
        threads=threads,
        arrival_rate_hz=rates,
        uplink_bps=uplink_bps,
        battery_j=battery,
        harvest_j=harvest,
        slot_s=slot_s,
        min_threads=regime.min_threads,
        utility_weight=regime.utility_weight,
        formulation=regime.formulation,
        name="random",
    )


def _device(rng: np.random.Generator, regime: Regime, index: int, threads: int) -> Device:
    layers = int(rng.integers(1, regime.layers + 1))
    cut_bits = np.append(rng.uniform(1e4, 8e6, layers), 0.0)
    local_s = np.append(0.0, np.cumsum(rng.uniform(0.01, 0.6 / layers, layers)))
    share = np.append(np.sort(rng.uniform(0.0, 1.0, layers))[::-1], 0.0)
    share[0] = 1.0
    capped = regime.caps and rng.random() < 0.7
    return Device(
        name=f"d{index}",
        deadline_s=float(rng.uniform(0.1, 0.6)),
        battery_max_j=2000.0,
        compute_power_w=float(rng.uniform(2.0, 12.0)),
        transmit_power_w=float(rng.uniform(0.5, 6.0)),
        cut_bits=tuple(cut_bits.tolist()),
        local_s=tuple(local_s.tolist()),
        server_share=tuple(share.tolist()),
        curve=_curve(rng, regime, threads),
        max_threads=int(rng.integers(1, threads + 2)) if capped else None,
    )


def _curve(rng: np.random.Generator, regime: Regime, threads: int) -> ThreadCurve:
    kind = regime.curve if regime.curve != "mixed" else _pick(rng, ["exp2", "table"])
    if kind == "table":
        shortest = 1 if regime.caps else threads
        length = int(rng.integers(shortest, threads + 3))
        return TableCurve(tuple(rng.uniform(0.02, 0.4, length).tolist()))
    falling, rising = rng.uniform(0.05, 0.8), rng.uniform(0.01, 0.1)
    rates = rng.uniform(-1.2, -0.1), rng.uniform(-0.1, 0.15)
    return Exp2Curve(float(falling), float(rates[0]), float(rising), float(rates[1]))


def _rate_hz(rng: np.random.Generator, regime: Regime, device: Device) -> float:
    """λ from the ρ that the load asks for at a random k and l that leaves the server work."""
    lowest = regime.min_threads
    most = max(min(device.thread_cap, lowest + max(regime.spare, 0)), 1)
    k = int(rng.integers(min(lowest, most), most + 1))
    share = device.server_share[int(rng.integers(0, device.layers))]
    work_s = float(device.curve.seconds(np.array([k]))[0]) * max(share, 1e-3)
    if regime.load == "light":
        return float(rng.uniform(0.3, 1.2))
    if regime.load == "tight":
        return float(rng.uniform(0.5, 1.6)) / work_s
    return (1.0 - float(10.0 ** -rng.uniform(3.0, 9.0))) / work_s


def _battery_j(
    rng: np.random.Generator,
    regime: Regime,
    device: Device,
    tasks: float,
    uplink_bps: float,
    harvest_j: float,
) -> float:
    if regime.battery == "full":
        return device.battery_max_j * float(rng.choice([1.0, rng.uniform(0.5, 1.0)]))
    cut = int(rng.integers(0, device.layers + 1))
    energy_j = tasks * (
        device.compute_power_w * device.local_s[cut]
        + device.transmit_power_w * device.cut_bits[cut] / uplink_bps
    )
    return float(np.clip(energy_j * rng.uniform(0.7, 1.4) - harvest_j, 0.0, device.battery_max_j))


def _pick(rng: np.random.Generator, choices: list[Any]) -> Any:
    return choices[int(rng.integers(len(choices)))]


def _strategy(value: Any) -> st.SearchStrategy[Any]:
    return value if isinstance(value, st.SearchStrategy) else st.just(value)
