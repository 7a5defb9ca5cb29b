"""Sections beside mailboxes, connectors and routes: replies, calendars, escalations, smtp."""

from worker.settings.calendar import Calendar, Duration
from worker.settings.escalation import Escalation, When
from worker.settings.reply import Budget, Reply
from worker.settings.smtp import Smtp

__all__ = ["Budget", "Calendar", "Duration", "Escalation", "Reply", "Smtp", "When"]
