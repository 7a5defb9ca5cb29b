"""mail-parser behind one typed face: people, subject, date and plain text. Nowhere else is it imported.

It is given only what it reads well: the fields that people see, raw 8-bit octets and encoded words already repaired,
and the plain text with a charset that is proven to fit. HTML, which may tell its charset itself, boundaries, files and
Received fields never reach it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from email.message import Message
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from mailparser import MailParser
from mailparser.utils import get_addresses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    _Pairs: TypeAlias = tuple[tuple[str, str], ...]

# It logs field values of strangers at error level; what was odd is returned as notes instead.
logging.getLogger("mailparser").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class TextPart:
    """Octets without transfer encoding, in a Python codec that decodes them without error and not to nothing."""

    octets: bytes
    codec: str


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What mail-parser read; people as (display name, address)."""

    author: _Pairs
    reply_to: _Pairs
    to: _Pairs
    cc: _Pairs
    subject: str
    #: aware, UTC
    sent_at: datetime | None
    #: in the order in which the parts were given
    texts: tuple[str, ...]


# The same few people write to the same few mailboxes; longer fields than that are read each time they come.
_MAX_REMEMBERED_CHARS = 256
_REMEMBERED_FIELDS = 1024


class _Reader(MailParser):  # type: ignore[misc]  # mail-parser is not typed
    """mail-parser without its summary dictionaries: they decode every field twice more, and nobody asks for them."""

    def _make_mail(self, complete: bool = True) -> dict[str, object]:
        return {}


def read_skeleton(fields: Mapping[str, str], parts: Sequence[TextPart]) -> Skeleton:
    """Read fields (by lower-case name, encoded words well formed) and text parts."""
    mail: Any = _Reader(_message(fields, parts))
    return Skeleton(
        author=_people(fields.get("from", "")),
        reply_to=_people(fields.get("reply-to", "")),
        to=_people(fields.get("to", "")),
        cc=_people(fields.get("cc", "")),
        subject=str(mail.subject),
        sent_at=mail.date,
        texts=tuple(mail.text_plain),
    )


def _message(fields: Mapping[str, str], parts: Sequence[TextPart]) -> Message:
    message = Message()
    for name in ("subject", "date"):
        if name in fields:
            message[name] = fields[name]
    if len(parts) == 1:
        _fill(message, parts[0])
    elif parts:
        message["Content-Type"] = "multipart/mixed"
        message.set_payload([_fill(Message(), part) for part in parts])
    return message


def _fill(message: Message, part: TextPart) -> Message:
    """Make the message a text part. Only "binary" makes mail-parser decode 7-bit charsets such as ISO-2022-JP."""
    message["Content-Type"] = f"text/plain; charset={part.codec}"
    message["Content-Transfer-Encoding"] = "binary"
    message.set_payload(part.octets)
    return message


def _people(field: str) -> _Pairs:
    """The mailboxes of one address field."""
    if not field:
        return ()
    return _read_people(field) if len(field) > _MAX_REMEMBERED_CHARS else _remembered_people(field)


def _read_people(field: str) -> _Pairs:
    pairs = get_addresses(field, decode_names=True)
    # mail-parser repeats an address as its own name when there is none.
    return tuple(("" if name == address else str(name), str(address)) for name, address in pairs if address)


_remembered_people = lru_cache(_REMEMBERED_FIELDS)(_read_people)
