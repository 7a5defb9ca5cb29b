"""Transfer encodings undone, at C speed and in pieces; big bodies go to files (RFC 2045 section 6)."""

from __future__ import annotations

import binascii
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from worker.parsing.octets import chunks

if TYPE_CHECKING:
    from worker.parsing.octets import Octets

#: decoded bodies beyond this are files when there is a spool folder
IN_MEMORY_BYTES = 1024 * 1024
_ENCODED_IN_MEMORY = IN_MEMORY_BYTES * 4 // 3 + 4096
_SPACE = b" \t\r\n"
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(sorted(set(range(256)) - set(_ALPHABET)))
_BAD_SOFT_BREAK = re.compile(rb"=\r[^\n]+")
_UUENCODE = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body without its transfer encoding; ``surplus`` is the digest of octets that the decoder had to drop."""

    content: bytes | Path
    size_bytes: int
    #: SHA-256, hex
    sha256: str
    surplus: str = ""

    def head(self, limit: int) -> bytes:
        """The first ``limit`` bytes."""
        if isinstance(self.content, bytes):
            return self.content[:limit]
        with self.content.open("rb") as stream:
            return stream.read(limit)


def decode_body(octets: Octets, start: int, stop: int, encoding: str, spool: Path | None) -> Decoded:
    """The body in [start, stop), decoded; a file in ``spool`` when it is big. Raises OSError (disk)."""
    if spool is None or stop - start <= _ENCODED_IN_MEMORY:
        return _in_memory(octets, start, stop, encoding)
    return _in_file(octets, start, stop, encoding, spool)


def _in_memory(octets: Octets, start: int, stop: int, encoding: str) -> Decoded:
    raw = octets.read(start, stop)
    content = _at_once(raw, encoding)
    dropped = _Dropped()
    if content is None:
        content = b"".join(_pieces(octets, start, stop, encoding, dropped))
    return Decoded(content, len(content), hashlib.sha256(content).hexdigest(), dropped.hexdigest())


def _at_once(raw: bytes, encoding: str) -> bytes | None:
    """The bytes of a regular body by one C call; None when it has to be looked at in pieces."""
    if encoding == "base64":
        return _regular_base64(raw)
    if encoding == "quoted-printable":
        return None if _BAD_SOFT_BREAK.search(raw) else binascii.a2b_qp(raw)
    return None if encoding in _UUENCODE else raw


def _regular_base64(raw: bytes) -> bytes | None:
    """The bytes of base64 that holds nothing but its alphabet, line ends and final padding; else None."""
    try:
        content = binascii.a2b_base64(raw)
    except binascii.Error:
        return None
    encoded = len(raw) - raw.count(b"\r") - raw.count(b"\n")
    padding = raw[-8:].count(b"=")
    return content if encoded % 4 == 0 and len(content) == encoded // 4 * 3 - padding else None


def _in_file(octets: Octets, start: int, stop: int, encoding: str, spool: Path) -> Decoded:
    digest = hashlib.sha256()
    dropped = _Dropped()
    size = 0
    descriptor, name = tempfile.mkstemp(prefix="part-", dir=spool)
    with os.fdopen(descriptor, "wb") as out:
        for piece in _pieces(octets, start, stop, encoding, dropped):
            digest.update(piece)
            size += len(piece)
            out.write(piece)
    return _settled(Path(name), size, digest.hexdigest(), dropped.hexdigest())


def _settled(path: Path, size: int, sha256: str, surplus: str) -> Decoded:
    if size > IN_MEMORY_BYTES:
        return Decoded(path, size, sha256, surplus)
    content = path.read_bytes()
    path.unlink()
    return Decoded(content, size, sha256, surplus)


class _Dropped:
    """The digest of what a decoder dropped; "" when it dropped nothing."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._any = False

    def add(self, octets: bytes) -> None:
        if octets:
            self._any = True
            self._digest.update(octets)

    def hexdigest(self) -> str:
        return self._digest.hexdigest() if self._any else ""


def _pieces(octets: Octets, start: int, stop: int, encoding: str, dropped: _Dropped) -> Iterator[bytes]:
    if encoding == "base64":
        return _base64_pieces(octets, start, stop, dropped)
    if encoding == "quoted-printable":
        return _quoted_pieces(octets, start, stop, dropped)
    if encoding in _UUENCODE:
        return uu_pieces(_recorded(_whole_lines(octets, start, stop), dropped))
    return chunks(octets, start, stop)


def _base64_pieces(octets: Octets, start: int, stop: int, dropped: _Dropped) -> Iterator[bytes]:
    """Groups of four that lie across pieces are carried over; padding ends the body."""
    carry = b""
    ended = False
    for piece in chunks(octets, start, stop):
        dense = piece.translate(None, _SPACE)
        if ended:
            dropped.add(dense.strip(b"="))
            continue
        dropped.add(dense.translate(None, _ALPHABET))
        body, pad, rest = (carry + dense.translate(None, _NOT_BASE64)).partition(b"=")
        ended = bool(pad)
        dropped.add(rest.strip(b"="))
        cut = len(body) if ended else len(body) // 4 * 4
        carry = body[cut:]
        yield _groups(body[:cut])
    yield _groups(carry)


def _groups(kept: bytes) -> bytes:
    """Decodes base64 without padding; a lone last octet carries no byte."""
    return binascii.a2b_base64(kept[: len(kept) - (len(kept) % 4 == 1)] + b"==")


def _quoted_pieces(octets: Octets, start: int, stop: int, dropped: _Dropped) -> Iterator[bytes]:
    for piece in _whole_lines(octets, start, stop):
        # The C decoder drops what stands between a soft break's bare CR and the next line feed.
        for lost in _BAD_SOFT_BREAK.findall(piece):
            dropped.add(lost)
        yield binascii.a2b_qp(piece)


def _whole_lines(octets: Octets, start: int, stop: int) -> Iterator[bytes]:
    """Pieces that end with a line, so that no code is cut; a line without end is cut before a ``=`` near its end."""
    carry = b""
    for piece in chunks(octets, start, stop):
        carry += piece
        cut = carry.rfind(b"\n") + 1 or len(carry) - 2 * (b"=" in carry[-2:])
        yield carry[:cut]
        carry = carry[cut:]
    yield carry


def _recorded(pieces: Iterator[bytes], dropped: _Dropped) -> Iterator[bytes]:
    """The same pieces; uuencode allows text around the file, which counts for the identity."""
    for piece in pieces:
        dropped.add(piece)
        yield piece


def uu_pieces(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The bytes of the first uuencoded file in pieces of whole lines; lines that cannot be read are left out."""
    begun = False
    for piece in pieces:
        for line in piece.splitlines():
            if begun and line.strip() == b"end":
                return
            if begun:
                yield _uu_line(line)
            begun = begun or line.startswith(b"begin ")


def _uu_line(line: bytes) -> bytes:
    """One line; octets after its announced length are ignored, as some encoders write them."""
    if not line:
        return b""
    try:
        return binascii.a2b_uu(line[: (((line[0] - 32) & 63) * 4 + 2) // 3 + 1])
    except binascii.Error:
        return b""
