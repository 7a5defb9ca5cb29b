"""The guarded child as seen from the worker: parses where a hostile mail can hurt nobody but itself (M26, H20, P3)."""

from __future__ import annotations

import pickle
import queue
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from worker.message.pipe import Child, ChildEndedError, TookTooLongError
from worker.message.unreadable import unreadable
from worker.message.wire import ERROR, IDENTITY, TROUBLE, Request, frame, pack, unpack_message

if TYPE_CHECKING:
    from pathlib import Path

    from worker.message.model import InboundMessage, Source

#: address space of the child: bounds what one mail can take
MEMORY_LIMIT_BYTES = 384 * 1024 * 1024
WALL_LIMIT_S = 10.0
_TRIES = 3
# Sent to every process of a group at a stop, or by an operator: says nothing against the mail (P3).
_INNOCENT = frozenset({-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP, -signal.SIGKILL})


class GuardError(Exception):
    """No child can be started, or the spool folder fails: no mail is at fault, and none can be read until then."""


class _FailedError(Exception):
    """The mail ended the child, or the child failed on it; the identity if it was known by then."""

    def __init__(self, why: str, identity: str, innocent: bool = False) -> None:
        super().__init__(why)
        self.identity = identity
        self.innocent = innocent


class Guard:
    """``size`` children, started when needed and again when a mail has ended one. For any number of threads."""

    def __init__(
        self, size: int = 1, wall_limit_s: float = WALL_LIMIT_S, memory_limit_bytes: int = MEMORY_LIMIT_BYTES
    ) -> None:
        self._wall_limit_s = wall_limit_s
        self._memory_limit_bytes = memory_limit_bytes
        self._size = size
        self._closed = False
        self._places: queue.LifoQueue[Child | None] = queue.LifoQueue()
        for _ in range(size):
            self._places.put(None)

    def parse(self, source: Source, spool: Path | None = None) -> InboundMessage:
        """As ``worker.message.parse``, and in bounded time and memory. Raises GuardError and nothing else."""
        try:
            return self._parse(source, spool)
        except OSError as error:
            raise GuardError(f"no mail can be read: {error}") from error

    def _parse(self, source: Source, spool: Path | None) -> InboundMessage:
        for left in reversed(range(_TRIES)):
            try:
                return self._attempt(source, spool)
            except _FailedError as failure:
                if not failure.innocent or not left:
                    return unreadable(source, str(failure), failure.identity)
        raise AssertionError("unreachable: the last try returns")

    def pids(self) -> tuple[int, ...]:
        """The children that are idle now."""
        return tuple(child.pid for child in list(self._places.queue) if child is not None)

    def close(self) -> None:
        """End the children, after the mails they are at; may be called twice."""
        self._closed = True
        for child in [self._places.get() for _ in range(self._size)]:
            if child is not None:
                child.end()
            self._places.put(None)

    def _attempt(self, source: Source, spool: Path | None) -> InboundMessage:
        child = self._places.get()
        try:
            child = child or self._started()
            message = self._ask(child, source, spool)
        except BaseException:
            if child is not None:
                child.kill()
            self._places.put(None)
            raise
        self._places.put(child)
        return message

    def _started(self) -> Child:
        if self._closed:
            raise GuardError("the guard is closed")
        try:
            child = Child(self._memory_limit_bytes)
        except OSError as error:
            raise GuardError(f"no parsing child can be started: {error}") from error
        try:
            child.wait_ready()
        except (ChildEndedError, TookTooLongError) as error:
            child.kill()
            raise GuardError(f"the parsing child did not start: {error}") from error
        return child

    def _ask(self, child: Child, source: Source, spool: Path | None) -> InboundMessage:
        deadline = time.monotonic() + self._wall_limit_s
        identity = ""
        try:
            for octets in self._request(source, spool):
                child.send(octets, deadline)
            kind, payload = child.receive(deadline)
            if kind == IDENTITY:
                identity = payload.decode("ascii")
                kind, payload = child.receive(deadline)
            if kind == TROUBLE:
                raise GuardError(f"no mail can be read: {payload.decode('utf-8', 'replace')}")
            if kind == ERROR:
                return unreadable(source, payload.decode("utf-8", "replace"), identity)
            return unpack_message(payload)
        except TookTooLongError:
            raise _FailedError(f"reading took longer than {self._wall_limit_s:g} s", identity) from None
        except ChildEndedError as error:
            raise _FailedError(_why(error.status), identity, error.status in _INNOCENT) from None
        except (pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError) as error:
            raise _FailedError(f"the parsing child gave no message: {type(error).__name__}", identity) from None

    def _request(self, source: Source, spool: Path | None) -> list[bytes]:
        """What goes down the pipe; the mail's octets are not copied into the request."""
        content = source.content if isinstance(source.content, bytes) else b""
        told = replace(source, content=b"") if content else source
        request = Request(told, spool, len(content), int(self._wall_limit_s) + 1)
        return [frame(b"q", pack(request)), content]


def _why(status: int) -> str:
    if status == -signal.SIGXCPU:
        return "reading took too much processor time"
    if status < 0:
        return f"the parsing child was ended by {signal.Signals(-status).name}"
    return f"the parsing child ended with status {status}"
