"""An upper bound on what any policy can earn over a horizon, all arrivals and sun known.

Why it holds (`energy_term: residual`, either `energy_scope`). Take any policy and its decisions.

1. *A violation is no better than hibernation.* A device that breaks a constraint of its own scores
   −10 and ends with min(max(E − con + H, 0), E_max) ≤ min(E + H, E_max): let it hibernate instead,
   with the threads it holds. Where threads break a constraint (Σ k, k_min or a cap) every device
   scores −10: let all hibernate, with any counts between k_min and the caps that sum to K(t); a
   horizon without such counts is refused when it is made. Now every slot has Σ k ≤ K(t), and
   Σ k = K(t) unless the policy leaves threads idle with `leftover=idle`.
2. *More charge is never worse.* After the change each charge is at least what it was, because
   E' = min(E − con + H, E_max) rises with E; so Eq. 12 still holds where a device serves, and
   V·E'/E_max is no less. By induction over slots the changed decisions earn at least as much.
3. *They solve the programme* of `splitbench.solvers.horizon.dual`: e = E/E_max, E' written as two
   inequalities, and hibernation counted as −10 − V·min(H, E_max)/E_max beside V·e, at least the
   −10 it scores.

So the bound covers every policy, whatever it violates, hibernates, or leaves idle (Σ k ≤ K is all
that is asked). Charge > 0 is relaxed to ≥ 0. With `idle=False` the programme asks for Σ k = K(t),
where hibernating devices hold the threads left over, and covers every policy but those that leave
threads idle with `leftover=idle`.

With `energy_term: paper` charge is worth less the more there is, step 2 is void, and no bound is
reported.

The arithmetic holds too: what is reported is no LP solver's objective but the weak dual evaluated
at its prices, plus a bound on the rounding errors.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from splitbench.problems import Horizon, InputError
from splitbench.problems.arrays import Floats, Ints
from splitbench.solvers.horizon.device_dp import whole_choices_worth
from splitbench.solvers.horizon.dual import DualValue, Prices, dual_value, scarce, thread_prices
from splitbench.solvers.horizon.energy_price import energy_prices
from splitbench.solvers.horizon.lp import LpSolution, solve_lp
from splitbench.solvers.horizon.lp_columns import DeviceColumns, device_columns

Method = Literal["auto", "lp", "dual"]

#: Device-slots up to which `auto` solves the whole programme.
LP_LARGEST = 4_000

#: Rounds of prices: they stop improving within a few, at most a fraction of a per mille above the
#: LP.
_ROUNDS = 6
_STALLED = 1e-6


@dataclass(frozen=True)
class HorizonBound:
    """A bound on Σ_t U(t), or None and why there is none.

    `per_slot` is total / T, in the unit of the mean utility; `method` is `lp` or `dual`.
    `energy_price` is what a joule more in each slot adds at the bound's prices, U/J, (T, N).
    """

    total: float | None
    per_slot: float | None
    method: str
    seconds: float
    reason: str = ""
    energy_price: Floats | None = None


def horizon_bound(
    horizon: Horizon,
    *,
    method: Method = "auto",
    time_limit: float | None = None,
    idle: bool = True,
) -> HorizonBound:
    """Bound what any policy can earn on the horizon; the proof is in the module's docstring.

    Parameters
    ----------
    method
        `dual`: prices on threads and energy in turn, each device by itself. `lp`: from there to
        the optimum of the linear programme. `auto`: `lp` up to 4,000 device-slots. Both
        then bound devices that run out of charge by whole choices (`device_dp`).
    time_limit
        Seconds after which the best bound so far is returned; the first bound ignores the limit.
    idle
        Whether to cover policies that leave threads idle (Σ k < K). Without them the bound is
        tighter where D(k) rises somewhere and a full hand-out hurts.

    Raises
    ------
    InputError
        An unknown method, or a time limit that is not positive.
    """
    if method not in get_args(Method):
        raise InputError(f"method: got {method!r}; expected {', '.join(get_args(Method))}")
    if time_limit is not None and not time_limit > 0:
        raise InputError(f"time_limit: got {time_limit}; expected seconds > 0")
    begun = time.monotonic()
    if horizon.formulation.energy_term != "residual":
        reason = "energy_term paper: more charge is worth less, so the bound is not proved"
        return HorizonBound(None, None, "none", time.monotonic() - begun, reason)
    ends = np.inf if time_limit is None else begun + time_limit
    devices = [device_columns(horizon, device) for device in range(len(horizon.fleet))]
    small = len(devices) * len(horizon) <= LP_LARGEST
    chosen = ("lp" if small else "dual") if method == "auto" else method
    value = price_rounds(devices, horizon.threads, idle=idle, ends=ends)
    if chosen == "lp":
        value = solve_lp(devices, horizon.threads, value, idle=idle, ends=ends).value
    total = value.total - _gained_by_whole_choices(devices, value, ends)
    price = value.prices.energy.T / horizon.fleet.battery_max_j
    seconds = time.monotonic() - begun
    return HorizonBound(total, total / len(horizon), chosen, seconds, energy_price=price)


def plan(horizon: Horizon, ends: float = np.inf) -> LpSolution:
    """Solve the horizon's linear programme for its prices and draws.

    Raises
    ------
    TimeoutError
        It was not solved once by `ends`, a time of `time.monotonic()`.
    """
    devices = []
    for device in range(len(horizon.fleet)):
        if time.monotonic() >= ends:
            raise TimeoutError("no time to list the choices")
        devices.append(device_columns(horizon, device))
    around = price_rounds(devices, horizon.threads, idle=False, ends=ends)
    solution = solve_lp(devices, horizon.threads, around, idle=False, ends=ends)
    if solution.draws is None:
        raise TimeoutError("no time to solve the linear programme")
    return solution


def price_rounds(
    devices: list[DeviceColumns], threads: Ints, *, idle: bool, ends: float = np.inf
) -> DualValue:
    """Improve prices in turn: threads slot by slot, then energy device by device.

    Neither step can raise the bound. Prices at which both steps stop need not be optimal.
    """
    weights = np.array([columns.weight for columns in devices])
    energy = np.repeat(weights[:, None], len(threads), axis=1)
    best: DualValue | None = None
    for _ in range(_ROUNDS):
        thread = thread_prices(devices, threads, energy, idle=idle)
        if best is None:
            best = dual_value(devices, threads, Prices(energy, thread))
        if time.monotonic() > ends:
            break
        energy = energy_prices(devices, thread)
        value = dual_value(devices, threads, Prices(energy, thread))
        better = best.total - value.total
        best = value if better > 0 else best
        if better <= _STALLED * max(1.0, abs(value.total)):
            break
    assert best is not None
    return best


def _gained_by_whole_choices(devices: list[DeviceColumns], value: DualValue, ends: float) -> float:
    """Return by how much whole choices tighten the bound, at the same thread prices, in utility."""
    gained = 0.0
    for index in scarce(value, devices):
        if time.monotonic() > ends:
            break
        whole = whole_choices_worth(devices[index], value.prices.thread)
        gained += max(0.0, float(value.devices[index]) - whole)
    return gained
