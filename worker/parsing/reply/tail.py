"""What stands below a mail and was not typed for it: signatures, telephones, lists, lawyers."""

from __future__ import annotations

from collections.abc import Sequence

import re2

from worker.parsing.reply import closings
from worker.parsing.reply import lines as looks

_DELIMITERS = frozenset({"--", "__", "—", "–"})
_FOOTER_LINES = 8
_MAX_SENT_CHARS = 130
_MAX_SENT_WORDS = 14
_MAX_PLAIN_WORDS = 8
_LEGAL_MINIMUM = 3
_LEGAL_CHARS = 100
_LINKED = re2.compile(r"[<(\[]?\s?https?://\S*[>)\]]?|<[^<>]*>")
_LINK_TEXT = re2.compile(r"\[([^\[\]]*)\](?:\([^()]*\))?")
_STARTS = tuple(closings.SENT_STARTS)
_ENDS = tuple(closings.SENT_ENDS)
# Devices that nobody names in passing.
_PLAIN = frozenset(
    {"mail", "free", "orange", "front", "hey", "pc", "lg", "phone", "computer", "device", "apple", "spark"}
)
OPENING_CHARS = 3
#: how lines begin that may be a telephone's
OPENINGS = frozenset(start[:OPENING_CHARS] for start in _STARTS) | frozenset(
    name[:OPENING_CHARS] for name in closings.DEVICES
)


def is_delimiter(line: str) -> bool:
    """The delimiter of RFC 3676 section 4.3, with or without its space."""
    bare = line.strip()
    return bare in _DELIMITERS and line[:1] == bare[:1]


def is_sent_from(line: str) -> bool:
    """ "Sent from my iPhone" and its kin: verb and device, short, and no sentence."""
    if len(line) > _MAX_SENT_CHARS * 2:
        return False
    bare = _LINK_TEXT.sub(r"\1", line) if "[" in line else line
    bare = _LINKED.sub(" ", bare).strip(" \t*_<>()[]-–—.!»«\"'").lower()
    if not bare or len(bare) > _MAX_SENT_CHARS or len(bare.split()) > _MAX_SENT_WORDS:
        return False
    if not (bare.startswith(_STARTS) or bare.endswith(_ENDS)):
        return False
    return _names_device(bare)


def _names_device(bare: str) -> bool:
    named = {device for device in closings.DEVICES if device in bare}
    if named <= _PLAIN:
        return bool(named) and len(bare.split()) <= _MAX_PLAIN_WORDS and not bare.endswith("?")
    return True


def is_footer(lines: Sequence[str], rule: int) -> bool:
    """Whether the rule at ``rule`` stands above the footer of a list, a group or a portal."""
    below = " ".join(lines[rule + 1 : rule + 1 + _FOOTER_LINES]).lower()
    return any(word in below for word in closings.FOOTERS)


def without_notices(lines: list[str]) -> list[str]:
    """The lines less the legal notices at their end; all of them if nothing else is there."""
    kept = len(lines)
    while kept:
        begin = _last_paragraph(lines, kept)
        if not _is_notice(" ".join(lines[begin:kept])):
            break
        kept = begin
        while kept and (not lines[kept - 1].strip() or looks.is_rule(lines[kept - 1])):
            kept -= 1
    return lines[:kept] if kept else lines


def _last_paragraph(lines: Sequence[str], end: int) -> int:
    begin = end
    while begin and lines[begin - 1].strip():
        begin -= 1
    return begin


def _is_notice(paragraph: str) -> bool:
    """Whether a paragraph is the lawyers', by its first words and how many of their words it has."""
    lowered = paragraph[: looks.MAX_LINE_CHARS * 8].lower().strip(" *_-[(\"'")
    if any(notice in lowered for notice in closings.NOTICES):
        return len(lowered) <= looks.MAX_LINE_CHARS
    if not lowered.startswith(closings.LEGAL_STARTS) or len(lowered) < _legal_chars(lowered):
        return False
    return sum(word in lowered for word in closings.LEGAL) >= _LEGAL_MINIMUM


def _legal_chars(lowered: str) -> int:
    """A third of the length is enough in scripts without spaces."""
    return _LEGAL_CHARS if lowered.count(" ") * 15 > len(lowered) else _LEGAL_CHARS // 3
