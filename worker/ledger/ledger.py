"""The ledger as the other rooms see it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from worker.ledger.annex import Annex
from worker.ledger.claims import Claims
from worker.ledger.clock import instant
from worker.ledger.deliveries import Deliveries
from worker.ledger.engine import Engines, connected, file_of, parsed
from worker.ledger.erasing import Erasing
from worker.ledger.errors import explained
from worker.ledger.escalations import Escalations
from worker.ledger.file import place_of, set_aside_if_damaged
from worker.ledger.forgetting import FORGOTTEN
from worker.ledger.keepsakes import Keepsakes
from worker.ledger.links import Conversations
from worker.ledger.migrate import is_current, migrate
from worker.ledger.orders import Orders
from worker.ledger.owner import own_name
from worker.ledger.presence import Presence
from worker.ledger.questions import Questions
from worker.ledger.replies import Replies
from worker.ledger.schema import meta
from worker.ledger.slots import Slots
from worker.ledger.statements import note


class Ledger(
    Slots,
    Deliveries,
    Claims,
    Conversations,
    Questions,
    Orders,
    Replies,
    Presence,
    Annex,
    Escalations,
    Keepsakes,
    Erasing,
):
    """What was decided and done; never raw mail. Every method may be called from several threads at once.

    A cache, a schedule and an audit log: losing it costs questions to the CRM, never a mail and never a second
    case. Every method raises LedgerError when the database cannot be used.
    """

    #: when this ledger was begun, by its clock: older mail may have been handled under one that was lost; or what has
    #: been forgotten since is older than this
    born_at: datetime

    def __init__(self, engines: Engines, owner: str, known: dict[str, str]) -> None:
        super().__init__(engines, owner, bytes.fromhex(known["pepper"]))
        self.born_at = instant(max(float(known["born_at_s"]), float(known.get(FORGOTTEN, 0))))
        self._place = place_of(engines.file) if engines.file else None

    @classmethod
    def open(cls, url: str, *, owner: str | None = None) -> Ledger:
        """Connect, repair or begin the file if need be, migrate. ``owner`` names this process in leases."""
        parts = parsed(url)
        file = file_of(parts)
        aside = set_aside_if_damaged(file) if file else ""
        engines = connected(parts)
        try:
            migrate(engines.writer)
            ledger = cls(engines, owner or own_name(), _known(engines.writer))
            if aside:
                ledger._write(lambda wire: note(wire, "ledger_damaged", {}, moved_to=aside))
        except BaseException as error:
            engines.close()
            raise explained(error) from error.__cause__
        return ledger

    @classmethod
    def look(cls, url: str) -> Ledger | None:
        """The ledger as it stands, for reading alone: nothing is begun, mended or migrated.

        None when there is none, or one that another version of this program has to open first.
        """
        parts = parsed(url)
        if parts.drivername == "sqlite" and place_of(Path(parts.database or "")) is None:
            return None
        engines = connected(parts)
        try:
            if is_current(engines.reader):
                return cls(engines, own_name(), _known(engines.reader))
        except BaseException as error:
            engines.close()
            raise explained(error) from error.__cause__
        engines.close()
        return None

    def close(self) -> None:
        """Let go of every connection; may be called twice."""
        self._engines.close()

    def still_there(self) -> bool:
        """Whether the file is still the one that was opened; one that was removed or replaced takes no more notes."""
        file = self._engines.file
        return file is None or place_of(file) == self._place


def _known(engine: Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        return {row.name: row.value for row in connection.execute(select(meta))}
