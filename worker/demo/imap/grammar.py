"""What clients say: tokens of a command line and its literals (RFC 3501 §9), as nested plain values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from worker.demo.imap.errors import Malformed

MAX_DEPTH = 24


class Atom(bytes):
    """A bare word: an atom, a flag, a number, a sequence set, NIL or a list pattern."""


class Text(bytes):
    """A quoted string or a literal: never a keyword, whatever its bytes."""


@dataclass(frozen=True)
class Section:
    """``BODY.PEEK[HEADER.FIELDS (FROM)]<0.100>``: name, what stands in the brackets, offset and count in bytes."""

    name: bytes
    words: tuple[Value, ...]
    partial: tuple[int, int] | None


Value: TypeAlias = "Atom | Text | Section | tuple[Value, ...]"

#: One command as read from the wire: text between literals, and the literals.
Parts: TypeAlias = Sequence[bytes | Text]

_ATOM = re.compile(rb'[^\x00-\x20\x7f(){"]+')
_ATOM_IN_SECTION = re.compile(rb'[^\x00-\x20\x7f(){"\]]+')
_SECTION_OPENS = re.compile(rb"(BODY(?:\.PEEK)?)\[", re.IGNORECASE)
_QUOTED = re.compile(rb'"((?:[^"\\\r\n\x00]|\\["\\])*)"')
_ESCAPED = re.compile(rb'\\(["\\])')
_PARTIAL = re.compile(rb"<(\d{1,10})\.(\d{1,10})>")


class _Scanner:
    """Walks over the parts of one command; a literal is one token."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._part = 0
        self._at = 0
        self._sections = 0

    def values(self, closing: bytes, depth: int = 0) -> tuple[Value, ...]:
        """Everything up to ``closing`` (which is consumed), or up to the end when that is empty."""
        if depth > MAX_DEPTH:
            raise Malformed("Too many parentheses")
        found: list[Value] = []
        while not self._ended():
            if closing and self._take(closing):
                return tuple(found)
            if not self._take(b" "):
                found.append(self._value(depth))
        if closing:
            raise Malformed("Missing " + closing.decode())
        return tuple(found)

    def _ended(self) -> bool:
        while self._part < len(self._parts):
            part = self._parts[self._part]
            if isinstance(part, Text) or self._at < len(part):
                return False
            self._part, self._at = self._part + 1, 0
        return True

    def _take(self, char: bytes) -> bool:
        part = self._parts[self._part]
        if isinstance(part, Text) or not part.startswith(char, self._at):
            return False
        self._at += 1
        return True

    def _match(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        part = self._parts[self._part]
        match = None if isinstance(part, Text) else pattern.match(part, self._at)
        if match:
            self._at = match.end()
        return match

    def _value(self, depth: int) -> Value:
        part = self._parts[self._part]
        if isinstance(part, Text):
            self._part, self._at = self._part + 1, 0
            return part
        if self._take(b"("):
            return self.values(b")", depth + 1)
        if opened := self._match(_SECTION_OPENS):
            return self._section(opened[1].upper(), depth)
        if quoted := self._match(_QUOTED):
            return Text(_ESCAPED.sub(rb"\1", quoted[1]))
        if atom := self._match(_ATOM_IN_SECTION if self._sections else _ATOM):
            return Atom(atom[0])
        raise Malformed("Unexpected character")

    def _section(self, name: bytes, depth: int) -> Section:
        self._sections += 1
        words = self.values(b"]", depth + 1)
        self._sections -= 1
        partial = None if self._ended() else self._match(_PARTIAL)
        return Section(name, words, (int(partial[1]), int(partial[2])) if partial else None)


@dataclass(frozen=True)
class Command:
    """One command: ``name`` in capitals, without UID before it; ``by_uid`` says whether that stood there."""

    tag: str
    name: str
    by_uid: bool
    arguments: tuple[Value, ...]


_TAG = re.compile(rb"[!#$&',\-./0-9:;<=>?@A-Z\[^_`a-z|}~]{1,64}")
_NAME = re.compile(rb" (?:(UID) )?([A-Z][A-Z0-9]{0,19})(?= |$)", re.IGNORECASE)


def tag_of(line: bytes) -> str:
    """The tag a line opens with, or ``*`` when it has none."""
    match = _TAG.match(line)
    return match[0].decode("ascii") if match else "*"


def parse(parts: Parts) -> Command:
    """Raises Malformed."""
    line = parts[0]
    tag = _TAG.match(line)
    name = _NAME.match(line, tag.end()) if tag else None
    if not tag or not name:
        raise Malformed("No command")
    values = _Scanner([line[name.end() :], *parts[1:]]).values(b"")
    return Command(tag[0].decode("ascii"), name[2].decode("ascii").upper(), name[1] is not None, values)


def string(value: Value) -> bytes:
    """An astring: an atom, a quoted string or a literal. Raises Malformed."""
    if isinstance(value, Atom | Text):
        return bytes(value)
    raise Malformed("A string was expected")


def word(value: Value) -> str:
    """A keyword of the protocol, in capitals. Raises Malformed."""
    if isinstance(value, Atom):
        return value.decode("ascii", "replace").upper()
    raise Malformed("A word was expected")


def number(value: Value) -> int:
    """A number without sign, as MODSEQ has it: at most 63 bits. Raises Malformed."""
    if isinstance(value, Atom) and re.fullmatch(rb"\d{1,19}", value) and int(value) < 2**63:
        return int(value)
    raise Malformed("A number was expected")


def listed(value: Value) -> tuple[Value, ...]:
    """The members of a parenthesised list. Raises Malformed."""
    if isinstance(value, tuple):
        return value
    raise Malformed("A list was expected")


def quoted(content: bytes) -> bytes:
    """A string as a server sends it: quoted where the grammar allows it, else a literal."""
    if len(content) > 1000 or re.search(rb'[\x00\r\n"\\\x80-\xff]', content):
        return literal(content)
    return b'"' + content + b'"'


def literal(content: bytes) -> bytes:
    """``{size}``, line end, content (RFC 3501 §4.3)."""
    return b"{%d}\r\n%b" % (len(content), content)
