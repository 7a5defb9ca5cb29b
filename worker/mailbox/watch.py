"""One thread that listens to every idling connection, and says which mailbox is worth a poll."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from worker.mailbox.box import Mailbox
from worker.mailbox.errors import MailboxError

#: servers may hang up after 30 minutes of IDLE (RFC 2177)
RENEW_S = 25 * 60.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Listening:
    mailbox: Mailbox
    fileno: int
    until: float


class Watch:
    """Hints, not truth: it never reads. Whatever a server says, even a hang-up, is a reason to poll, and only once."""

    def __init__(self, on_hint: Callable[[str], None], renew_s: float = RENEW_S) -> None:
        """``on_hint(name)`` runs on the watch's thread and must be quick; by then the watch has let the mailbox go."""
        self._on_hint, self._renew_s = on_hint, renew_s
        self._lock = threading.Lock()
        self._listening: dict[str, _Listening] = {}
        self._selector = selectors.DefaultSelector()
        self._ear, self._bell = socket.socketpair()
        self._selector.register(self._ear, selectors.EVENT_READ, "")
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def add(self, mailbox: Mailbox) -> None:
        """From now on only the watch looks at this connection. A mailbox that is not idling is left alone."""
        if not mailbox.idling:
            return
        try:
            fileno, news = mailbox.fileno(), mailbox.has_news
        except MailboxError:
            self._hint(mailbox.name)
            return
        self.remove(mailbox.name)
        with self._lock:
            if self._stopped:
                return
            until = time.monotonic() if news else time.monotonic() + self._renew_s
            self._listening[mailbox.name] = _Listening(mailbox, fileno, until)
            self._selector.register(fileno, selectors.EVENT_READ, mailbox.name)
        self._ring()

    def remove(self, name: str) -> Mailbox | None:
        """Give the mailbox back, still idling; None if the watch does not hold it."""
        with self._lock:
            listening = self._listening.pop(name, None)
            if listening:
                self._selector.unregister(listening.fileno)
        return listening.mailbox if listening else None

    def stop(self) -> None:
        """End the thread; the mailboxes stay as they are, for their owner to close. May be called twice."""
        with self._lock:
            self._stopped = True
        self._ring()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _ring(self) -> None:
        try:
            self._bell.send(b"!")
        except OSError:
            # Stopped already: nobody listens any more.
            return

    def _run(self) -> None:
        while not self._stopped:
            ready = [key.data for key, _ in self._selector.select(self._patience())]
            if "" in ready:
                self._ear.recv(4096)
            for name in {*filter(None, ready), *self._due()}:
                if self.remove(name):
                    self._hint(name)
        with self._lock:
            self._listening.clear()
            self._selector.close()
            self._ear.close()
            self._bell.close()

    def _patience(self) -> float | None:
        with self._lock:
            first = min((listening.until for listening in self._listening.values()), default=None)
        return None if first is None else max(first - time.monotonic(), 0)

    def _due(self) -> list[str]:
        now = time.monotonic()
        with self._lock:
            return [name for name, listening in self._listening.items() if listening.until <= now]

    def _hint(self, name: str) -> None:
        try:
            self._on_hint(name)
        except Exception as error:
            # One listener's mistake must not deafen all mailboxes; the next tick polls this one anyway.
            _log.error("hint failed", mailbox=name, error=type(error).__name__)
