"""The header of a mail, as far as forwarding it must know it; read from the bytes, which stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.contract import Attachment

#: on everything that we send, so that we know it when it comes back
LOOP_HEADER = "X-Mail-To-Case-Loop"

_MOST_BYTES = 1 << 20
_END = re.compile(rb"\A\r?\n|\n\r?\n|\r\r")
# An mbox separator is no part of the mail (RFC 4155), and would end the lines that we put before it.
_MBOX = re.compile(rb"\A>?From [^\r\n]*\r?\n")
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)", re.MULTILINE)
_OUR_RESENT_ID = re.compile(rb"<[0-9a-f]{40}\.forward@")


@dataclass(frozen=True)
class Header:
    """What counts of the header of a mail."""

    #: bytes at the begin that are no part of the mail
    skip_bytes: int
    #: why it must not be forwarded again, or ""
    loop: str
    #: sent by a machine, so that nobody must hear of its failure (RFC 3834)
    automatic: bool


def header_of(source: Attachment) -> Header:
    """Read the header of the mail."""
    with source.open() as file:
        begin = file.read(_MOST_BYTES)
    mbox = _MBOX.match(begin)
    skip_bytes = mbox.end() if mbox else 0
    end = _END.search(begin, skip_bytes)
    fields = list(_fields(begin[skip_bytes : end.start() + 1 if end else len(begin)]))
    return Header(skip_bytes, _loop(fields), _automatic(fields))


def _fields(header: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names in lower case, and values."""
    return ((found[1].lower(), found[2].strip()) for found in _FIELD.finditer(header))


def _loop(fields: list[tuple[bytes, bytes]]) -> str:
    for name, value in fields:
        if name == LOOP_HEADER.lower().encode():
            return f"it bears {LOOP_HEADER}, so it was sent by mail-to-case before"
        if name == b"resent-message-id" and _OUR_RESENT_ID.search(value):
            return "it was forwarded by mail-to-case before (Resent-Message-ID)"
    return ""


def _automatic(fields: list[tuple[bytes, bytes]]) -> bool:
    # The first of each name counts: what lies below was written further away from us.
    first = dict(reversed(fields))
    if first.get(b"return-path", b"").replace(b" ", b"") == b"<>":
        return True
    submitted = first.get(b"auto-submitted", b"no").lower().partition(b";")[0].strip()
    return submitted != b"no" or first.get(b"content-type", b"").lower().startswith(b"multipart/report")
