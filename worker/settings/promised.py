"""Sections beside mailboxes, connectors and routes: replies, calendars, escalations, smtp."""

from __future__ import annotations

from pydantic import Field

from worker.settings.calendar import Calendar, Duration
from worker.settings.reply import Budget, Reply
from worker.settings.section import Section
from worker.settings.smtp import Smtp

__all__ = ["Budget", "Calendar", "Duration", "Escalation", "Reply", "Smtp", "When"]


class When(Section):
    """escalations.when"""

    connector: str | None = Field(None, description="Only cases of this connector.")
    priority: str | None = Field(None, description="Only cases of this priority.")
    queue: str | None = Field(None, description="Only cases in this queue.")
    owner: str | None = Field(None, description="Only cases of this owner.")


class Escalation(Section):
    """[[escalations]]"""

    after: Duration = Field(description='Working time without a first response, as "4h".')
    when: When = Field(When(), description="Which cases.")
    set: dict[str, str] = Field(description="Field values that the case gets.")
