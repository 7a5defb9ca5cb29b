"""mail-parser behind one typed face: people, subject, date and plain text. Nowhere else is it imported.

It is given only what it reads well: the fields that people see, raw 8-bit octets and encoded words already repaired,
and the plain text with a charset that is proven to fit. HTML, which may tell its charset itself, boundaries, files and
Received fields never reach it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from email.message import Message
from typing import TYPE_CHECKING, Any

from mailparser import MailParser

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

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

    author: tuple[tuple[str, str], ...]
    reply_to: tuple[tuple[str, str], ...]
    to: tuple[tuple[str, str], ...]
    cc: tuple[tuple[str, str], ...]
    subject: str
    #: aware, UTC
    sent_at: datetime | None
    #: in the order in which the parts were given
    texts: tuple[str, ...]


class _Reader(MailParser):  # type: ignore[misc]  # mail-parser is not typed
    """mail-parser without its summary dictionaries: they decode every field twice more, and nobody asks for them."""

    def _make_mail(self, complete: bool = True) -> dict[str, object]:
        return {}


def read_skeleton(fields: Iterable[tuple[str, str]], parts: Sequence[TextPart]) -> Skeleton:
    """Read fields (each name once, encoded words well formed) and text parts."""
    mail: Any = _Reader(_message(fields, parts))
    return Skeleton(
        author=_people(mail.from_),
        reply_to=_people(mail.reply_to),
        to=_people(mail.to),
        cc=_people(mail.cc),
        subject=str(mail.subject),
        sent_at=mail.date,
        texts=tuple(mail.text_plain),
    )


def _message(fields: Iterable[tuple[str, str]], parts: Sequence[TextPart]) -> Message:
    message = Message()
    for name, value in fields:
        message[name] = value
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
    message.set_payload(part.octets.decode("ascii", "surrogateescape"))
    return message


def _people(value: object) -> tuple[tuple[str, str], ...]:
    """mail-parser answers an absent field with "" and a present one with pairs."""
    if not isinstance(value, list):
        return ()
    return tuple((str(name), str(address)) for name, address in value if address)
