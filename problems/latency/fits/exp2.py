"""Eq. 7, D(k) = c0·exp(c1·k) + c2·exp(c3·k), fitted by variable projection.

For given exponents (c1, c3) the best (c0, c2) is a linear least squares problem, so only two
numbers have to be searched. Every pair of a grid of exponents of either sign is solved in
one go, and the best few distinct pairs are refined: no start has to be guessed.
"""

from __future__ import annotations

import numpy as np

from splitbench.problems.arrays import Floats, Mask
from splitbench.problems.equations import thread_latency_s

STEEPEST = 20.0  # e-foldings between neighbouring counts; a steeper term fits the same point
LARGEST_POWER = 300.0  # |c·k| beyond which exp leaves the range of a double
GRID_A_SIDE = 24
STARTS = 6
# Terms whose directions differ by less are one term: their constants would be huge opposites.
SINGULAR = 1e-10
FLOOR = 1e-6  # D(k) > FLOOR · mean latency on the whole range of the sweep


def exp2(threads: Floats, constants: Floats) -> Floats:
    """Return Eq. 7 at `threads` (any shape), in the unit of c0 and c2."""
    c0, c1, c2, c3 = constants
    return thread_latency_s(threads, c0, c1, c2, c3)


def fit_exp2(threads: Floats, latency: Floats) -> Floats:
    """Return (c0, c1, c2, c3) of least unweighted RMSE, c1 ≤ c3, for ascending `threads` (M,).

    c0 and c2 may have either sign and are in the unit of `latency` (M,), positive; D(k) is
    finite and positive for every k between the first and the last thread count, measured or
    not. Needs at least three thread counts, and five to leave something to check.
    """
    scale = float(latency.mean())
    problem = _Projection(threads, latency / scale)
    best = min((problem.refine(pair) for pair in problem.starts()), key=problem.error)
    order = np.argsort(best)
    rates = best[order]
    terms = problem.amplitudes(best)[order] * scale * np.exp(-rates * problem.anchors(rates))
    return np.array([terms[0], rates[0], terms[1], rates[1]])


class _Projection:
    """Eq. 7 on one sweep, with c0 and c2 projected out.

    Each term is scaled to 1 at the end where it is largest (its anchor): amplitudes stay of
    the size of the data, whatever the exponent.
    """

    def __init__(self, threads: Floats, latency: Floats):
        self.k, self.y = threads, latency
        first_gap, last_gap = threads[1] - threads[0], threads[-1] - threads[-2]
        self.low = -min(STEEPEST / first_gap, LARGEST_POWER / threads[-1])
        self.high = min(STEEPEST / last_gap, LARGEST_POWER / threads[-1])

    def anchors(self, rates: Floats) -> Floats:
        ends: Floats = np.where(rates <= 0, self.k[0], self.k[-1])
        return ends

    def terms(self, rates: Floats) -> Floats:
        """Return both terms at unit amplitude, shape (…, 2, M) for rates (…, 2)."""
        offset = self.k - self.anchors(rates)[..., None]
        value: Floats = np.exp(rates[..., None] * offset)
        return value

    def amplitudes(self, rates: Floats) -> Floats:
        solution = np.linalg.lstsq(self.terms(rates).T, self.y, rcond=SINGULAR)[0]
        return np.asarray(solution, dtype=np.float64)

    def residual(self, rates: Floats) -> Floats:
        value: Floats = self.amplitudes(rates) @ self.terms(rates) - self.y
        return value

    def error(self, rates: Floats) -> float:
        return float(np.sum(self.residual(rates) ** 2))

    def positive(self, rates: Floats, amplitudes: Floats) -> Mask:
        """Say whether D > 0 between the ends; a two-term D has one stationary point at most."""
        slopes = amplitudes * rates
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            log_ratio = np.log(-slopes[..., 1] / slopes[..., 0])
            shift = rates[..., 1] * self.anchors(rates)[..., 1]
            shift = shift - rates[..., 0] * self.anchors(rates)[..., 0]
            turn = (log_ratio - shift) / (rates[..., 0] - rates[..., 1])
        turn = np.clip(np.nan_to_num(turn, nan=self.k[0]), self.k[0], self.k[-1])
        ends = np.broadcast_to(self.k[[0, -1]], (*turn.shape, 2))
        places = np.concatenate([ends, turn[..., None]], axis=-1)[..., None, :]
        offset = places - self.anchors(rates)[..., None]
        values = (amplitudes[..., None] * np.exp(rates[..., None] * offset)).sum(axis=-2)
        answer: Mask = values.min(axis=-1) > FLOOR
        return answer

    def grid(self) -> Floats:
        least = 1e-2 / (self.k[-1] - self.k[0])
        falling = -np.geomspace(-self.low, min(least, -self.low / 2), GRID_A_SIDE)
        rising = np.geomspace(min(least, self.high / 2), self.high, GRID_A_SIDE)
        return np.concatenate([falling, [0.0], rising])

    def starts(self) -> list[Floats]:
        """Return the best few grid pairs that are positive and no neighbours of each other."""
        grid = self.grid()
        i, j = np.triu_indices(len(grid), 1)
        pairs = np.stack([grid[i], grid[j]], axis=-1)
        errors = self._grid_errors(pairs)
        chosen: list[int] = []
        for t in np.argsort(errors, kind="stable"):
            if len(chosen) == STARTS or not np.isfinite(errors[t]):
                break
            if all(max(abs(i[t] - i[u]), abs(j[t] - j[u])) > 2 for u in chosen):
                chosen.append(int(t))
        # A constant is positive whatever the data.
        return [pairs[t] for t in chosen] or [np.zeros(2)]

    def _grid_errors(self, pairs: Floats) -> Floats:
        terms = self.terms(pairs)
        gram = np.einsum("pam,pbm->pab", terms, terms)
        size = gram[:, 0, 0] * gram[:, 1, 1]
        det = size - gram[:, 0, 1] ** 2
        regular = det > SINGULAR * size
        gram[~regular] = np.eye(2)
        amplitudes = np.linalg.solve(gram, (terms @ self.y)[..., None])[..., 0]
        errors = np.sum((np.einsum("pa,pam->pm", amplitudes, terms) - self.y) ** 2, axis=-1)
        return np.where(regular & self.positive(pairs, amplitudes), errors, np.inf)

    def refine(self, start: Floats) -> Floats:
        """Return the local optimum near `start`, or the last positive curve on the way there."""
        from scipy.optimize import least_squares

        slack = 1.0 + 1e-9  # a start on the bound would be moved off it otherwise
        bounds = ([self.low * slack] * 2, [self.high * slack] * 2)
        found: Floats = least_squares(
            self.residual, start, bounds=bounds, jac="3-point", x_scale="jac",
            ftol=1e-12, xtol=1e-12, gtol=1e-12, max_nfev=200,
        ).x  # fmt: skip
        best, reach = start, 1.0
        while reach > 1e-3:
            candidate = start + reach * (found - start)
            if self.positive(candidate, self.amplitudes(candidate)):
                best = min(best, candidate, key=self.error)
                break
            reach /= 2
        return best
