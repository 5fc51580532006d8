"""`splitbench cut`: DADS on a layer DAG."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from splitbench.baselines.dads.graph import cut_graph, shortest_bottleneck
from splitbench.benchmark import options
from splitbench.benchmark.console import emit, print_json
from splitbench.problems.errors import InputError, did_you_mean
from splitbench.problems.networks.dag import dag_from_graph, dag_text, load_dag
from splitbench.problems.networks.network import load_network, network_names

if TYPE_CHECKING:
    from splitbench.baselines.dads.graph import GraphCut
    from splitbench.problems.networks.dag import LayerDag


class CutMode(StrEnum):
    """The problem to solve: one of DADS's two, or the exact form of the second."""

    LIGHT = "light"
    HEAVY = "heavy"
    BOTTLENECK = "bottleneck"
    AUTO = "auto"


_NETWORK_OPTIONS = ("--device-s", "--server-s", "--uplink-bps")
_USAGE = "--device-s 0.4 --server-s 0.05 --uplink-bps 15e6"


def cut(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A splitbench/dag@1 file, or a shipped network.")
    ],
    mode: Annotated[
        CutMode,
        typer.Option(
            "--mode", help="Least delay; shortest longest stage as DADS does it, or proved."
        ),
    ] = CutMode.LIGHT,
    arrival_rate_hz: Annotated[
        float | None,
        typer.Option("--arrival-rate-hz", help="Tasks per second, for --mode auto.", metavar="X"),
    ] = None,
    device_s: Annotated[
        float | None,
        typer.Option("--device-s", help="Network: its seconds on the device.", metavar="S"),
    ] = None,
    server_s: Annotated[
        float | None,
        typer.Option("--server-s", help="Network: its seconds on the server.", metavar="S"),
    ] = None,
    uplink_bps: Annotated[
        float | None, typer.Option("--uplink-bps", help="Network: uplink, bit/s.", metavar="BPS")
    ] = None,
    save_dag: Annotated[
        Path | None,
        typer.Option("--save-dag", help="Also write the DAG as a file.", metavar="PATH"),
    ] = None,
    as_json: options.JsonFlag = False,
    out: options.Out = None,
) -> None:
    """Split a layer DAG between device and server as DADS does.

    FILE may also name a shipped network, such as vgg16_bn, whose times on either side
    (--device-s, --server-s) are spread over its layers by their multiply-accumulates.
    """
    if (mode is CutMode.AUTO) != (arrival_rate_hz is not None):
        raise InputError(
            "--arrival-rate-hz: expected with --mode auto, and only there: tasks per second"
        )
    dag = _dag(file, dict(zip(_NETWORK_OPTIONS, (device_s, server_s, uplink_bps), strict=True)))
    found = cut_graph(dag, mode.value, arrival_rate_hz)
    if found.mode == "heavy":  # a heuristic is always shown with its gap to the proven bound
        bound_s = shortest_bottleneck(dag).bottleneck_bound_s
        found = replace(found, bottleneck_bound_s=bound_s)
    if save_dag is not None:
        emit(dag_text(dag).rstrip("\n"), save_dag)
    if as_json:
        print_json(cut_object(found), out)
    else:
        emit(cut_text(dag, found), out)


def cut_object(cut: GraphCut) -> dict[str, Any]:
    """Return the object that `cut --json` prints."""
    bound = (
        {}
        if cut.bottleneck_bound_s is None
        else {
            "bottleneck_s": cut.bottleneck_s,
            "bottleneck_bound_s": cut.bottleneck_bound_s,
        }
    )
    return bound | {
        "mode": cut.mode,
        "device": list(cut.device),
        "delay_s": cut.delay_s,
        "stages_s": {"device": cut.device_s, "link": cut.link_s, "server": cut.server_s},
    }


def cut_text(dag: LayerDag, cut: GraphCut) -> str:
    """Describe a cut for people: delay, stages, and the layers on either side."""
    here = set(cut.device)
    there = [layer.name for layer in dag.layers if layer.name not in here]
    stages = f"{1e3 * cut.device_s:.2f} + {1e3 * cut.link_s:.2f} + {1e3 * cut.server_s:.2f}"
    return "\n".join(
        [
            f"{dag.name}: {cut.mode}, delay {1e3 * cut.delay_s:.2f} ms = {stages} "
            f"(device + link + server), longest stage {1e3 * cut.bottleneck_s:.2f} ms"
            + _against_bound(cut),
            f"  on the device {len(here)} of {len(dag)} layers: {', '.join(cut.device) or '–'}",
            f"  on the server {len(there)}: {', '.join(there) or '–'}",
        ]
    )


def _against_bound(cut: GraphCut) -> str:
    """Say how far the longest stage is from what is proved to be the shortest possible."""
    bound_s = cut.bottleneck_bound_s
    if bound_s is None:
        return ""
    gap_s = cut.bottleneck_s - bound_s
    if gap_s <= 2e-6 * cut.bottleneck_s:  # within the tolerance of the integer programme
        return ", proved shortest"
    return f", {1e3 * gap_s:.2f} ms ({gap_s / max(bound_s, 1e-300):.0%}) above the proven bound"


def _dag(file: str, given: dict[str, float | None]) -> LayerDag:
    """Read the file or, if there is none, build the DAG of a shipped network."""
    if Path(file).exists() or file not in network_names():
        if not Path(file).exists() and Path(file).suffix == "":
            hint = did_you_mean(file, network_names())
            raise InputError(f"{file}: no such file, and no shipped network{hint}")
        for option, value in given.items():
            if value is not None:
                raise InputError(f"{option}: the file {file} says it; expected with a network only")
        return load_dag(file)
    device_s, server_s, uplink_bps = given.values()
    if device_s is None or server_s is None or uplink_bps is None:
        missing = ", ".join(option for option, value in given.items() if value is None)
        raise InputError(f"network {file}: {missing} not given; expected {file} {_USAGE}")
    return dag_from_graph(
        load_network(file), device_s=device_s, server_s=server_s, uplink_bps=uplink_bps
    )
