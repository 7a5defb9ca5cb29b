"""Header fields out of the bytes of a message, as they stand there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.errors import HeaderParseError
from email.header import decode_header, make_header

_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:(.*(?:\r\n[ \t].*)*)(?:\r\n|\Z)", re.MULTILINE)
_FOLD = re.compile(rb"\r\n(?=[ \t])")
#: More is not looked at when a SEARCH asks for a field.
MAX_DECODED_BYTES = 10_000


def split(content: bytes) -> tuple[bytes, bytes]:
    """Header with the empty line that ends it, and text (RFC 3501 §6.4.5)."""
    if content.startswith(b"\r\n"):
        return content[:2], content[2:]
    header, blank, text = content.partition(b"\r\n\r\n")
    return header + blank, text


def only_fields(header: bytes, names: Iterable[bytes], *, without: bool = False) -> bytes:
    """The fields of these names (capitals), or all others, as they stand, and an empty line."""
    wanted = set(names)
    chosen = [found[0] for found in _FIELD.finditer(header) if (found[1].upper() in wanted) != without]
    return b"".join(field if field.endswith(b"\r\n") else field + b"\r\n" for field in chosen) + b"\r\n"


def values(header: bytes, name: bytes) -> list[bytes]:
    """The unfolded values of every field of that name (capitals), in order."""
    return [_FOLD.sub(b"", found[2]).strip() for found in _FIELD.finditer(header) if found[1].upper() == name]


def decoded(value: bytes) -> str:
    """As people read it: encoded words resolved where that works."""
    text = value[:MAX_DECODED_BYTES].decode("utf-8", "replace")
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        return text
