"""The verdict on a message: what kind it is, why, and whether a machine may answer it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a message is, as far as its own words tell."""

    CUSTOMER = "customer"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    LIST = "list"
    SPAM = "spam"
    LOOP = "loop"


@dataclass(frozen=True)
class Verdict:
    """What was found. ``reasons`` name the header field and its value, or what else was seen; the first decides."""

    kind: Kind
    reasons: tuple[str, ...]
    #: False for anything automatic, and for authors that no one reads
    may_auto_respond: bool
    #: addresses that could not be reached, of a bounce
    bounce_recipients: tuple[str, ...]
    #: enhanced status code (RFC 3463) of the first of them, or None
    bounce_status: str | None
