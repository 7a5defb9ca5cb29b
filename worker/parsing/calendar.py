"""An invitation in words: what, when, where, who (RFC 5545, RFC 5546)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from worker.parsing.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENT_TYPES = frozenset({"text/calendar", "application/ics"})
MAX_CALENDAR_BYTES = 256 * 1024
_MAX_EVENTS = 5
_MAX_PEOPLE = 20
_MAX_VALUE_CHARS = 300
_METHODS = {
    "REQUEST": "Invitation",
    "REPLY": "Answer to an invitation",
    "CANCEL": "Cancelled",
    "COUNTER": "Other time proposed",
    "PUBLISH": "Event",
}


def summary(content: bytes) -> str:
    """A few lines on the events of a calendar; "" when it cannot be read."""
    # Imported here because few mails need it and it costs time and memory in the child.
    from icalendar import Calendar

    try:
        calendar: Any = Calendar.from_ical(content.decode("utf-8", "replace"))
        return "\n\n".join(_events(calendar))
    except Exception:  # the library raises ValueError, IndexError, KeyError and more on damaged input
        return ""


def _events(calendar: Any) -> Iterator[str]:
    kind = _METHODS.get(str(calendar.get("METHOD", "PUBLISH")).upper(), "Event")
    for event in calendar.walk("VEVENT")[:_MAX_EVENTS]:
        lines = [
            f"{kind}: {_line(event.get('SUMMARY'))}".rstrip(": "),
            _labelled("When", " – ".join(filter(None, (_moment(event, "DTSTART"), _moment(event, "DTEND"))))),
            _labelled("Where", _line(event.get("LOCATION"))),
            _labelled("Organiser", _person(event.get("ORGANIZER"))),
            _labelled("Attendees", ", ".join(_attendees(event.get("ATTENDEE")))),
        ]
        yield "\n".join(filter(None, lines))


def _labelled(label: str, value: str) -> str:
    return f"{label}: {value}" if value else ""


def _line(value: object) -> str:
    return visible(str(value or ""))[:_MAX_VALUE_CHARS]


def _moment(event: Any, name: str) -> str:
    field = event.get(name)
    moment = getattr(field, "dt", None)
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            return moment.strftime("%Y-%m-%d %H:%M")
        return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return moment.isoformat() if isinstance(moment, date) else ""


def _person(value: Any) -> str:
    address = _line(value).partition(":")[2] or _line(value)
    name = _line(getattr(value, "params", {}).get("CN", ""))
    return f"{name} <{address}>" if name and name != address else address


def _attendees(value: Any) -> Iterator[str]:
    for one in (value if isinstance(value, list) else [value] if value else [])[:_MAX_PEOPLE]:
        answer = _line(getattr(one, "params", {}).get("PARTSTAT", "")).lower()
        yield _person(one) + (f" ({answer})" if answer and answer != "needs-action" else "")
