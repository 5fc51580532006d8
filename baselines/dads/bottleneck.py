"""The split of a layer DAG whose longest stage is shortest, as a mixed-integer programme.

DADS's heavy load (DSH) looks for this split by weighted minimum cuts, which miss optima that no
weights favour. With x_i = 1 where layer i is on the device and y_t = 1 where tensor t is sent:

    min z   s.t.  z ≥ Σ device_i x_i,  z ≥ Σ link_t y_t,  z ≥ Σ server_i (1 − x_i),
                  x_reader ≤ x_i for each reader of layer i (no hand-back),
                  y_t ≥ x_t − x_reader for each reader of t (the input is on the device).

y may be continuous: at an optimum it is 0 or 1 where it matters. Solved by HiGHS through scipy.
"""

from __future__ import annotations

import numpy as np

from splitbench.baselines.dads.min_cut import CutNetwork
from splitbench.problems.arrays import Floats, Mask
from splitbench.problems.errors import SplitbenchError
from splitbench.problems.networks.dag import LayerDag

#: What HiGHS may violate a row by, in units of the best split known.
_TOLERANCE = 1e-6


def least_bottleneck(
    dag: LayerDag, network: CutNetwork, device: Floats, link: Floats, server: Floats
) -> tuple[Mask, float]:
    """Return which layers stay on the device, and a proven lower bound on the longest stage.

    Parameters
    ----------
    network
        The flow network of `dag`; its shape and stages are used.
    device, link, server
        Seconds of each layer on either side (shape n) and of sending each tensor (n + 1, the
        input last); infinite where a pin forbids the side.

    Raises
    ------
    SplitbenchError
        HiGHS fails.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    known = network.cheapest(device, link, server)
    scale = max(network.stages(known, device, link, server))
    if scale == 0.0:
        return known, 0.0
    n, tensors, readers = network.layers, network.tensors, network.readers
    # In units of the best split known: what takes longer than that is in no better split, and
    # counting it as 2 keeps the programme well scaled.
    here, sent, there = (np.minimum(side / scale, 2.0) for side in (device, link, server))
    columns = 2 * n + 2  # x, y (the input's last), z
    inner = tensors < n
    edges, given = len(tensors), int(inner.sum())
    rows = [
        # stages − z
        *((0, i, here[i]) for i in range(n)),
        *((1, n + t, sent[t]) for t in range(n + 1)),
        *((2, i, -there[i]) for i in range(n)),
        *((row, columns - 1, -1.0) for row in range(3)),
        # x_reader − x_i ≤ 0
        *((3 + e, r, 1.0) for e, r in enumerate(readers[inner])),
        *((3 + e, t, -1.0) for e, t in enumerate(tensors[inner])),
        # x_t − x_reader − y_t ≤ 0, x of the input = 1
        *((3 + given + e, t, 1.0) for e, t in enumerate(tensors) if t < n),
        *((3 + given + e, r, -1.0) for e, r in enumerate(readers)),
        *((3 + given + e, n + t, -1.0) for e, t in enumerate(tensors)),
    ]
    row, column, value = (np.array(part) for part in zip(*rows, strict=True))
    upper = np.zeros(3 + given + edges)
    upper[2] = -there.sum()
    upper[3 + given :][~inner] = -1.0
    objective = np.zeros(columns)
    objective[-1] = 1.0
    lowest, highest = np.zeros(columns), np.ones(columns)
    lowest[:n] = dag.must_stay
    highest[:n] = ~dag.must_leave
    highest[-1] = np.inf
    constraints = LinearConstraint(
        coo_array((value, (row, column)), shape=(len(upper), columns)), -np.inf, upper
    )
    for presolve in (True, False):  # HiGHS's presolve fails on some ordinary programmes
        found = milp(
            objective,
            integrality=np.concatenate([np.ones(n), np.zeros(n + 2)]),
            bounds=Bounds(lowest, highest),
            constraints=constraints,
            options={"mip_rel_gap": 0.0, "presolve": presolve},
        )
        if found.x is not None:
            break
    else:
        raise SplitbenchError(f"bottleneck cut: HiGHS: {found.message}; expected an optimum")
    best = found.x[:n] > 0.5
    reached = max(network.stages(best, device, link, server))
    if reached > scale:  # rounding of HiGHS; the minimum cut is as good
        best, reached = known, scale
    proved = scale * max(float(found.mip_dual_bound) - _TOLERANCE, 0.0)
    return best, min(proved, reached)
