"""A message on a ticket: its files, then the e-mail or note itself, each at most once, whatever was begun before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.contract import CaseRef, Delivery, Rejected, Retryable
from connectors.hubspot import bodies
from connectors.hubspot.bodies import MESSAGE_ID, message_digest
from connectors.hubspot.contacts import Contact
from connectors.hubspot.files import Files
from connectors.hubspot.records import EMAILS, NOTES, TICKETS, Kept, Records
from connectors.recent import Recent

_REMEMBERED_S = 2 * 3600.0


class Messages:
    """The message is the last thing written, so that where it is there are its ticket and its files too."""

    def __init__(self, records: Records, files: Files) -> None:
        self._records = records
        self._files = files
        #: delivery key → the ticket that has it
        self._done: Recent[str] = Recent(10_000, _REMEMBERED_S)

    def done(self, key: str) -> str | None:
        """The ticket that this process has put it on, a while ago at most."""
        return self._done.get(key)

    def write(self, delivery: Delivery, ticket: str, contact: Contact) -> str:
        """Put it on the ticket; the ticket that has it in the end, another one if an agent has moved it."""
        enclosed = self._files.enclose(delivery)
        kind, body = self.body(delivery, (ticket, contact), enclosed)
        kept = self._make(kind, body)
        landed = ticket
        if not kept.fresh and ticket not in kept.tickets:
            landed = self._settled(kind, kept, ticket)
        self._done.put(delivery.key, landed)
        return landed

    def body(
        self, delivery: Delivery, hung: tuple[str, Contact], enclosed: bodies.Enclosed
    ) -> tuple[str, dict[str, Any]]:
        """The kind of record it becomes, and the request's body."""
        shape = bodies.email if delivery.public else bodies.note
        return kind_of(delivery), shape(delivery, self._records.key, hung, enclosed)

    def _make(self, kind: str, body: dict[str, Any]) -> Kept:
        try:
            return self._records.make(kind, body)
        except (Rejected, Retryable):
            if not self._is_copy(body):
                raise
        # The same mail by another way: the first one keeps the Message-ID, by which a reply finds its case.
        bare = {name: value for name, value in body["properties"].items() if name != MESSAGE_ID}
        return self._records.make(kind, {**body, "properties": bare})

    def _is_copy(self, body: dict[str, Any]) -> bool:
        digest = body["properties"].get(MESSAGE_ID)
        return digest is not None and bool(self._records.read(EMAILS, [digest], (MESSAGE_ID,), MESSAGE_ID))

    def _settled(self, kind: str, kept: Kept, ticket: str) -> str:
        if kept.tickets:
            return kept.tickets[0]
        # Its ticket was deleted after it was written there.
        self._records.hang(kind, kept.id, ticket)
        return ticket

    def find(self, delivery: Delivery) -> str | None:
        """The ticket that holds the message, or None; a later try then looks before it uploads."""
        kept = self._records.by_key(kind_of(delivery), delivery.key)
        if kept is None:
            self._files.doubt(delivery.key)
            return None
        if delivery.case and delivery.case.id in kept.tickets:
            return delivery.case.id
        if kept.tickets:
            return kept.tickets[0]
        # An agent has taken the message off the ticket that was made with it, or deleted the ticket.
        made = self._records.by_key(TICKETS, delivery.key)
        return made.id if made else None

    def correlate(self, message_ids: Sequence[str]) -> str | None:
        """The ticket of the last of these Message-IDs that is known; consistent, for a unique property is asked."""
        digests = [message_digest(one) for one in message_ids][-100:]
        found = self._records.read(EMAILS, list(dict.fromkeys(digests)), (MESSAGE_ID,), MESSAGE_ID) if digests else {}
        for digest in reversed(digests):
            if digest in found and (tickets := self._records.tickets_of(EMAILS, found[digest]["id"])):
                return tickets[0]
        return None

    def remark(self, case: CaseRef, text: str, key: str) -> None:
        """Add a note of our own; a second one with the key is not made."""
        self._records.make(NOTES, bodies.remark(text, self._records.key, key, case.id))


def kind_of(delivery: Delivery) -> str:
    """An e-mail, or a note when only agents may see it."""
    return EMAILS if delivery.public else NOTES
