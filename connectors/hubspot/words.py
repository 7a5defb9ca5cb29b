"""Text as HubSpot can hold it: without what cannot be shown, and no longer than a property takes."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Final

#: characters of one property, counted as HubSpot's own language does (UTF-16 units)
MAX_CHARS: Final = 65_536
_UNSENDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_BROKEN_END = re.compile(r"(&[^;&\s]{0,8}|<[^<>]{0,8})\Z")


def clean(text: str) -> str:
    """Without the characters that no property can hold; tab and line feed stay."""
    return _UNSENDABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """Cleaned, and every run of white space one space."""
    return " ".join(clean(text).split())


def length(text: str) -> int:
    """In UTF-16 units."""
    return len(text) + sum(one > "\uffff" for one in text)


def cut(text: str, room: int) -> str:
    """At most ``room`` units of it."""
    if length(text) <= room:
        return text
    return text.encode("utf-16-le")[: max(room, 0) * 2].decode("utf-16-le", "ignore")


def with_notices(text: str, notices: Sequence[str], room: int = MAX_CHARS) -> str:
    """The text, cut so that the notices below it fit."""
    below = "".join(f"\n\n[{clean(notice)}]" for notice in notices)
    return (cut(clean(text), room - length(below)) + below).strip("\n")


def rich_with_notices(rich: str, notices: Sequence[str]) -> str:
    """As ``with_notices`` for HTML, or "" when the HTML does not fit whole."""
    if not rich:
        return ""
    whole = clean(rich) + "".join(f"<p>[{html.escape(clean(notice))}]</p>" for notice in notices)
    return whole if length(whole) <= MAX_CHARS else ""


def as_html(text: str) -> str:
    """Plain text for a property that is shown as HTML; cut where it does not fit."""
    escaped = html.escape(clean(text)).replace("\n", "<br>")
    return escaped if length(escaped) <= MAX_CHARS else _BROKEN_END.sub("", cut(escaped, MAX_CHARS))
