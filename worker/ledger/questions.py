"""What an operator may ask: what waits, what happened, where a mail is. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, func, or_, select

from worker.ledger.clock import NowS, instant
from worker.ledger.leases import Leases
from worker.ledger.pauses import Pauses
from worker.ledger.records import DeliveryRow, DeliveryState, Event, MailboxSummary, Summary, Trail
from worker.ledger.rows import DELIVERY, EVENT, delivery_of, event_of
from worker.ledger.schema import IS_UNFINISHED, UNFINISHED, deliveries, events, messages, slots

#: A question that fits more messages than this shows the latest ones.
_MOST = 200

_IN_STATES = DELIVERY.where(deliveries.c.state.in_(bindparam("states", expanding=True)))
_UNFINISHED_IN_STATES = _IN_STATES.where(IS_UNFINISHED)
_BY_PREFIX = DELIVERY.where(deliveries.c.key.startswith(bindparam("prefix"), autoescape=False))
_BY_NUMBER = DELIVERY.where(
    or_(deliveries.c.case_number == bindparam("number"), deliveries.c.case_id == bindparam("number"))
)
_BY_HASH = (
    select(messages)
    .where(
        or_(
            messages.c.author_hash == bindparam("digest"),
            messages.c.subject_hash == bindparam("digest"),
            messages.c.message_id_hash == bindparam("digest"),
        )
    )
    .order_by(messages.c.first_seen_s.desc())
    .limit(_MOST)
)
_MESSAGES = select(messages).where(messages.c.identity.in_(bindparam("identities", expanding=True)))
_BY_IDENTITY = DELIVERY.where(deliveries.c.identity.in_(bindparam("identities", expanding=True)))
_EVENTS_OF = EVENT.where(
    or_(events.c.identity.in_(bindparam("names", expanding=True)), events.c.key.in_(bindparam("names", expanding=True)))
)
_DELIVERY_COUNTS = select(
    deliveries.c.state, func.count().label("number"), (NowS() - func.min(deliveries.c.first_seen_s)).label("oldest_s")
).group_by(deliveries.c.state)
_SLOT_COUNTS = (
    select(
        slots.c.mailbox,
        slots.c.state,
        func.count().label("number"),
        (NowS() - func.min(slots.c.first_seen_s)).label("oldest_s"),
    )
    .group_by(slots.c.mailbox, slots.c.state)
    .order_by(slots.c.mailbox)
)
_MOVING = ("pending", "delivering", "deferred")


class Questions(Leases, Pauses):
    """The operator's questions to this ledger."""

    def held(self) -> list[DeliveryRow]:
        """What waits for a person, oldest first."""
        return self.deliveries_in("held")

    def deliveries_in(self, *states: DeliveryState) -> list[DeliveryRow]:
        """The deliveries in these states, oldest first."""
        query = _UNFINISHED_IN_STATES if set(states) <= set(UNFINISHED) else _IN_STATES
        return [delivery_of(row) for row in self._read(query, {"states": list(states)})]

    def find(self, prefix: str) -> list[DeliveryRow]:
        """The deliveries whose key begins so."""
        prefix = _plain(prefix)
        return [delivery_of(row) for row in self._read(_BY_PREFIX, {"prefix": prefix})] if prefix else []

    def events_of(self, key_or_identity: str) -> list[Event]:
        """What happened to a delivery or a message, oldest first."""
        return self._events((key_or_identity,))

    def where(self, query: str) -> list[Trail]:
        """The steps of the messages that fit: author, subject, Message-ID, case number or the begin of a key."""
        query = query.strip()
        found = self._matching(query) if query else []
        identities = {row.identity for row in found if row.identity}
        digests = {self.hash_of(query), self.hash_of(query.removeprefix("<").removesuffix(">"))} if query else set()
        for digest in digests:
            identities |= {row.identity for row in self._read(_BY_HASH, {"digest": digest})}
        return [*self._trails(identities), *self._unread_trails(found)]

    def summary(self) -> Summary:
        """Where everything stands."""
        counts = self._read(_DELIVERY_COUNTS)
        by_mailbox: dict[str, list[Any]] = {}
        for row in self._read(_SLOT_COUNTS):
            by_mailbox.setdefault(row.mailbox, []).append(row)
        return Summary(
            deliveries={row.state: row.number for row in counts},
            oldest_waiting_s=max((row.oldest_s for row in counts if row.state in _MOVING), default=None),
            mailboxes=tuple(_mailbox(name, rows) for name, rows in by_mailbox.items()),
            leases=self.leases(),
            pauses=self.pauses(),
        )

    def _matching(self, query: str) -> list[DeliveryRow]:
        number = query.removeprefix("#")
        rows = self._read(_BY_NUMBER, {"number": number})
        return [*(delivery_of(row) for row in rows), *self.find(query.lower())][:_MOST]

    def _trails(self, identities: set[str]) -> list[Trail]:
        """One trail a message, oldest first."""
        if not identities:
            return []
        where = {"identities": sorted(identities)}
        rows = [delivery_of(row) for row in self._read(_BY_IDENTITY, where)]
        happened = self._events([*identities, *(row.key for row in rows)])
        found = sorted(self._read(_MESSAGES, where), key=lambda row: row.first_seen_s)
        return [
            Trail(
                identity=message.identity,
                mailbox=message.mailbox,
                received_at=instant(message.received_at_s),
                deliveries=(its := tuple(row for row in rows if row.identity == message.identity)),
                events=_about(happened, {message.identity, *(row.key for row in its)}),
            )
            for message in found
        ]

    def _unread_trails(self, found: Sequence[DeliveryRow]) -> list[Trail]:
        """A trail for each message that was held before it was read."""
        return [
            Trail(
                identity=None,
                mailbox=row.mailbox,
                received_at=None,
                deliveries=(row,),
                events=tuple(self.events_of(row.key)),
            )
            for row in found
            if not row.identity
        ]

    def _events(self, names: Iterable[str]) -> list[Event]:
        return [event_of(row) for row in self._read(_EVENTS_OF, {"names": list(names)})]


def _about(happened: Sequence[Event], names: set[str]) -> tuple[Event, ...]:
    return tuple(event for event in happened if event.identity in names or event.key in names)


def _plain(prefix: str) -> str:
    """The prefix of a key without LIKE's wildcards; keys are hexadecimal."""
    return "".join(character for character in prefix if character.isalnum() or character in "-:")


def _mailbox(name: str, rows: Sequence[Any]) -> MailboxSummary:
    waiting = [row.oldest_s for row in rows if row.state not in ("finished", "held")]
    return MailboxSummary(name, {row.state: row.number for row in rows}, max(waiting, default=None))
