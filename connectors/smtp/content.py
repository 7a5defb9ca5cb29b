"""The message on the wire: byte for byte, in pieces, with the dots doubled that begin a line (RFC 5321 §4.5.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_PIECE_BYTES = 64 * 1024
_LONE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
END = b".\r\n"


@dataclass(frozen=True)
class Survey:
    """What has to be known of a message before it is announced."""

    size_bytes: int
    is_ascii: bool


def pieces(head: bytes, content: bytes | Path, skip_bytes: int = 0) -> Iterator[bytes]:
    """The message as it is, in pieces: ours first, then the content without its first ``skip_bytes``."""
    if head:
        yield head
    if isinstance(content, bytes):
        for start in range(skip_bytes, len(content), _PIECE_BYTES):
            yield content[start : start + _PIECE_BYTES]
        return
    with content.open("rb") as file:
        file.seek(skip_bytes)
        while piece := file.read(_PIECE_BYTES):
            yield piece


def in_lines(raw: Iterable[bytes]) -> Iterator[bytes]:
    """The same with CRLF at each line's end, the last one's too. No piece ends within a CRLF.

    RFC 5321 §2.3.8 forbids lone CR and LF, and servers that do not agree on them let one message become two. A
    message that was sent by SMTP has none, so that its signatures, which were made over CRLF, stay good.
    """
    carry = last = b""
    for piece in raw:
        data = carry + piece
        carry = b"\r" if data.endswith(b"\r") else b""
        if line := _LONE.sub(b"\r\n", data[: len(data) - len(carry)]):
            yield (last := line)
    if carry or not last.endswith(b"\r\n"):
        yield b"\r\n"


def stuffed(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The same with a second dot where a line begins with one."""
    at_start = True
    for piece in lines:
        yield (b"." if at_start and piece.startswith(b".") else b"") + piece.replace(b"\r\n.", b"\r\n..")
        at_start = piece.endswith(b"\r\n")


def survey(lines: Iterable[bytes]) -> Survey:
    """Size and kind of a message in canonical form."""
    size_bytes, is_ascii = 0, True
    for piece in lines:
        size_bytes += len(piece)
        is_ascii = is_ascii and piece.isascii()
    return Survey(size_bytes, is_ascii)
