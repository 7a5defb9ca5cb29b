"""Who holds a lease: a process, named so that another one on the same machine can tell whether it still lives."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path

_UNKNOWN = "-"


def own_name() -> str:
    """``host:boot-id:pid-namespace:pid:start-ticks`` of this process."""
    return ":".join((*_machine(), str(os.getpid()), _ticks(os.getpid()) or _UNKNOWN))


def is_gone(owner: str) -> bool:
    """Whether that process is surely gone. False when it may live, or runs where we cannot look."""
    if owner.count(":") != 4:
        return False
    *machine, pid, ticks = owner.split(":")
    if tuple(machine) != _machine() or _UNKNOWN in (*machine, ticks) or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        # It is another user's; what /proc says of it below, if anything, still counts.
        pass
    now = _ticks(int(pid))
    return now is not None and now != ticks


@cache
def _machine() -> tuple[str, str, str]:
    """Host, boot and pid namespace: a process id means nothing outside them."""
    boot = _read(Path("/proc/sys/kernel/random/boot_id"))
    try:
        namespace = Path("/proc/self/ns/pid").readlink().name.removeprefix("pid:[").removesuffix("]")
    except OSError:
        namespace = _UNKNOWN
    return socket.gethostname().replace(":", "_") or _UNKNOWN, boot or _UNKNOWN, namespace


def _ticks(pid: int) -> str | None:
    """The start time of a process in clock ticks; "" of one that is dead but not reaped; None when hidden."""
    stat = _read(Path(f"/proc/{pid}/stat"))
    if not stat:
        return None
    # The command's name stands in brackets and may hold anything, so count from the last bracket (proc(5)).
    state, *rest = stat.rpartition(")")[2].split()
    return "" if state in "ZX" else rest[18]


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
