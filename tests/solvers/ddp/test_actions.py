"""Eq. 19, on all layers and on merged ones."""

from __future__ import annotations

from math import floor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from splitbench.problems import Device, Exp2Curve, Fleet
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers.ddp.actions import ActionSet, Mapping, merged_cuts

UNIT = st.floats(-1.0, 1.0)


def device(cut_bits: list[float], name: str = "d") -> Device:
    """A device with the given cuts; nothing else of it matters here."""
    steps = len(cut_bits)
    local = tuple(0.01 * index for index in range(steps))
    share = tuple(1.0 - index / (steps - 1) for index in range(steps))
    curve = Exp2Curve(0.2, -0.5, 0.02, 0.0)
    return Device(name, 0.3, 100.0, 8.0, 6.0, tuple(cut_bits), local, share, curve)


@given(st.integers(1, 60), UNIT)
def test_decode_is_equation_19(layers: int, tanh: float) -> None:
    """`printed` is ⌊(tanh P + 1)/2·S⌋, `corrected` min(⌊(tanh P + 1)/2·(S + 1)⌋, S)."""
    actions = ActionSet.of(Fleet([device([1.0] * layers + [0.0])]), "all")
    share = (tanh + 1.0) / 2.0
    assert actions.decode(np.array([tanh]), "printed")[0] == floor(share * layers)
    assert actions.decode(np.array([tanh]))[0] == min(floor(share * (layers + 1)), layers)


def test_only_the_corrected_mapping_reaches_local_only() -> None:
    """As printed, l = S needs tanh P = 1; corrected, every l has an interval of one length."""
    actions = ActionSet.of(Fleet([device([3.0, 2.0, 1.0, 0.0])]))
    tanh = np.linspace(-1.0, 1.0, 4001)[:-1, None]
    assert actions.decode(tanh, "printed").max() == 2
    counts = np.bincount(actions.decode(tanh)[:, 0])
    np.testing.assert_array_equal(counts, [1000] * 4)
    assert actions.decode(np.array([1.0]), "printed")[0] == 3


@given(st.lists(st.floats(0.0, 100.0), min_size=2, max_size=12))
def test_merged_cuts_are_where_the_cut_is_smaller_than_every_earlier_one(bits: list[float]) -> None:
    """By the definition: l = 0, each l whose d(l) is below d(0), …, d(l − 1), and l = S.

    Also where an earlier cut sends nothing already, local-only stays a choice.
    """
    last = len(bits) - 1
    expected = [
        cut
        for cut in range(len(bits))
        if cut == last or all(bits[cut] < earlier for earlier in bits[:cut])
    ]
    assert merged_cuts(device(bits)) == tuple(expected)


def test_local_only_is_always_a_merged_cut() -> None:
    """d(S) = 0 is below every other cut, for every device of every suite."""
    for name in ("paper-wifi", "hetero", "congested", "never-full"):
        for one in make_suite(name).horizon(0, 1).fleet.devices:
            assert merged_cuts(one)[-1] == one.layers


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=4), st.sampled_from(["corrected", "printed"])
)
def test_centres_map_to_their_layers(layers: list[int], mapping: Mapping) -> None:
    """Eq. 19 maps the centre of each layer's interval to that layer, padding to the last one."""
    fleet = Fleet([device([1.0] * count + [0.0], f"d{n}") for n, count in enumerate(layers)])
    actions = ActionSet.of(fleet, "all")
    centres = actions.centres(mapping)
    assert (np.abs(centres) <= 1.0).all()
    for column in range(centres.shape[1]):
        expected = np.minimum(column, actions.sizes - 1)
        np.testing.assert_array_equal(actions.index(centres[:, column], mapping), expected)


def test_neighbours_are_the_nearest_choices() -> None:
    """One below and one above; at an end only one; of a sleeping device the first."""
    actions = ActionSet.of(Fleet([device([9.0, 12.0, 5.0, 7.0, 1.0, 0.0])]))
    assert actions.partitions.tolist() == [[0, 2, 4, 5]]
    for held, expected in ((2, [0, 4]), (0, [2]), (5, [4]), (3, [2, 4]), (-1, [0])):
        assert actions.neighbours(np.array([held]), 0).tolist() == expected
