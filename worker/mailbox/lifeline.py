"""What reaches a connection from another thread, from before its first byte until its last."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
#: seconds after which somebody who waits looks whether to go on
LOOK_S = 0.1


class Lifeline:
    """Cut once and for good: whoever waits on what it holds, or holds on to it later, gets ConnectionAbortedError."""

    def __init__(self) -> None:
        self.is_cut = False
        self._held: socket.socket | None = None
        self._lock = threading.Lock()

    def hold(self, sock: socket.socket) -> None:
        """From now on ``cut`` wakes whoever waits on this socket, and on no earlier one."""
        with self._lock:
            self._held = sock
        self.check()

    def check(self) -> None:
        """Raises ConnectionAbortedError once the line is cut."""
        if self.is_cut:
            raise ConnectionAbortedError("stopped on request")

    def cut(self) -> None:
        """From any thread; may be called again."""
        with self._lock:
            self.is_cut = True
            if self._held is None:
                return
            # Not SSLSocket.shutdown: that would drop the TLS state under the feet of the reading thread.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._held, socket.SHUT_RDWR)

    def during(self, work: Callable[[], T], seconds: float) -> T:
        """The result of ``work``, which nothing can wake: it goes on in a thread of its own when we are cut off.

        Raises what it raises, TimeoutError, ConnectionAbortedError.
        """
        done: queue.SimpleQueue[Callable[[], T]] = queue.SimpleQueue()
        threading.Thread(target=lambda: done.put(_outcome(work)), name="waiting", daemon=True).start()
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            with contextlib.suppress(queue.Empty):
                return done.get(timeout=min(LOOK_S, left))()
        raise TimeoutError(f"nothing came of it within {seconds:g} s")


def _outcome(work: Callable[[], T]) -> Callable[[], T]:
    """What to do with what came of it: return it, or raise it."""
    try:
        result = work()
    except Exception as error:
        failure = error

        def fail() -> T:
            raise failure

        return fail
    return lambda: result
