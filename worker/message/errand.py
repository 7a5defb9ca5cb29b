"""Mails on their way through one child: sent ahead as far as the pipe holds them, answered in the same order."""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from worker.message.pipe import Child, ChildEndedError, TookTooLongError
from worker.message.unreadable import unreadable
from worker.message.wire import ERROR, TROUBLE, NoMessageError, Request, pack_request, unpack_message

if TYPE_CHECKING:
    from pathlib import Path

    from worker.message.model import InboundMessage, Source

#: mails that one child has before it at once
MAX_AHEAD = 16
_TRIES = 3
# Sent to every process of a group at a stop, or by an operator: says nothing against the mail (P3).
_INNOCENT = frozenset({-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP, -signal.SIGKILL})


class GuardError(Exception):
    """No child can be started, or the spool folder fails: no mail is at fault, and none can be read until then."""


class Errand:
    """One mail that is being read. Whoever began it asks for its result, once or often, from any thread."""

    def __init__(self, runner: Runner, source: Source, spool: Path | None) -> None:
        self.source, self.spool = source, spool
        self.size_bytes = len(source.content) if isinstance(source.content, bytes) else 0
        self.number = 0
        self.sent = False
        self.tries = _TRIES
        self.outcome: InboundMessage | GuardError | None = None
        self._runner = runner

    def result(self) -> InboundMessage:
        """The message, waited for in bounded time. Raises GuardError and nothing else."""
        if self.outcome is None:
            self._runner.finish(self)
        if isinstance(self.outcome, GuardError):
            raise self.outcome
        assert self.outcome is not None
        return self.outcome


