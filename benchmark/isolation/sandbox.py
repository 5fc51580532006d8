"""Restrict a player's process: its memory and, on Linux, access to other files and processes.

With Landlock (Linux 5.13; signals since 6.12) a process confines itself, without privileges. Code
from a user's file may then write only below its temporary directory, and may not signal or trace
outside processes. Without Landlock only these limits are missing. Solvers of installed packages may
write files.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import struct
from collections.abc import Iterable

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_SCOPE_SIGNALS = 2
#: Rights that are removed everywhere except below writable folders: to write, remove, make and
#: refer (2), truncate (3) and send ioctl to devices (5), by the version that knows them.
_WRITE_RIGHTS = {1: 1 << 1 | sum(1 << bit for bit in range(4, 13)), 2: 1 << 13, 3: 1 << 14}


def limit_memory(limit_bytes: int) -> None:
    """Make allocations beyond the limit fail in this process (MemoryError in Python)."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))


def die_with_parent() -> None:
    """Make the kernel kill this process when its parent ends (Linux)."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of descendants whose parent ends before them (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def confine(writable: Iterable[str] | None) -> None:
    """Confine this process and its children; does nothing where the system lacks support.

    Parameters
    ----------
    writable
        The only folders in which files may be written; None: anywhere.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    if version < 1:
        return
    known = [right for since, right in _WRITE_RIGHTS.items() if since <= version]
    rights = 0 if writable is None else sum(known)
    scoped = _SCOPE_SIGNALS if version >= 6 else 0
    if not rights and not scoped:
        return
    attributes = struct.pack("<QQQ", rights, 0, scoped)[: 24 if version >= 6 else 8]
    ruleset = libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return
    for folder in writable or ():
        _allow(libc, ruleset, folder, rights)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    libc.syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def confines_signals() -> bool:
    """Whether this system keeps a confined process from signalling others."""
    version = ctypes.CDLL(None).syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    return int(version) >= 6


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        if not os.path.isdir(path):
            rights &= 1 << 1 | 1 << 14
        libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("<Qi", rights, descriptor), 0)
        os.close(descriptor)


def _prctl(option: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
