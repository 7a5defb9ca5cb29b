"""[calendars.NAME]: the hours in which an office works."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from worker.calendars import Calendar as WorkingTime
from worker.calendars import calendar, week_of, zone_of
from worker.settings.section import Section

Duration = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}(m|h|d)$")]


def _zone(name: str) -> str:
    zone_of(name)
    return name


def _hours(written: str | tuple[str, ...]) -> str | tuple[str, ...]:
    week_of(written)
    return written


def _holidays(listed: str | tuple[str | date, ...] | None) -> str | tuple[str | date, ...] | None:
    calendar("UTC", "24/7", listed)
    return listed


class Calendar(Section):
    """[calendars.NAME]"""

    timezone: Annotated[str, AfterValidator(_zone)] = Field(description='Time zone, as "Asia/Tokyo".')
    hours: Annotated[str | tuple[str, ...], AfterValidator(_hours)] = Field(
        description='Working hours, as "Mon-Fri 09:00-18:00" or "Mon-Fri 09:00-12:00, 13:00-18:00", or "24/7".'
    )
    holidays: Annotated[str | tuple[str | date, ...] | None, AfterValidator(_holidays)] = Field(
        None, description='Country whose public holidays are kept, as "JP" or "US-CA", or a list of such and of dates.'
    )

    @property
    def working_time(self) -> WorkingTime:
        """What it means."""
        return calendar(self.timezone, self.hours, self.holidays)
