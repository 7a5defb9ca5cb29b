"""One automatic answer: decided, written, permitted by the ledger, sent; at most once, whatever happens (I5)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from connectors.contract import CaseRef, ConnectorError, InDoubt
from connectors.smtp import Submission
from worker.classify import Verdict
from worker.ledger import LedgerError, ReplyAsk, ReplyState
from worker.message import InboundMessage
from worker.replies.language import languages_of
from worker.replies.letter import Letter, written
from worker.replies.office import Desk, Office
from worker.replies.rules import decide
from worker.replies.templates import TemplateMistake
from worker.replies.words import MAX_NAME_CHARS, MAX_SUBJECT_CHARS, moment, plain

log = structlog.get_logger(__name__)

#: How far the mail server's clock may be off when a message is compared with the age of the ledger.
_CLOCK_MARGIN = timedelta(minutes=10)
_KEY_HEX_DIGITS = 40


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """A mail that has become, or joined, a case."""

    message: InboundMessage
    verdict: Verdict
    #: name of the [replies.NAME]
    reply: str
    connector: str
    case: CaseRef
    #: the case was found by its key instead of being made just now
    recovered: bool = False
    #: the case was made by a worker with another ledger, which answers as well
    by_another: bool = False
    #: what our own border says of the author; None when it says nothing
    authenticated: bool | None = None


@dataclass(frozen=True)
class Answered:
    """How the matter stands now, and why."""

    state: ReplyState
    why: str = ""


def reply_key(identity: str) -> str:
    """The unchanging identity of the answer to a message: 40 hex digits, whatever the template or the time."""
    return hashlib.sha256(f"reply-1\0{identity}".encode()).hexdigest()[:_KEY_HEX_DIGITS]


def respond(office: Office, occasion: Occasion) -> Answered:
    """Answer it if that may be, and put on record what became of it. Raises nothing: a case never suffers from it."""
    try:
        answered = _respond(office, occasion)
    except LedgerError as error:
        answered = Answered("failed", f"the ledger could not be asked: {error}")
    except Exception as error:
        # Whether it was sent cannot be known here; the ledger's row, if there is one, keeps it from being repeated.
        log.exception("reply_bug", reply=occasion.reply)
        answered = Answered("unsure", f"unforeseen {type(error).__name__}; see the log")
    say = log.info if answered.state in ("sent", "suppressed") else log.warning
    say("reply", state=answered.state, key=reply_key(occasion.message.identity), why=answered.why)
    return answered


def _respond(office: Office, occasion: Occasion) -> Answered:
    ask = _ask(office, occasion)
    desk = office.desks.get(occasion.reply, f"there is no [replies.{occasion.reply}]")
    if isinstance(desk, str):
        return _suppressed(office, ask, desk)
    recipient, why = _whom(office, occasion)
    if why:
        return _suppressed(office, ask, why)
    try:
        content = _content(office, desk, occasion, recipient)
    except TemplateMistake as error:
        return _suppressed(office, ask, str(error))
    return _send(office, desk, _to(ask, recipient), content)


def _whom(office: Office, occasion: Occasion) -> tuple[str, str]:
    """The address, or why nobody is answered."""
    message = occasion.message
    if office.post is None:
        return "", "there is no [smtp] to send it by"
    if occasion.by_another:
        return "", "another worker, with a ledger of its own, has made the case, and answers"
    if occasion.recovered and message.received_at < office.ledger.born_at + _CLOCK_MARGIN:
        # Whoever made the case may have answered as well, under a ledger that was lost (I6).
        return "", "its case was made before this ledger was begun, so it may have been answered already"
    decision = decide(message, occasion.verdict, office.own_addresses, office.clock(), occasion.authenticated)
    return decision.recipient, decision.why


def _send(office: Office, desk: Desk, ask: ReplyAsk, content: bytes) -> Answered:
    assert office.post is not None
    grant = office.ledger.begin_reply(ask, desk.limits)
    if not grant.granted:
        return Answered(grant.state, grant.why)
    state, why = _posted(office, Submission(sender="", recipients=(ask.recipient,), content=content))
    try:
        office.ledger.end_reply(ask.key, grant.call, state, why)
    except LedgerError as error:
        # The intent stays on record, and will be put down as unsure; nothing is sent because of that.
        return Answered(state, f"{why} (this is not on record: {error})".lstrip())
    return Answered(state, why)


def _posted(office: Office, mail: Submission) -> tuple[ReplyState, str]:
    """The null reverse-path is RFC 3834 §3.1's: nobody answers an answer, and no bounce comes back."""
    assert office.post is not None
    try:
        office.post.send(mail)
    except InDoubt as error:
        return "unsure", f"{error}: maybe sent, not repeated"
    except ConnectorError as error:
        return "failed", str(error)
    return "sent", ""


def _suppressed(office: Office, ask: ReplyAsk, why: str) -> Answered:
    grant = office.ledger.suppress_reply(ask, why)
    return Answered(grant.state, grant.why)


def _ask(office: Office, occasion: Occasion) -> ReplyAsk:
    key = reply_key(occasion.message.identity)
    desk = office.desks.get(occasion.reply)
    token = office.tokens.mint(key)
    # The mark by itself is remembered too: it is what comes back in a plus-address.
    ids = (f"{token}.reply@{desk.address.rpartition('@')[2]}", token) if isinstance(desk, Desk) else ()
    return ReplyAsk(
        key=key,
        identity=occasion.message.identity,
        template=occasion.reply,
        connector=occasion.connector,
        case=occasion.case,
        recipient=occasion.message.author.address,
        message_ids=ids,
    )


def _to(ask: ReplyAsk, recipient: str) -> ReplyAsk:
    return ReplyAsk(**{**vars(ask), "recipient": recipient})


def _content(office: Office, desk: Desk, occasion: Occasion, recipient: str) -> bytes:
    message, now = occasion.message, office.clock()
    language = desk.templates.language_for(languages_of(message))
    words = desk.templates.render(language, _values(desk, occasion, language))
    token = office.tokens.mint(reply_key(message.identity))
    letter = Letter(
        sender=desk.reply.sender,
        recipient=recipient,
        message_id=f"{token}.reply@{desk.address.rpartition('@')[2]}",
        in_reply_to=message.message_id,
        references=message.references or message.in_reply_to,
        mark=token,
        at=now,
        reply_to=(desk.reply.reply_to or "").replace("{token}", token),
    )
    return written(letter, words)


def _values(desk: Desk, occasion: Occasion, language: str) -> dict[str, Any]:
    """What the template may name: plain values, none of which is ever filled in again (H31)."""
    message, reply, zone = occasion.message, desk.reply, desk.calendar.zone
    due = ""
    if reply.respond_within:
        working = desk.calendar.span(reply.respond_within)
        due = moment(desk.calendar.due(message.received_at, working), zone, language)
    return {
        "case": {"number": plain(occasion.case.number, MAX_SUBJECT_CHARS), "url": occasion.case.url},
        "subject": plain(message.subject, MAX_SUBJECT_CHARS),
        "sender_name": plain(message.author.name, MAX_NAME_CHARS),
        "sender_address": plain(message.author.address, 254),
        "expected_response": due,
        "received": moment(message.received_at, zone, language),
        "language": language,
    }
