"""Marks of spam that have to be measured: scores, confidence levels, and the folder in which the mail lies."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.message import InboundMessage
from worker.settings.model import JUNK

#: Exchange puts mail of this level and above into the junk folder; -1 is "from a safe sender"
SPAM_CONFIDENCE = 5
_LOOKED_AT_CHARS = 2000
_SCORE = re.compile(r"\b(?:score|hits)=\s{0,3}(-?\d{1,6}(?:\.\d{1,6})?)")
_NUMBER = re.compile(r"\s{0,9}(-?\d{1,6}(?:\.\d{1,6})?)(?![\w.])")
_LEVEL = re.compile(r"(?:^|;)\s{0,9}SCL:\s{0,3}(-?\d{1,2})\s{0,3}(?:;|$)", re.IGNORECASE)
_YES = re.compile(r"\s{0,9}(?:1|yes|true)\b", re.IGNORECASE)


def junk_mark(mailbox: str) -> str:
    """The reason, for a mail that lies in the junk folder; else ""."""
    return "it lies in the junk folder" if mailbox.endswith(JUNK) else ""


def scored(message: InboundMessage, threshold: float | None) -> str:
    """The first measured mark, as "Name: value"; or "". Without a threshold, scores say nothing.

    A mark that a stranger has forged makes his own mail spam, so marks need no trust.
    """
    return next(_levels(message), "") or (next(_scores(message, threshold), "") if threshold is not None else "")


def _levels(message: InboundMessage) -> Iterator[str]:
    for value in message.headers_named("X-MS-Exchange-Organization-SCL"):
        found = _NUMBER.match(value)
        if found and float(found[1]) >= SPAM_CONFIDENCE:
            yield f"X-MS-Exchange-Organization-SCL: {found[1]}"
    for value in message.headers_named("X-Forefront-Antispam-Report"):
        level = _LEVEL.search(value[:_LOOKED_AT_CHARS])
        if level and int(level[1]) >= SPAM_CONFIDENCE:
            yield f"X-Forefront-Antispam-Report: SCL:{level[1]}"
    for name in ("X-Gm-Spam", "X-Gm-Phishy"):
        if any(_YES.match(value) for value in message.headers_named(name)):
            yield f"{name}: 1"


def _scores(message: InboundMessage, threshold: float) -> Iterator[str]:
    for name, pattern in (("X-Spam-Status", _SCORE), ("X-Spam-Score", _NUMBER)):
        for value in message.headers_named(name):
            text = value[:_LOOKED_AT_CHARS]
            found = pattern.search(text) if pattern is _SCORE else pattern.match(text)
            if found and float(found[1]) >= threshold:
                yield f"{name}: {found[1]}, and the limit is {threshold:g}"
