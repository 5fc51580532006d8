"""Boards and servers given as profile files: their layers, latencies and shares."""

from __future__ import annotations

from splitbench.problems.arrays import Floats
from splitbench.problems.errors import InputError
from splitbench.problems.latency.profiles.measured_dnn import MeasuredDnn
from splitbench.problems.latency.profiles.profile_file import is_profile_path, load_profile
from splitbench.problems.networks.network import load_network
from splitbench.problems.networks.virtual_layers import VirtualLayers


def measured_dnn(profile: str, dnn: str) -> MeasuredDnn | None:
    """Return a DNN as a profile file has it; None where `profile` is a shipped one's name.

    Raises
    ------
    InputError
        A file that cannot be used, or that lacks the DNN.
    """
    return load_profile(profile).dnn(dnn) if is_profile_path(profile) else None


def layers_of(board: str, server: str, dnn: str) -> VirtualLayers:
    """Return the virtual layers of a DNN; those of the files, where board or server is one.

    Raises
    ------
    InputError
        Board and server were measured with different layers.
    """
    found = [one for one in (measured_dnn(name, dnn) for name in (board, server)) if one]
    if not found:
        return load_network(dnn).virtual_layers()
    layers = found[0].layers
    for other in found[1:]:
        if other.layers.values != layers.values:
            raise InputError(
                f"{dnn}: {len(layers)} virtual layers in {board}, {len(other.layers)} others in "
                f"{server}; expected profiles of the same network"
            )
    return layers


def measured_shares(
    board: str, server: str, dnn: str, cores: int | None = None
) -> tuple[Floats, Floats]:
    """Return the share done after l layers on the board and left for the server, (S + 1,) each.

    Each end as it was measured (the board at `cores` threads, the server at as many as have a
    core each); an end without a profile file takes the other's shares.

    Raises
    ------
    InputError
        Neither is a profile file, or `cores` was not measured.
    """
    on_board, on_server = measured_dnn(board, dnn), measured_dnn(server, dnn)
    done = left = None
    if on_board is not None:
        run = on_board.split_run if cores is None else on_board.run(cores)
        done = run.prefix_share
    if on_server is not None:
        left = on_server.split_run.suffix_share
    if done is None and left is None:
        raise InputError(
            f"split: got measured, but splits of {dnn} on {board} and {server} were not measured; "
            "expected linear or macs, or a profile file as board or server"
        )
    if done is None:
        assert left is not None
        done = 1.0 - left
    return done, 1.0 - done if left is None else left
