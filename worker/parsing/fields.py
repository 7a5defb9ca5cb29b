"""Header fields as raw octets: found, unfolded, bounded; nothing is decoded here (RFC 5322 section 2.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from worker.parsing.octets import Octets

MAX_BLOCK_BYTES = 256 * 1024
MAX_FIELD_BYTES = 32 * 1024
MAX_FIELDS = 1000

# Possessive, so that a flood of any kind is read once: name, colon, value with its continuation lines.
_FIELD = re.compile(rb"([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)\n?")
# Some programs put a byte order mark or empty lines before the first field.
_LEADING = re.compile(rb"(?:\xef\xbb\xbf)?(?:\r?\n)*+(?=[!-9;-~]++[ \t]*+:)")
_LINE = re.compile(rb"[^\n]*+\n?")
# The line that an mbox puts before a mail, and the envelope comment of some old gateways.
_MBOX_LINE = re.compile(rb">?From [^\n]*+\n")


class Field(NamedTuple):
    """One header field: name as written, value unfolded, without the space around it."""

    name: str
    raw: bytes
    #: the name in lower case
    key: str


@dataclass(frozen=True, slots=True)
class Block:
    """The header fields of a message or part, where its body starts, and what was odd."""

    fields: tuple[Field, ...]
    body_start: int
    notes: tuple[str, ...] = ()

    def all(self, name: str) -> list[bytes]:
        """The raw values of every field called ``name`` (lower case), in order."""
        return [found.raw for found in self.fields if found.key == name]

    def first(self, name: str) -> bytes:
        """The raw value of the first field called ``name`` (lower case), or nothing."""
        for found in self.fields:
            if found.key == name:
                return found.raw
        return b""


def read_block(octets: Octets, start: int, stop: int, cap: int = MAX_BLOCK_BYTES) -> Block:
    """The header block at ``start``; ends at the first empty line or at the first line that cannot be a field."""
    window = octets.read(start, min(stop, start + cap))
    skipped = _LEADING.match(window) if start == 0 else None
    if skipped:
        start += skipped.end()
        window = window[skipped.end() :]
    end, gap = _blank_line(window)
    if end >= 0:
        return _fields_of(window[:end], start, start + end + gap, ())
    if start + len(window) >= stop:
        return _fields_of(window, start, stop, ())
    body = _far_blank_line(octets, start + len(window) - 3, stop)
    return _fields_of(window[: window.rfind(b"\n") + 1], start, body, (f"header beyond {cap} bytes left out",))


def unfold(value: bytes) -> bytes:
    """A field's value on one line (RFC 5322 section 2.2.3)."""
    if b"\n" in value:
        value = value.replace(b"\r\n", b"").replace(b"\n", b"")
    return value.strip()


def _blank_line(window: bytes) -> tuple[int, int]:
    """Where the last header line ends and how long the empty line is; -1 when there is none."""
    if window.startswith((b"\r\n", b"\n")):
        return 0, 2 if window.startswith(b"\r") else 1
    crlf = window.find(b"\n\r\n")
    bare = window.find(b"\n\n", 0, crlf if crlf >= 0 else len(window))
    if bare >= 0:
        return bare + 1, 1
    return (crlf + 1, 2) if crlf >= 0 else (-1, 0)


def _far_blank_line(octets: Octets, start: int, stop: int) -> int:
    """Where the body of an oversized header block starts."""
    crlf = octets.find(b"\n\r\n", start, stop)
    bare = octets.find(b"\n\n", start, crlf if crlf >= 0 else stop)
    if bare >= 0:
        return bare + 2
    return crlf + 3 if crlf >= 0 else stop


def _fields_of(block: bytes, start: int, body_start: int, notes: tuple[str, ...]) -> Block:
    fields: list[Field] = []
    found_notes = list(notes)
    mbox = _MBOX_LINE.match(block)
    position = mbox.end() if mbox else 0
    while position < len(block):
        match = _FIELD.match(block, position)
        if match is None:
            skipped = _LINE.match(block, position)
            after = skipped.end() if skipped else len(block)
            if not _goes_on(block, after, bool(fields)):
                found_notes.append("the header ends without an empty line")
                return Block(tuple(fields), start + position, tuple(found_notes))
            found_notes.append("a line of the header is no field and was left out")
            position = after
            continue
        if len(fields) >= MAX_FIELDS:
            found_notes.append(f"header fields beyond {MAX_FIELDS} left out")
            break
        fields.append(_field(match, found_notes))
        position = match.end()
    return Block(tuple(fields), body_start, tuple(dict.fromkeys(found_notes)))


def _goes_on(block: bytes, position: int, began: bool) -> bool:
    """Whether the header goes on after a line that is no field: only if it had begun and a field follows."""
    return began and (_FIELD.match(block, position) is not None or position >= len(block))


def _field(match: re.Match[bytes], notes: list[str]) -> Field:
    raw = match[2]
    if len(raw) > MAX_FIELD_BYTES:
        raw = raw[:MAX_FIELD_BYTES]
        notes.append(f"header field {match[1][:40].decode('ascii')} cut at {MAX_FIELD_BYTES} bytes")
    name = match[1].decode("ascii")
    return Field(name, unfold(raw), name.lower())
