"""A person's wish to be forgotten: every hash by which the ledger could find the person again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, or_, select, update

from connectors.contract import CaseRef
from worker.ledger.forgetting import Forgetting
from worker.ledger.replies import person_of
from worker.ledger.schema import UNFINISHED, deliveries, events, links, messages, participants, replies
from worker.ledger.statements import note
from worker.ledger.wire import Wire

_IDENTITIES: BindParameter[Any] = bindparam("identities", expanding=True)
_HASHES: BindParameter[Any] = bindparam("hashes", expanding=True)
_WRITTEN = select(messages.c.identity, messages.c.message_id_hash).where(messages.c.author_hash == bindparam("digest"))
_MADE = select(deliveries).where(deliveries.c.identity.in_(_IDENTITIES))
_TAKES_PART = select(participants.c.connector, participants.c.case_id).where(
    participants.c.address_hash == bindparam("digest")
)
_OF_CASE = (links.c.connector == bindparam("at_connector"), links.c.case_id == bindparam("at_case"))
_SHOWN = select(links.c.case_id, links.c.case_number, links.c.case_url).where(*_OF_CASE).limit(1)
_ANSWERED = select(replies.c.identity).where(replies.c.recipient_hash == bindparam("digest"))
_LEFT = select(participants.c.case_id).where(
    participants.c.connector == bindparam("at_connector"), participants.c.case_id == bindparam("at_case")
)
_DROP_LINKS = delete(links).where(links.c.message_id_hash.in_(_HASHES))
_DROP_CASE = delete(links).where(*_OF_CASE)
_DROP_PARTICIPANT = delete(participants).where(participants.c.address_hash == bindparam("digest"))
_BLANK_MESSAGES = (
    update(messages)
    .where(messages.c.identity.in_(_IDENTITIES))
    .values(author_hash="", subject_hash="", message_id_hash="")
)
_BLANK_DELIVERIES = (
    update(deliveries)
    .where(deliveries.c.identity.in_(_IDENTITIES), deliveries.c.state.not_in(UNFINISHED))
    .values(trace="", why="")
)
_BLANK_REPLIES = (
    update(replies).where(replies.c.recipient_hash == bindparam("digest")).values(recipient_hash="", domain_hash="")
)
# An operator's word that a delivery may be tried holds as long as it is under way, and says nothing of the person.
_DROP_EVENTS = delete(events).where(
    or_(events.c.identity.in_(_IDENTITIES), events.c.key.in_(bindparam("keys", expanding=True))),
    events.c.kind != "retried",
)


@dataclass(frozen=True)
class Known:
    """What the ledger knows of a person: messages by identity, and the cases of the person's conversations."""

    identities: tuple[str, ...]
    #: connector and case
    cases: tuple[tuple[str, CaseRef], ...]
    #: deliveries that are still under way
    unfinished: int


@dataclass(frozen=True)
class Erased:
    """How many rows were blanked or dropped."""

    messages: int
    participations: int
    links: int
    replies: int
    events: int


class Erasing(Forgetting):
    """What this ledger forgets on request."""

    def known_of(self, address: str) -> Known:
        """What the ledger knows of the owner of that address."""
        digest = {"digest": self.hash_of(address)}
        answered = self._read(_ANSWERED, {"digest": self.hash_of(person_of(address))})
        identities = {row.identity for row in (*self._read(_WRITTEN, digest), *answered)}
        made = self._read(_MADE, {"identities": sorted(identities)}) if identities else []
        cases = {(row.connector, row.case_id): CaseRef(row.case_id, row.case_number, row.case_url) for row in made}
        for part in self._read(_TAKES_PART, digest):
            shown = self._read(_SHOWN, {"at_connector": part.connector, "at_case": part.case_id})
            case = CaseRef(part.case_id, shown[0].case_number, shown[0].case_url) if shown else None
            cases.setdefault((part.connector, part.case_id), case or CaseRef(part.case_id, part.case_id))
        unfinished = sum(row.state in UNFINISHED for row in made)
        named = tuple((connector, case) for (connector, _), case in sorted(cases.items()) if case.id)
        return Known(tuple(sorted(identities)), named, unfinished)

    def erase(self, address: str, message_ids: Iterable[str] = ()) -> Erased:
        """Make it impossible to find the owner of that address here again; what was done with the mail stays.

        Digest and key of each message stay: without them mail that still lies in its folder would become a second
        case. ``message_ids``: of our own answers to the person. Other people's parts in a shared case stay.
        """
        known = self.known_of(address)
        hashes = {self.hash_of(one) for one in message_ids}
        values = {"digest": self.hash_of(address), "person": self.hash_of(person_of(address))}
        return self._write(lambda wire: _erase(wire, known, values, hashes))


def _erase(wire: Wire, known: Known, values: dict[str, str], hashes: set[str]) -> Erased:
    theirs, digest = {"identities": list(known.identities)}, {"digest": values["digest"]}
    written = wire.rows(_WRITTEN, digest)
    gone = sorted(hashes | {row.message_id_hash for row in written if row.message_id_hash})
    dropped = wire.change(_DROP_LINKS, {"hashes": gone}) if gone else 0
    participations = wire.change(_DROP_PARTICIPANT, digest)
    for connector, case in known.cases:
        where = {"at_connector": connector, "at_case": case.id}
        # A conversation in which nobody else took part was the person's alone.
        dropped += 0 if wire.first(_LEFT, where) else wire.change(_DROP_CASE, where)
    erased = Erased(
        messages=_blank_messages(wire, [row.identity for row in written]),
        participations=participations,
        links=dropped,
        replies=wire.change(_BLANK_REPLIES, {"digest": values["person"]}),
        events=_drop_events(wire, theirs) if known.identities else 0,
    )
    note(wire, "erased", {}, messages=erased.messages, participations=erased.participations)
    return erased


def _blank_messages(wire: Wire, identities: list[str]) -> int:
    if not identities:
        return 0
    wire.change(_BLANK_DELIVERIES, {"identities": identities})
    return wire.change(_BLANK_MESSAGES, {"identities": identities})


def _drop_events(wire: Wire, theirs: dict[str, Any]) -> int:
    keys = [row.key for row in wire.rows(_MADE, theirs)]
    return wire.change(_DROP_EVENTS, {**theirs, "keys": keys})
