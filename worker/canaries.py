"""The canaries of the settings, sent by the clock: one that does not come back in time is an alarm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog

from connectors.contract import ConnectorError
from connectors.smtp import Submission
from worker.canary import Canary, hatched, mail_of
from worker.ledger import Ledger, LedgerError
from worker.settings.canary import Canary as Schedule
from worker.settings.canary import span_of
from worker.tokens import Tokens

log = structlog.get_logger(__name__)

#: what stands in the ledger of every canary that came in
CAME = "canary, "
WRONG = f"{CAME}WRONG"


def due_canaries(schedules: Mapping[str, Schedule], sent_at: Mapping[str, datetime], now: datetime) -> tuple[str, ...]:
    """The names of those to be sent now: never sent, or ``every`` ago."""
    return tuple(
        name
        for name, schedule in schedules.items()
        if name not in sent_at or now - sent_at[name] >= span_of(schedule.every)
    )


def came(ledger: Ledger, canary: Canary) -> str:
    """What the ledger says of it, or "" while it has not come in. Raises LedgerError."""
    rows = (row for trail in ledger.where(canary.message_id) for row in trail.deliveries)
    return next((row.why for row in rows if row.why.startswith(CAME)), "")


class Canaries:
    """To be told the time every minute or so; one thread at a time. What is out is forgotten at the end."""

    def __init__(
        self, schedules: Mapping[str, Schedule], ledger: Ledger, tokens: Tokens, send: Callable[[Submission], None]
    ) -> None:
        """``send`` raises ConnectorError."""
        self._schedules, self._ledger, self._tokens, self._send = dict(schedules), ledger, tokens, send
        self._sent_at: dict[str, datetime] = {}
        self._out: dict[str, Canary] = {}

    def tick(self, now: datetime | None = None) -> None:
        """Look for those that are out, then send what is due; raises nothing."""
        now = now or datetime.now(UTC)
        try:
            for name, canary in list(self._out.items()):
                self._look(name, canary, now)
        except LedgerError as error:
            log.warning("canary_unknown", why=str(error))
        for name in due_canaries(self._schedules, self._sent_at, now):
            self._release(name, now)

    def _look(self, name: str, canary: Canary, now: datetime) -> None:
        schedule, said = self._schedules[name], came(self._ledger, canary)
        if said:
            del self._out[name]
            (log.error if said.startswith(WRONG) else log.info)("canary_came", canary=name, why=said)
        elif now - canary.at > span_of(schedule.within):
            del self._out[name]
            cure = f"follow it with: mail-to-case where {canary.message_id}"
            log.error("canary_late", canary=name, within=schedule.within, message_id=canary.message_id, cure=cure)

    def _release(self, name: str, now: datetime) -> None:
        schedule = self._schedules[name]
        canary = hatched(schedule.address, schedule.sender)
        self._sent_at[name] = now
        try:
            self._send(mail_of(canary, self._tokens))
        except ConnectorError as error:
            log.error("canary_not_sent", canary=name, why=str(error))
            return
        self._out[name] = canary
