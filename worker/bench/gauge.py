"""Run a command and measure it: wall and CPU seconds, and the memory of it and its children together."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: in a MiB
_KIB = 1024


@dataclass(frozen=True)
class Cost:
    """What one command took. CPU is that of the command and of every child it waited for."""

    code: int
    wall_s: float
    cpu_s: float
    #: proportional set sizes of all its processes together, at the worst moment that was sampled
    peak_mib: float
    #: largest resident set of any single process in it, as the kernel counted it
    largest_mib: float
    stdout: str
    stderr: str


def measure(command: Sequence[str], environ: Mapping[str, str], sample_s: float = 0.25) -> Cost:
    """Run to the end. ``sample_s``: time between two looks at the memory; each costs about a millisecond."""
    began = time.monotonic()
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603
    sampler = _Sampler(process.pid, sample_s)
    out: list[str] = ["", ""]
    readers = [threading.Thread(target=_drain, args=(process, number, out)) for number in (0, 1)]
    for thread in (*readers, sampler):
        thread.start()
    for thread in readers:
        thread.join()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.monotonic() - began
    sampler.end()
    cpu_s = usage.ru_utime + usage.ru_stime
    # Not ru_maxrss: Linux lets a child begin with the peak of the process that started it.
    peak, largest = sampler.peak_kib / _KIB, sampler.largest_kib / _KIB
    return Cost(process.returncode, wall_s, cpu_s, peak, largest, out[0], out[1])


def _drain(process: subprocess.Popen[str], number: int, out: list[str]) -> None:
    stream = (process.stdout, process.stderr)[number]
    if stream:
        with stream:
            out[number] = stream.read()


class _Sampler(threading.Thread):
    """Looks at a process and its descendants until told to end."""

    def __init__(self, pid: int, every_s: float) -> None:
        super().__init__(daemon=True)
        self._pid, self._every_s = pid, every_s
        self._ended = threading.Event()
        self.peak_kib = self.largest_kib = 0

    def run(self) -> None:
        while not self._ended.wait(self._every_s):
            pids = _family(self._pid)
            self.peak_kib = max(self.peak_kib, sum(map(_proportional_kib, pids)))
            self.largest_kib = max(self.largest_kib, *map(_resident_peak_kib, pids), 0)

    def end(self) -> None:
        self._ended.set()
        self.join()


def _family(pid: int) -> list[int]:
    """The process and its living descendants."""
    found = [pid]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            found.extend(map(int, _text(children).split()))
    return found


def _proportional_kib(pid: int) -> int:
    return _kib(_text(Path(f"/proc/{pid}/smaps_rollup")), "Pss:")


def _resident_peak_kib(pid: int) -> int:
    return _kib(_text(Path(f"/proc/{pid}/status")), "VmHWM:")


def _kib(text: str, name: str) -> int:
    lines = (line.split() for line in text.splitlines() if line.startswith(name))
    return next((int(words[1]) for words in lines), 0)


def _text(path: Path) -> str:
    # A process may end between being listed and being looked at.
    with suppress(OSError):
        return path.read_text()
    return ""
