"""The parsing child, forked instead of started anew: the same code, pipes and limits, but no imports."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any, NoReturn


class Forked:
    """As much of subprocess.Popen as the worker uses of it."""

    def __init__(self, memory_limit_bytes: int, note: int) -> None:
        to_read, to_write = os.pipe()
        answers_read, answers_write = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(to_write)
            os.close(answers_read)
            _serve(to_read, answers_write, memory_limit_bytes, note)
        os.close(to_read)
        os.close(answers_write)
        self.stdin = io.FileIO(to_write, "w")
        self.stdout = io.FileIO(answers_read, "r")
        self._status: int | None = None

    def kill(self) -> None:
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        end = None if timeout is None else time.monotonic() + timeout
        while self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
            elif end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("child", timeout or 0.0)
            else:
                time.sleep(0.001)
        return self._status


def _serve(requests: int, answers: int, memory_limit_bytes: int, note: int) -> NoReturn:
    code = 1
    try:
        os.dup2(requests, 0)
        os.dup2(answers, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.set_blocking(0, True)
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, "r", closefd=False)))
        sys.argv = ["child", str(memory_limit_bytes), str(note)]
        from worker.message.child import main

        main()
        code = 0
    finally:
        os._exit(code)


def install() -> None:
    """From now on the worker's parsing child is forked, as long as nothing else runs in this process."""
    from worker.message.pipe import Child

    spawned = Child._started

    def started(self: Any) -> Any:
        if threading.active_count() > 1:
            return spawned(self)
        return Forked(self._memory_limit_bytes, self._note)

    Child._started = started  # type: ignore[method-assign]
