"""What is remembered once a message has become, or joined, a case: its Message-ID, and who takes part from now on."""

from __future__ import annotations

from connectors.contract import CaseRef
from worker.authority import Trust, author_of, spelled
from worker.conversations.deciding import Continuation
from worker.ledger import Link
from worker.message import InboundMessage


def link_of(name: str, case: CaseRef, message: InboundMessage, continuation: Continuation, trust: Trust) -> Link:
    """For the ledger of the connector ``name``; ``case`` is where the message is now, maybe in a follow-up.

    Who may only write for agents' eyes does not come to take part in the case by doing so. Mail that bears one of
    our own Message-IDs is not ours, and must not take that id over.
    """
    forged = bool(trust.tokens and trust.tokens.found_in(message.message_id))
    ids = (message.message_id,) if message.message_id and not forged else ()
    is_stranger = not continuation.public and continuation.case == case
    people = () if is_stranger else participants_of(message, trust, admits=continuation.admits)
    return Link(name, case, ids, people)


def participants_of(message: InboundMessage, trust: Trust | None = None, *, admits: bool = True) -> tuple[str, ...]:
    """The author and, if it ``admits`` them, whom the message names; our own addresses and nobodies are left out."""
    trust = trust or Trust()
    author = author_of(message, trust).address
    named = (*message.reply_to, *message.to, *message.cc) if admits else ()
    keys = (author, *(spelled(person.address) for person in named))
    return tuple(dict.fromkeys(key for key in keys if key and not trust.is_ours(key)))
