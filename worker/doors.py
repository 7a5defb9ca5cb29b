"""The connectors as this worker uses them: by name, and paused while nothing gets through."""

from __future__ import annotations

import threading
import time

import structlog

from connectors.contract import Connector
from worker.ledger import Ledger

log = structlog.get_logger(__name__)

#: So many attempts in a row without a clear answer, whatever the message, and it is the CRM that is in trouble.
TROUBLE = 5
TROUBLE_PAUSE_S = 60.0


class Door:
    """One connector of the settings. A dead door is not knocked on for every letter.

    The pause stands in the ledger, so that other workers keep it too; a copy here spares a query a message.
    """

    def __init__(self, name: str, connector: Connector, ledger: Ledger, max_attempts: int) -> None:
        self.name = name
        self.connector = connector
        self.ledger = ledger
        self.max_attempts = max_attempts
        self._lock = threading.Lock()
        #: bucket ("" is the whole connector) → monotonic time of the end, and the reason
        self._pauses: dict[str, tuple[float, str]] = {}
        self._alerted = False
        self._unanswered = 0

    def refresh(self) -> None:
        """Read the pauses that other workers or earlier runs have put down."""
        now = time.monotonic()
        fresh = {
            bucket: (now + pause.remaining_s, pause.why)
            for (name, bucket), pause in self.ledger.pauses().items()
            if name == self.name
        }
        with self._lock:
            self._pauses = fresh
            self._alerted = self._alerted or "" in fresh

    def paused(self, case_id: str = "") -> tuple[float, str] | None:
        """Seconds left and the reason, when nothing may be sent (to that case) now."""
        now = time.monotonic()
        with self._lock:
            for bucket in ("", case_id) if case_id else ("",):
                until, why = self._pauses.get(bucket, (0.0, ""))
                if until > now:
                    return until - now, why
        return None

    def pause(self, bucket: str, seconds: float, why: str) -> None:
        """Send nothing for that long; one alert, however many messages wait."""
        with self._lock:
            self._pauses[bucket] = (time.monotonic() + seconds, why)
            known, self._alerted = self._alerted and not bucket, self._alerted or not bucket
        if self.ledger.pause(self.name, bucket, seconds, why) and not known:
            log.error("connector_paused", connector=self.name, bucket=bucket, seconds=round(seconds, 1), why=why)

    def opened(self) -> None:
        """Something got through. It may have set out before a pause began, so a pause in force stays."""
        with self._lock:
            self._unanswered = 0
            was_paused = self._alerted and self._pauses.get("", (0.0, ""))[0] <= time.monotonic()
            self._alerted = self._alerted and not was_paused
        if was_paused:
            log.info("connector_resumed", connector=self.name)

    def unanswered(self, why: str) -> None:
        """An attempt got no clear answer. A silent CRM would hold every lane for as long as a call may last."""
        with self._lock:
            self._unanswered += 1
            in_trouble = self._unanswered >= TROUBLE
        if in_trouble and not self.paused():
            self.pause("", TROUBLE_PAUSE_S, why)
