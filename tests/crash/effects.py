"""The seam: every effect outside and every durable write of a worker passes here, and the n-th one goes wrong.

It is put around the worker's rooms from outside, in the child that is to be hurt: production has none of it.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpcore2

R = TypeVar("R")

#: what can befall an effect; with "cut" it happens, and its answer is lost
KINDS = ("kill", "term", "stop", "enospc", "eio", "cut")
_SQLITE = {"enospc": sqlite3.SQLITE_FULL, "eio": sqlite3.SQLITE_IOERR, "cut": sqlite3.SQLITE_IOERR}
_CHANGING = frozenset({"STORE", "MOVE", "COPY", "EXPUNGE", "APPEND", "CREATE", "DELETE"})


@dataclass(frozen=True)
class Plan:
    """The effect ``at`` (from 1) meets ``kind``; 0 means none does. Effects are noted in ``trace`` by name."""

    at: int
    kind: str
    trace: str
    #: only effects whose name begins so count
    only: str = ""
    #: and so many of them in a row, for kinds that do not end the worker
    times: int = 1


class Seam:
    """Counts what passes, from any thread."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._count = 0
        self._lock = threading.Lock()
        #: held while a transaction of the ledger is open
        self.ledger_busy = threading.RLock()
        self._trace = os.open(plan.trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def befalls(self, name: str) -> str:
        """Note that an effect is about to happen; which kind of fault it meets, or "". May not return at all."""
        with self._lock:
            if not name.startswith(self._plan.only):
                return ""
            self._count += 1
            plan, number = self._plan, self._count
            kind = plan.kind if plan.at and plan.at <= number < plan.at + plan.times else ""
            os.write(self._trace, f"{number} {name} {kind}\n".encode())
        if kind == "term":
            # To the parsing child, too, as platforms do.
            os.killpg(0, signal.SIGTERM)
        elif kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif kind == "stop":
            # Frozen with the lock of a database file in its hand, it would block all others by that alone.
            with self.ledger_busy:
                signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
        return kind if kind in ("enospc", "eio", "cut") else ""

    def install(self) -> None:
        """Put the seam around every room that has effects."""
        _around_ledger(self)
        _around_desk(self)
        _around_mail_server(self)
        _around_http(self)
        _around_smtp(self)


def _wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Replace a method by ``around(original, self, *arguments)``."""
    original = getattr(owner, name)

    def passed(*arguments: Any, **more: Any) -> Any:
        return around(original, *arguments, **more)

    setattr(owner, name, passed)


def _sqlite_error(kind: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full" if kind == "enospc" else "disk I/O error")
    error.sqlite_errorcode = _SQLITE[kind]
    return error


def _os_error(kind: str) -> OSError:
    number = errno.ENOSPC if kind == "enospc" else errno.EIO
    return OSError(number, os.strerror(number))


def _committed(seam: Seam, name: str, commit: Callable[[], R]) -> R:
    """A commit, as far as it gets."""
    kind = seam.befalls(name)
    done = commit() if kind in ("", "cut") else None
    if kind:
        raise _sqlite_error(kind)
    return done  # type: ignore[return-value]


def _around_ledger(seam: Seam) -> None:
    from worker.ledger.lines import Lines
    from worker.ledger.wire import Wire

    transaction = Lines.transaction

    @contextmanager
    def guarded(self: Lines) -> Iterator[Wire]:
        with seam.ledger_busy, transaction(self) as wire:
            yield wire

    Lines.transaction = guarded  # type: ignore[method-assign]
    _wrap(Wire, "commit", lambda original, self: _committed(seam, "ledger commit", lambda: original(self)))


def _around_desk(seam: Seam) -> None:
    from connectors.desk import files
    from connectors.desk.store import Store

    _wrap(
        Store,
        "_transact",
        lambda original, self, batch: _committed(seam, "desk commit", lambda: original(self, batch)),
    )

    def copied(original: Callable[..., R], *arguments: Any) -> R:
        kind = seam.befalls("desk file")
        if kind in ("enospc", "eio"):
            raise _os_error(kind)
        stored = original(*arguments)
        if kind:
            raise _os_error(kind)
        return stored

    _wrap(files, "_copy", copied)


def _around_mail_server(seam: Seam) -> None:
    from worker.mailbox.wire import Wire

    def commanded(original: Callable[..., R], self: Any, name: str, *arguments: Any) -> R:
        words = (name, *arguments[:1]) if name == "UID" else (name,)
        if words[-1] in _CHANGING:
            kind = seam.befalls(f"imap {words[-1]}")
            if kind in ("enospc", "eio"):
                raise ConnectionResetError(errno.ECONNRESET, "reset before the command left")
            if kind:
                # The command leaves, and the server carries it out; what it says of it never arrives.
                self.sock.shutdown(socket.SHUT_RD)
        return original(self, name, *arguments)

    _wrap(Wire, "_command", commanded)


def _around_http(seam: Seam) -> None:
    from connectors.http.client import HttpClient

    def exchanged(original: Callable[..., R], self: Any, call: Any, authorization: str) -> R:
        if not call.writes:
            return original(self, call, authorization)
        kind = seam.befalls(f"http {call.method} {call.path.partition('?')[0]}")
        if kind in ("enospc", "eio"):
            raise httpcore2.WriteError("reset before the request left")
        answer = original(self, call, authorization)
        if kind:
            raise httpcore2.ReadError("the line was cut before the answer")
        return answer

    _wrap(HttpClient, "_raw_exchange", exchanged)


def _around_smtp(seam: Seam) -> None:
    from connectors.smtp.session import Session

    def sent(original: Callable[..., R], self: Any, data: Any) -> R | None:
        # The sink acknowledges late, which would cost each answer a tenth of a second.
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if data != b".\r\n":
            return original(self, data)
        kind = seam.befalls("smtp end of data")
        if kind in ("enospc", "eio"):
            raise ConnectionResetError(errno.ECONNRESET, "reset before the end was sent")
        done = original(self, data)
        if kind:
            # The kernel has the last octets; the server takes the mail, and its answer finds nobody.
            self.sock.shutdown(socket.SHUT_RD)
        return done

    _wrap(Session, "send", sent)