class Runner:
    """One child and the errands that it has before it. Any thread may finish them, in their order.

    The first errand is always the one that the child is at: when the child ends, that one is charged with it, and
    those behind it go to the next child.
    """

    def __init__(self, wall_limit_s: float, memory_limit_bytes: int) -> None:
        self._wall_limit_s = wall_limit_s
        self._memory_limit_bytes = memory_limit_bytes
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._errands: deque[Errand] = deque()
        self._numbers = 0
        self._closed = False

    @property
    def load(self) -> tuple[int, bool]:
        """How busy it is, to be compared with others; a guess, since it changes at any time."""
        return len(self._errands) + self._lock.locked(), self._child is None

    @property
    def pid(self) -> int | None:
        """The child's process id, if there is one."""
        child = self._child
        return child.pid if child else None

    def warm(self) -> None:
        """Start the child, which takes a while to import what it needs, before there is a mail for it."""
        with self._lock:
            if self._child is None and not self._closed:
                # Whatever is in the way of it is told by the first mail.
                with suppress(OSError):
                    self._child = Child(self._memory_limit_bytes)

    def begin(self, source: Source, spool: Path | None) -> Errand:
        """Send a mail to the child, behind those that are there; waits only when the pipe would. Raises GuardError."""
        errand = Errand(self, source, spool)
        with self._lock:
            try:
                while self._errands and not self._has_room(errand):
                    self._advance()
                self._errands.append(errand)
                self._send()
            except BaseException as error:
                self._drop(errand, error)
                raise
        return errand

    def finish(self, errand: Errand) -> None:
        """Read answers until there is the one to this errand. Raises GuardError."""
        with self._lock:
            try:
                while errand.outcome is None:
                    self._advance()
            except BaseException as error:
                self._drop(errand, error)
                raise

    def close(self) -> None:
        """End the child, after the mail it is at; may be called twice."""
        with self._lock:
            self._closed = True
            if self._child is not None:
                self._child.end()
            self._forget_child()

    # ---- with the lock ----------------------------------------------------------------------------------

    def _has_room(self, errand: Errand) -> bool:
        """Only what the pipe can hold is sent ahead: else both ends could wait for each other for ever."""
        ahead_bytes = sum(one.size_bytes for one in self._errands) + errand.size_bytes
        return len(self._errands) < MAX_AHEAD and self._child is not None and ahead_bytes <= self._child.room_bytes

    def _advance(self) -> None:
        """Take the answer to the first errand, or learn that there is none."""
        if not self._send():
            return
        assert self._child is not None
        try:
            kind, payload = self._child.receive(time.monotonic() + self._wall_limit_s)
            outcome = self._read(self._errands[0], kind, payload)
        except (TookTooLongError, ChildEndedError, NoMessageError) as error:
            self._charge(error)
        else:
            self._errands.popleft().outcome = outcome

    def _send(self) -> bool:
        """Send what has not been sent; False when the child did not take it."""
        self._child = self._child or self._spawned()
        self._await_ready(self._child)
        deadline = time.monotonic() + self._wall_limit_s
        for errand in self._errands:
            if not errand.sent:
                self._numbers += 1
                errand.number, errand.sent = self._numbers, True
                request = Request(errand.number, errand.source, errand.spool, int(self._wall_limit_s) + 1)
                try:
                    self._child.send(pack_request(request), deadline)
                except TookTooLongError as error:
                    self._charge(error)
                    return False
                except ChildEndedError:
                    # Reading will tell, after the answers that it still gave.
                    return True
        return True

    def _read(self, errand: Errand, kind: bytes, payload: bytes) -> InboundMessage | GuardError:
        assert self._child is not None
        if kind == TROUBLE:
            return GuardError(f"no mail can be read: {payload.decode('utf-8', 'replace')}")
        if kind == ERROR:
            return _unreadable(errand, payload.decode("utf-8", "replace"), self._child.noted(errand.number))
        return unpack_message(payload, errand.source, errand.spool)

    def _charge(self, error: Exception) -> None:
        """The child is lost or talks nonsense: that is the first errand's doing, unless a signal to all did it."""
        assert self._child is not None
        first = self._errands[0]
        identity = self._child.noted(first.number)
        self._lose_child()
        first.tries -= 1
        if isinstance(error, ChildEndedError) and error.status in _INNOCENT and first.tries:
            return
        why = (
            f"reading took longer than {self._wall_limit_s:g} s" if isinstance(error, TookTooLongError) else _why(error)
        )
        self._errands.popleft().outcome = _unreadable(first, why, identity)

    def _drop(self, errand: Errand, error: BaseException) -> None:
        """Nobody will ask for it again. What the pipes hold is unknown now, so the child goes too."""
        errand.outcome = errand.outcome or (error if isinstance(error, GuardError) else GuardError("interrupted"))
        self._lose_child()
        if errand in self._errands:
            self._errands.remove(errand)

    def _lose_child(self) -> None:
        if self._child is not None:
            self._child.kill()
        self._forget_child()

    def _forget_child(self) -> None:
        self._child = None
        for errand in self._errands:
            errand.sent = False

    def _spawned(self) -> Child:
        if self._closed:
            raise GuardError("the guard is closed")
        try:
            return Child(self._memory_limit_bytes)
        except OSError as error:
            raise GuardError(f"no parsing child can be started: {error}") from error

    def _await_ready(self, child: Child) -> None:
        try:
            child.wait_ready()
        except (ChildEndedError, TookTooLongError) as error:
            self._lose_child()
            raise GuardError(f"the parsing child did not start: {error}") from error
        except BaseException:
            self._lose_child()
            raise


def _unreadable(errand: Errand, why: str, identity: str) -> InboundMessage | GuardError:
    try:
        return unreadable(errand.source, why, identity)
    except OSError as error:
        return GuardError(f"no mail can be read: {error}")


def _why(error: Exception) -> str:
    if not isinstance(error, ChildEndedError):
        return f"the parsing child gave no message: {error}"
    if error.status == -signal.SIGXCPU:
        return "reading took too much processor time"
    if error.status < 0:
        return f"the parsing child was ended by {signal.Signals(-error.status).name}"
    return str(error)
