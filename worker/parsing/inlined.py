"""Files that stand within a text: uuencoded and yEnc blocks, from before MIME and from news readers."""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILES = 100
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)
_UU_END = re.compile(rb"^(?:end|====)[ \t]*\r?$", re.MULTILINE)
_Y_BEGIN = re.compile(
    rb"^=ybegin [^\r\n]{0,200}?name=([^\r\n]{1,255})\r?\n(?:=ypart [^\r\n]{0,200}\r?\n)?", re.MULTILINE
)
_Y_END = re.compile(rb"^=yend[^\r\n]{0,200}\r?$", re.MULTILINE)
_Y_ESCAPED = re.compile(rb"=(.)", re.DOTALL)
_Y_SHIFT = bytes((octet - 42) % 256 for octet in range(256))


class Inlined(NamedTuple):
    """A file within a text: its name as written, and its bytes."""

    name: bytes
    content: bytes


def extracted(octets: bytes) -> tuple[bytes, list[Inlined]]:
    """The text without the files in it, and the files; a block that is none stays in the text."""
    if b"begin" not in octets:
        return octets, []
    kept: list[bytes] = []
    files: list[Inlined] = []
    position = 0
    for start, stop, found in _blocks(octets):
        kept.append(octets[position:start])
        files.append(found)
        position = stop
    return b"".join([*kept, octets[position:]]), files


def _blocks(octets: bytes) -> Iterator[tuple[int, int, Inlined]]:
    for opening, closing, decode in ((_UU_BEGIN, _UU_END, _uu), (_Y_BEGIN, _Y_END, _yenc)):
        position = count = 0
        while count < MAX_FILES and (begin := opening.search(octets, position)) is not None:
            end = closing.search(octets, begin.end())
            if end is None:
                break
            content = decode(octets[begin.end() : end.start()], begin[0])
            if content is not None:
                yield begin.start(), end.end(), Inlined(begin[1].strip(), content)
            position, count = (end.end() if content is not None else begin.end()), count + 1
        if position:
            return


def _uu(block: bytes, begin: bytes) -> bytes | None:
    """The bytes of a uuencoded block, or None when a line of it is no such line."""
    try:
        if begin.startswith(b"begin-base64"):
            return binascii.a2b_base64(block)
        return b"".join(_uu_line(line) for line in block.splitlines() if line.strip())
    except binascii.Error:
        return None


def _uu_line(line: bytes) -> bytes:
    """One line; octets after its announced length are ignored, as some encoders write them."""
    needed = (((line[0] - 32) & 63) * 4 + 2) // 3 + 1
    if line[0] > 96 or len(line) + 2 < needed:
        raise binascii.Error("not uuencoded")
    return binascii.a2b_uu(line[:needed])


def _yenc(block: bytes, begin: bytes) -> bytes | None:
    dense = block.translate(None, b"\r\n")
    return _Y_ESCAPED.sub(lambda pair: bytes(((pair[1][0] - 64) % 256,)), dense).translate(_Y_SHIFT)
