"""The answer as a mail, put together here byte by byte, so that no stranger's word can add to it."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parseaddr

from connectors.smtp import path_of
from worker.classify import LOOP_HEADER
from worker.replies.templates import Rendered

_MAX_REFERENCES = 12
_LINE_CHARS = 76
#: RFC 2047 §2: an encoded word has at most 75 characters, of which 12 are its frame
_WORD_BYTES = 45
_MESSAGE_ID = re.compile(r"[!-;=?-~]{1,120}@[!-;=?-~]{1,120}")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


@dataclass(frozen=True, kw_only=True)
class Letter:
    """Everything that goes into the header; the words are in ``Rendered``."""

    #: as the operator wrote it: "Name <address>"
    sender: str
    recipient: str
    #: Message-IDs without angle brackets: our own, the one answered, and what that one refers to
    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    #: tells us our own mail when it comes back
    mark: str
    at: datetime
    reply_to: str = ""


def written(letter: Letter, words: Rendered) -> bytes:
    """The whole mail with CRLF line ends."""
    lines = [f"{name}: {value}" for name, value in _header(letter, words) if value]
    return "\r\n".join([*lines, *_body(words)]).encode("ascii")


def _header(letter: Letter, words: Rendered) -> Iterator[tuple[str, str]]:
    yield "From", _mailbox(letter.sender)
    yield "To", path_of(letter.recipient)
    yield "Reply-To", path_of(letter.reply_to) if letter.reply_to else ""
    yield "Subject", encoded(words.subject)
    yield "Date", format_datetime(letter.at)
    yield "Message-ID", f"<{letter.message_id}>"
    answered = _ids((letter.in_reply_to,))
    yield "In-Reply-To", "".join(answered)
    # The first says where it all began, the last ones where we are (RFC 5322 §3.6.4).
    earlier = _ids(letter.references)
    yield "References", "\r\n ".join([*earlier[:1], *earlier[1:][1 - _MAX_REFERENCES :], *answered])
    yield "Auto-Submitted", "auto-replied"
    yield "X-Auto-Response-Suppress", "All"
    yield LOOP_HEADER, letter.mark
    yield "Content-Language", words.language
    yield "MIME-Version", "1.0"


def _body(words: Rendered) -> Iterator[str]:
    if not words.html:
        yield from _part("plain", words.text)
        return
    boundary = f"=_{secrets.token_hex(16)}"
    yield from (f'Content-Type: multipart/alternative; boundary="{boundary}"', "")
    for subtype, text in (("plain", words.text), ("html", words.html)):
        yield f"--{boundary}"
        yield from _part(subtype, text)
    yield from (f"--{boundary}--", "")


def _part(subtype: str, text: str) -> Iterator[str]:
    """One part in UTF-8: readable as it is where most of it is ASCII, else in base64."""
    lines = "\n".join(text.splitlines()) + "\n"
    data = lines.encode("utf-8", "replace")
    is_mostly_ascii = sum(one < 128 for one in data) * 3 > len(data) * 2
    yield f"Content-Type: text/{subtype}; charset=utf-8"
    yield f"Content-Transfer-Encoding: {'quoted-printable' if is_mostly_ascii else 'base64'}"
    yield ""
    if is_mostly_ascii:
        yield binascii.b2a_qp(data, istext=True).decode("ascii").replace("\n", "\r\n")
    else:
        coded = base64.b64encode(data.replace(b"\n", b"\r\n")).decode("ascii")
        yield from (coded[at : at + _LINE_CHARS] for at in range(0, len(coded), _LINE_CHARS))
        yield ""


def encoded(text: str) -> str:
    """The value of an unstructured field: as it is if that is safe, else in encoded words (RFC 2047).

    What already looks like an encoded word is encoded again, so that nobody decodes it to anything but itself.
    """
    line = "".join(one if one.isprintable() else " " for one in text)
    if line.isascii() and "=?" not in line:
        return line
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode('ascii')}?=" for word in _words(line))


def _words(line: str) -> Iterator[bytes]:
    """Pieces short enough for one encoded word; no character is cut."""
    word = b""
    for one in line:
        data = one.encode("utf-8", "replace")
        if len(word) + len(data) > _WORD_BYTES:
            yield word
            word = b""
        word += data
    yield word


def _mailbox(written_so: str) -> str:
    name, address = parseaddr(written_so)
    if not name:
        return path_of(address)
    shown = encoded(name)
    if shown == name and not _ATOMS.fullmatch(name):
        shown = '"{}"'.format(re.sub(r'(["\\])', r"\\\1", name))
    return f"{shown} <{path_of(address)}>"


def _ids(message_ids: tuple[str, ...]) -> list[str]:
    """Those that follow the grammar and cannot be taken for anything else."""
    return [f"<{one}>" for one in message_ids if _MESSAGE_ID.fullmatch(one) and "=?" not in one]
