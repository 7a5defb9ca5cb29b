"""Where a message lies on its server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, order=True)
class Slot:
    """Mailbox (our name of it), folder, UIDVALIDITY and UID; never a sequence number. Not an identity."""

    mailbox: str
    folder: str
    uidvalidity: int
    uid: int

    def __str__(self) -> str:
        return f"{self.mailbox}/{self.folder}/{self.uidvalidity}/{self.uid}"


@dataclass(frozen=True)
class Waiting:
    """A message in its slot, seen from outside: nothing of it has been read yet."""

    slot: Slot
    size_bytes: int
    #: INTERNALDATE; aware, UTC
    received_at: datetime
    flags: frozenset[str] = frozenset()
