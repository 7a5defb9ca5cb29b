"""[canaries.NAME]: a mail of ours that goes through a public address again and again, and must arrive."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from connectors.smtp import address_problem
from worker.settings.section import Section

Span = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}(s|m|h|d)$")]
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def span_of(text: str) -> timedelta:
    """``90s``, ``5m``, ``1h`` or ``2d`` of time by the clock. Raises ValueError."""
    if text[-1:] not in _SECONDS or not text[:-1].isdecimal():
        raise ValueError('It should be a number with s, m, h or d, as "5m"')
    return timedelta(seconds=int(text[:-1]) * _SECONDS[text[-1]])


def _address(written: str) -> str:
    if problem := address_problem(written):
        raise ValueError(f"It should be one address: {problem}")
    return written


class Canary(Section):
    """[canaries.NAME]"""

    address: Annotated[str, AfterValidator(_address)] = Field(description="Public address that the mail is sent to.")
    sender: Annotated[str, AfterValidator(_address)] = Field(alias="from", description="Address that it is sent from.")
    every: Span = Field("1h", description='How often, as "1h".')
    within: Span = Field("5m", description='After how long an absent one is an alarm, as "5m".')
