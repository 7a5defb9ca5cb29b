"""The way out: one mail server, which is left alone for a while when it is in trouble."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from connectors.contract import ConnectorError, Retryable, Throttled, Unusable
from connectors.smtp import Server, Submission, submit

#: an answer is not worth more of a poll's time
TIMEOUT_S = 30.0
UNUSABLE_PAUSE_S = 300.0
_TRIES = 2


class Post:
    """Sends answers. May be used by several threads at once."""

    def __init__(self, server: Server) -> None:
        self._server = replace(server, timeout_s=TIMEOUT_S)
        self._lock = threading.Lock()
        self._closed: tuple[float, str] = (0.0, "")

    def send(self, mail: Submission) -> None:
        """Hand it over; once more at once if nothing happened the first time (S1). Raises as ``submit`` does."""
        until, why = self._closed
        if time.monotonic() < until:
            raise Throttled(f"the mail server is left alone for a while: {why}", until - time.monotonic())
        try:
            self._try(mail)
        except ConnectorError as error:
            self._note(error)
            raise

    def _try(self, mail: Submission) -> None:
        for _ in range(_TRIES - 1):
            try:
                return submit(self._server, mail)
            except Throttled:
                raise
            except Retryable:
                continue
        return submit(self._server, mail)

    def _note(self, error: ConnectorError) -> None:
        """A server in trouble must not cost each answer its whole time."""
        pause_s = UNUSABLE_PAUSE_S if isinstance(error, Unusable) else 0.0
        if isinstance(error, Throttled):
            pause_s = error.retry_after_s or 0.0
        if pause_s:
            with self._lock:
                self._closed = (time.monotonic() + pause_s, str(error))
