"""What a person needs to log in on another device."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Prompt:
    """The page to open and the code to enter there; and what we ask with meanwhile (RFC 8628 3.2)."""

    url: str
    user_code: str
    lives_s: float
    interval_s: float
    device_code: str = field(repr=False)
