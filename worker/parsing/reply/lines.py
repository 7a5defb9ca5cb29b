"""What a line of a reply looks like, whatever its language: quote marks, rules, dates, addresses."""

from __future__ import annotations

import re2

#: as much of a line as is looked at; a longer one is a paragraph that somebody typed
MAX_LINE_CHARS = 500
# Spaces of every width become one kind, and characters that turn the reading direction vanish.
_UNSEEN = str.maketrans(
    dict.fromkeys(map(chr, (0xA0, 0x202F, 0x2007, 0x2009, 0x3000)), " ")
    | dict.fromkeys(map(chr, (0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)), "")
)
QUOTE_MARKS = (">", "＞")
RULE_CHARS = frozenset("-_=*#~–—─━═＝－+")
_RULE_MINIMUM = 3
_DIGITS = "0-9٠-٩۰-۹๐-๙"
_TIME = re2.compile(rf"[{_DIGITS}]{{1,2}}\s?(?:[:：h.時时點点시])\s?[{_DIGITS}]{{2}}|[{_DIGITS}]{{1,2}}\s?[時时點点시]")
_DATE = re2.compile(
    rf"\b(?:19|20)[0-9]{{2}}(?:\b|年|년|\.|r)|[{_DIGITS}]{{4}}|[0-9]{{1,2}}[./-]\s?[0-9]{{1,2}}[./-]\s?[0-9]{{2}}"
    r"|[0-9]{1,2}月\s?[0-9]{1,2}日|[0-9]{1,2}월\s?[0-9]{1,2}일"
)
_ADDRESS = re2.compile(r"[^\s<>@:,;()\[\]]@[^\s<>@]")
_INITIALS = re2.compile(r"^[A-Za-z]{1,4}[>|]\s")


def viewed(text: str) -> list[str]:
    """The lines as they are looked at: one kind of space, nothing invisible, bounded in length."""
    if not text.isascii():
        text = text.translate(_UNSEEN)
    return [line if len(line) <= MAX_LINE_CHARS else line[:MAX_LINE_CHARS] for line in text.split("\n")]


def is_quoted(line: str) -> bool:
    """A line behind a quote mark."""
    return line.lstrip()[:1] in QUOTE_MARKS


def is_oddly_quoted(line: str) -> bool:
    """A line behind a bar or initials: a quote only where one is announced."""
    return line.lstrip()[:1] == "|" or bool(_INITIALS.match(line))


def is_rule(line: str) -> bool:
    """A line drawn across the mail."""
    bare = line.replace(" ", "").strip()
    return len(bare) >= _RULE_MINIMUM and bare[0] in RULE_CHARS and RULE_CHARS.issuperset(bare)


def has_time(text: str) -> bool:
    """Whether it tells a time of day."""
    return bool(_TIME.search(text))


def has_date(text: str) -> bool:
    """Whether it tells a day of a year."""
    return bool(_DATE.search(text))


def has_address(text: str) -> bool:
    """Whether it holds a mail address."""
    return "@" in text and bool(_ADDRESS.search(text))
