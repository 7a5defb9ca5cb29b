"""ENVELOPE: the ten header fields that mail programs list a message by (RFC 3501 §7.4.2)."""

from __future__ import annotations

from email.utils import getaddresses

from worker.demo.imap.grammar import quoted
from worker.demo.imap.headers import values

MAX_ADDRESSES = 1000


def envelope(header: bytes) -> bytes:
    """The parenthesised list; what is missing or cannot be read is NIL."""
    people = {name: _addresses(header, name) for name in (b"FROM", b"SENDER", b"REPLY-TO", b"TO", b"CC", b"BCC")}
    for name in (b"SENDER", b"REPLY-TO"):
        if people[name] == b"NIL":
            people[name] = people[b"FROM"]
    fields = [
        *(_text(header, b"DATE"), _text(header, b"SUBJECT")),
        *people.values(),
        *(_text(header, b"IN-REPLY-TO"), _text(header, b"MESSAGE-ID")),
    ]
    return b"(" + b" ".join(fields) + b")"


def _text(header: bytes, name: bytes) -> bytes:
    found = values(header, name)
    return quoted(found[0]) if found else b"NIL"


def _addresses(header: bytes, name: bytes) -> bytes:
    raw = [value.decode("latin-1") for value in values(header, name)]
    try:
        people = getaddresses(raw)[:MAX_ADDRESSES]
    except (IndexError, ValueError, RecursionError):
        return b"NIL"
    written = b"".join(_address(name, address) for name, address in people if address)
    return b"(" + written + b")" if written else b"NIL"


def _address(name: str, address: str) -> bytes:
    local, _, host = address.rpartition("@")
    pieces = (name, "", local or host, host if local else "")
    return b"(" + b" ".join(quoted(piece.encode("latin-1")) if piece else b"NIL" for piece in pieces) + b")"
