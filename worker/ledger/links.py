"""Conversations: which messages a case holds, who takes part, and which parents are still on their way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import bindparam, select

from connectors.contract import CaseRef
from worker.ledger.clock import NowS, instant
from worker.ledger.records import KnownCase, Link
from worker.ledger.rows import case_of
from worker.ledger.schema import deliveries, links, messages, participants
from worker.ledger.statements import insert_if_absent, printable
from worker.ledger.store import Store
from worker.ledger.wire import Wire

_LINKED = (
    select(links)
    .where(
        links.c.connector == bindparam("at_connector"),
        links.c.message_id_hash.in_(bindparam("hashes", expanding=True)),
    )
    .order_by(links.c.linked_at_s, links.c.case_id)
)
_TAKES_PART = select(participants.c.case_id).where(
    participants.c.connector == bindparam("at_connector"),
    participants.c.case_id == bindparam("at_case"),
    participants.c.address_hash == bindparam("at_hash"),
)
_ON_ITS_WAY = (
    select(deliveries.c.key)
    .join(messages, messages.c.identity == deliveries.c.identity)
    .where(
        messages.c.message_id_hash.in_(bindparam("hashes", expanding=True)),
        deliveries.c.connector == bindparam("at_connector"),
        deliveries.c.state.in_(("pending", "delivering", "deferred")),
        deliveries.c.first_seen_s > NowS() - bindparam("patience_s"),
    )
    .limit(1)
)


class Conversations(Store):
    """The conversations of this ledger."""

    def conversation(self, connector: str, message_ids: Sequence[str]) -> list[KnownCase]:
        """The cases that hold one of these messages: in the order of the ids, of one id the earliest first.

        Whoever uses a Message-ID again, later, does not come before those whose it was.
        """
        hashes = [self.hash_of(message_id) for message_id in message_ids]
        if not hashes:
            return []
        rank = {digest: place for place, digest in reversed(list(enumerate(hashes)))}
        rows = self._read(_LINKED, {"at_connector": connector, "hashes": hashes})
        known = [
            KnownCase(case_of(row) or CaseRef("", ""), row.message_id_hash, instant(row.linked_at_s)) for row in rows
        ]
        return sorted(known, key=lambda one: rank[one.message_id_hash])

    def is_participant(self, connector: str, case_id: str, address: str) -> bool:
        """Whether that address takes part in the case."""
        where = {"at_connector": connector, "at_case": printable(case_id), "at_hash": self.hash_of(address)}
        return bool(address and self._read(_TAKES_PART, where))

    def parents_unfinished(self, connector: str, message_ids: Sequence[str], older_than_s: float) -> bool:
        """Whether one of these messages is on its way to the connector, seen less than ``older_than_s`` ago.

        A held or discarded one is not on its way.
        """
        hashes = [self.hash_of(message_id) for message_id in message_ids]
        where = {"at_connector": connector, "hashes": hashes, "patience_s": older_than_s}
        return bool(hashes and self._read(_ON_ITS_WAY, where))


def remember(wire: Wire, link: Link, hash_of: Callable[[str], str]) -> None:
    """Write down that the case holds these messages and that these people take part in it."""
    dialect, case = wire.dialect, link.case
    at = {"connector": link.connector, "case_id": printable(case.id)}
    shown = {"case_number": printable(case.number), "case_url": printable(case.url)}
    ids = {hash_of(message_id) for message_id in link.message_ids if message_id}
    people = {hash_of(address) for address in link.participants if address}
    held = [{**at, **shown, "message_id_hash": digest} for digest in sorted(ids)]
    for row in held:
        wire.at_last(insert_if_absent(links, dialect), row)
    for digest in sorted(people):
        wire.at_last(insert_if_absent(participants, dialect), {**at, "address_hash": digest})
