"""The paper's boards and server as data: the public measurement that stands in for each.

None of the paper's machines was measured by us. A profile names the public thread sweep that
stands for its machine, the cores that run a DNN, and the factors from the sweep to the machine;
`problems/data/profiles/README.md` has the sources and what is doubtful.
"""

from __future__ import annotations

from dataclasses import dataclass

from splitbench.problems.errors import UnknownNameError

#: What the paper measured (jtop): W while computing, W while sending; D_max over D_loc.
COMPUTE_POWER_W = 8.6
TRANSMIT_POWER_W = 6.5
DEADLINE_SHARE = 0.9


@dataclass(frozen=True)
class BoardProfile:
    """A device's board.

    `machine` is the sweep it stands on, `cores` the thread count of it that runs a DNN where a
    suite does not say otherwise, `clock_factor` how many times slower the board's clock is than
    that machine's, `note` why that sweep may stand for `title`.
    """

    name: str
    title: str
    machine: str
    cores: int
    clock_factor: float
    note: str


@dataclass(frozen=True)
class ServerProfile:
    """An edge server.

    `machine` is the sweep that gives the shape of D(k), `level_machine` the one whose latency at
    `level_threads` gives its level (where None, `machine` gives both), and `clock_factor` how many
    times slower the server's clock is than the level machine's; `note` says why.
    """

    name: str
    title: str
    machine: str
    level_machine: str | None
    level_threads: int
    clock_factor: float
    note: str


BOARDS: dict[str, BoardProfile] = {
    board.name: board
    for board in (
        BoardProfile(
            "orin-nx", "Jetson Orin NX", "agx-orin", 2, 2.2 / 2.0,
            "AGX Orin has the same Cortex-A78AE core at 2.2 GHz, Orin NX runs it at 2.0 GHz",
        ),
        BoardProfile(
            "orin-nano", "Jetson Orin Nano", "orin-nano", 1, 1.0,
            "measured board; its cores are Cortex-A78AE (the paper's A57 is the older Nano's)",
        ),
        BoardProfile("agx-xavier", "Jetson AGX Xavier", "agx-xavier", 1, 1.0, "measured board"),
    )
}  # fmt: skip

SERVERS: dict[str, ServerProfile] = {
    server.name: server
    for server in (
        ServerProfile(
            "i7-12700kf", "Intel i7-12700KF", "xeon-8573c", "i7-13700k", 16, 5.4 / 5.0,
            "no thread sweep of it is public: shape of the nearest x86 sweep (Xeon 8573C), level "
            "of i7-13700K (measured at 16 threads only), slowed from 5.4 to 5.0 GHz",
        ),
        ServerProfile(
            "xeon-8573c", "Intel Xeon Platinum 8573C", "xeon-8573c", None, 16, 1.0,
            "measured server",
        ),
        ServerProfile(
            "kunpeng-920", "Kunpeng 920, 24 cores", "kunpeng-920-24", None, 16, 1.0,
            "measured server; small networks slow down past 8 threads",
        ),
    )
}  # fmt: skip


def board_profile(name: str) -> BoardProfile:
    """Return a board by name, or raise an UnknownNameError."""
    if name not in BOARDS:
        raise UnknownNameError("board", name, BOARDS)
    return BOARDS[name]


def server_profile(name: str) -> ServerProfile:
    """Return a server by name, or raise an UnknownNameError."""
    if name not in SERVERS:
        raise UnknownNameError("server", name, SERVERS)
    return SERVERS[name]
