"""Which case does a message continue, and may its author write into it?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connectors.contract import CaseRef, Connector, ConnectorError, Person
from worker.ledger import Ledger
from worker.message import InboundMessage

#: A reply waits this long for the message it answers to become a case; then it goes on by itself.
PARENT_PATIENCE_S = 15 * 60.0


@dataclass(frozen=True)
class Continuation:
    """Where a message belongs. No case and nothing to wait for: it opens a new one."""

    case: CaseRef | None = None
    #: the case a new one is linked to, since the author may not write into it
    follows: CaseRef | None = None
    public: bool = True
    #: not "" when the message it answers is on its way and has no case yet
    wait_for: str = ""
    #: the CRM could not be asked
    error: ConnectorError | None = None
    why: str = "starts a conversation"


def ids_of(message: InboundMessage) -> tuple[str, ...]:
    """The Message-IDs that a message answers, nearest first (RFC 5322 section 3.6.4); never its own."""
    named = dict.fromkeys((*message.in_reply_to, *reversed(message.references)))
    return tuple(one for one in named if one != message.message_id)


def participants_of(message: InboundMessage) -> tuple[str, ...]:
    """The addresses that take part in a conversation once this message has been accepted into it."""
    return tuple(dict.fromkeys(_addresses((message.author, *message.reply_to, *message.to, *message.cc))))


def correlate(message: InboundMessage, name: str, connector: Connector, ledger: Ledger) -> Continuation:
    """Find the case by the Message-IDs the author's mail program wrote; never by the subject alone."""
    ids = ids_of(message)
    if not ids:
        return Continuation()
    known = ledger.conversation(name, ids)
    if known:
        return _admit(message, known[0].case, name, connector, ledger)
    if ledger.parents_unfinished(name, ids, PARENT_PATIENCE_S):
        return Continuation(wait_for="the message it answers", why="answers a message that has no case yet")
    return _ask(message, ids, connector)


def _admit(message: InboundMessage, case: CaseRef, name: str, connector: Connector, ledger: Ledger) -> Continuation:
    if ledger.is_participant(name, case.id, message.author.address):
        return Continuation(case=case, why=f"answers a message of case {case.number}")
    why = f"answers a message of case {case.number}, but its author takes no part in it"
    if connector.capabilities.internal_notes:
        return Continuation(case=case, public=False, why=why)
    return Continuation(follows=case, why=why)


def _ask(message: InboundMessage, ids: tuple[str, ...], connector: Connector) -> Continuation:
    """Ask the CRM, which may remember what a lost ledger forgot, or what an agent sent."""
    if not connector.capabilities.correlates:
        return Continuation(why="answers a message we do not know")
    try:
        case = connector.correlate(tuple(reversed(ids)))
    except ConnectorError as error:
        return Continuation(error=error, why=f"the CRM could not be asked: {error}")
    if case is None:
        return Continuation(why="answers a message nobody knows")
    return Continuation(case=case, why=f"the CRM knows the message it answers: case {case.number}")


def _addresses(people: Iterable[Person]) -> Iterable[str]:
    return (person.address for person in people if person.address)
