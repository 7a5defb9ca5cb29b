"""What a message says of the case it continues: everything that can be verified, in order, and hints beside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import islice

import re2

from worker.message import InboundMessage
from worker.tokens import Tokens

#: where mail servers and mail programs write the address that was really used
_RECIPIENTS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Gm-Original-To", "X-Forwarded-To")
_ATTACHED_MAIL = ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers")
_HEAD_BYTES = 32_768
_TEXT_CHARS = 262_144
_MOST = 200
_MOST_HINTS = 10
#: marks of other programs: anyone can write them, and only those programs can tell what they mean. The first word
#: of each is what every such mark holds: most texts hold none, and need not be looked through letter by letter.
_VENDOR_MARKS = tuple(
    (sign, name, re2.compile(pattern))
    for sign, name, pattern in (
        ("thread::", "Salesforce's mark", r"(thread::[\w-]{10,80}::)"),
        (":ref", "Salesforce's old mark", r"(ref:[!_][\w.!]{10,80}:ref)"),
        ("[", "Zendesk's mark", r"(\[[A-Z0-9]{6}-[A-Z0-9]{4,6}\])"),
        ("+", "Zendesk's address", r"(?i)(\+id[A-Z0-9-]{4,16}@[a-z0-9.-]{1,100}\.zendesk\.com)"),
        ("-", "an issue's key", r"\b([A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,9})\b"),
        ("", "a case number", r"(?i)((?:#|\b(?:case|ticket)\s{0,3}(?:id)?\s{0,3}[:#]?)\s{0,3}[0-9]{2,12})\b"),
    )
)


class Strength(Enum):
    """What a clue is worth."""

    SIGNED = "signed by us"
    NAMED = "names a message"
    HINT = "a hint, never followed"


@dataclass(frozen=True)
class Clue:
    """One thing in the message that points to a case."""

    #: "In-Reply-To", "our mark in the subject" …
    where: str
    #: a Message-ID, one of our marks, or the words of a hint; from the mail, so never believed by itself
    value: str
    strength: Strength


def ids_of(message: InboundMessage) -> tuple[str, ...]:
    """The Message-IDs that a message answers, nearest first (RFC 5322 section 3.6.4); never its own."""
    named = dict.fromkeys((*message.in_reply_to, *reversed(message.references)))
    return tuple(one for one in named if one != message.message_id)


def clues_of(message: InboundMessage, tokens: Tokens | None) -> tuple[Clue, ...]:
    """In the order that decides between them: what a mail program writes, then addresses, then words.

    In-Reply-To and References nearest first; our mark in an address, in the subject, in the text, in attached mail.
    """
    clues: dict[str, Clue] = {}
    marks = _marks(message, tokens) if tokens else ()
    for one in islice((*_ids(message, tokens), *marks), _MOST):
        clues.setdefault(one.value, one)
    return tuple(clues.values())


def hints_of(message: InboundMessage) -> tuple[Clue, ...]:
    """What other programs' marks and Outlook's Thread-Index say: shown to people, never followed."""
    return tuple(islice(_hints(message), _MOST_HINTS))


def _ids(message: InboundMessage, tokens: Tokens | None) -> Iterator[Clue]:
    for one in ids_of(message):
        where = "In-Reply-To" if one in message.in_reply_to else "References"
        found = tokens.found_in(one) if tokens else ()
        yield Clue(where, one, Strength.SIGNED if found else Strength.NAMED)
        # A server on the way may have put its own name behind our mark.
        yield from (Clue(f"our mark in {where}", mark, Strength.SIGNED) for mark in found)


def _marks(message: InboundMessage, tokens: Tokens) -> Iterator[Clue]:
    for where, text in _places(message):
        for mark in tokens.found_in(text):
            yield Clue(f"our mark in {where}", mark, Strength.SIGNED)


def _places(message: InboundMessage) -> Iterator[tuple[str, str]]:
    for person in (*message.to, *message.cc):
        yield "the recipient's address", person.address
    for name in _RECIPIENTS:
        for value in message.headers_named(name):
            yield name, value
    yield "the subject", message.subject
    yield "the text", message.text[:_TEXT_CHARS]
    for person in message.reply_to:
        yield "Reply-To", person.address
    for file in message.attachments:
        if file.content_type in _ATTACHED_MAIL:
            with file.open() as stream:
                yield "an attached mail", stream.read(_HEAD_BYTES).decode("latin-1")


def _hints(message: InboundMessage) -> Iterator[Clue]:
    index = "".join(message.header("Thread-Index").split())
    if index:
        # The first 22 octets are those of the conversation, in base64 about 29 letters.
        yield Clue("Thread-Index", index[:29], Strength.HINT)
    recipients = " ".join(person.address for person in (*message.to, *message.cc))
    for where, text in (("the subject", message.subject), ("an address", recipients), ("the text", message.text)):
        for sign, name, pattern in _VENDOR_MARKS:
            # Numbers and keys in the text are of everything: orders, bugs, parts.
            if sign not in text or (where == "the text" and name.startswith("a")):
                continue
            if found := pattern.search(text[:_TEXT_CHARS]):
                yield Clue(f"{name} in {where}", found[1][:100], Strength.HINT)
