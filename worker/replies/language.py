"""The language to answer in: what the mail says of itself, else the script it is written in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from worker.message import InboundMessage

_TAG = re.compile(r"\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)")
_LOOKED_AT_CHARS = 4000
#: the first script of which there is enough decides; Japanese is Han as well, so kana come first
_SCRIPTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ja", re.compile(r"[\u3041-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_ENOUGH = 0.1


def languages_of(message: InboundMessage) -> tuple[str, ...]:
    """Languages the author reads, the likeliest first; none when nothing tells."""
    text = f"{message.subject} {message.reply_text or message.text}"[:_LOOKED_AT_CHARS]
    letters = sum(one.isalpha() for one in text)
    script = next((name for name, found in _SCRIPTS if len(found.findall(text)) > _ENOUGH * letters), "")
    named = [_TAG.match(message.header(name)) for name in ("Content-Language", "Accept-Language")]
    return tuple(dict.fromkeys(filter(None, (script, *(found[1] for found in named if found)))))


def nearest(wanted: Sequence[str], there: Sequence[str]) -> str:
    """The first of ``wanted`` that is there, ``pt-BR`` also as ``pt``; else "" """
    known = {one.lower(): one for one in there}
    for language in wanted:
        for form in (language.lower(), language.lower().partition("-")[0]):
            if form in known:
                return known[form]
    return ""
