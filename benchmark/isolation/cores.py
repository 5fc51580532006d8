"""Cores for workers: each process on this machine that pins a worker takes a separate core.

Concurrent runs, and the workers of a Dask cluster, do not know of each other. A lock on a file per
core shows which cores are taken; the kernel releases it when the process ends.
"""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
import zlib
from pathlib import Path


class Core:
    """A core that is reserved until it is given back, or until this process ends."""

    def __init__(self, number: int, lock: int):
        self.number = number
        self._lock = lock

    def give_back(self) -> None:
        """Release the core."""
        os.close(self._lock)


def take_core() -> Core | None:
    """Reserve a free core; None if all are taken or cores cannot be pinned.

    The search begins at a core that depends on the host's name: containers that share a machine but
    no files then do not all start with the first.
    """
    try:
        cores = sorted(os.sched_getaffinity(0))
        folder = _folder()
    except (AttributeError, OSError):
        return None
    first = zlib.crc32(platform.node().encode()) % len(cores)
    for number in cores[first:] + cores[:first]:
        lock = _locked(folder / f"core-{number}")
        if lock is not None:
            return Core(number, lock)
    return None


def _folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"splitbench-cores-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
    return folder


def _locked(path: Path) -> int | None:
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return descriptor
    os.close(descriptor)
    return None
