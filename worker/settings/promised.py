"""Sections whose shape is settled, while nothing acts on them yet: replies, calendars, escalations, smtp."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from worker.settings.section import Section

Duration = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*(m|h|d)$")]
_DAY = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_HOUR = "([01][0-9]|2[0-3]):[0-5][0-9]"
Hours = Annotated[str, StringConstraints(pattern=f"^{_DAY}(-{_DAY})? {_HOUR}-({_HOUR}|24:00)$")]


class Reply(Section):
    """[replies.NAME]"""

    sender: str = Field(alias="from", description='Who the answer comes from: "Name <address>".')
    text: str = Field(description="File that holds the template.")
    respond_within: Duration | None = Field(None, description='Promise in working time, as "30m", "8h" or "2d".')
    calendar: str | None = Field(None, description="Name of a [calendars.NAME].")


class Calendar(Section):
    """[calendars.NAME]"""

    timezone: str = Field(description='Time zone, as "Asia/Tokyo".')
    hours: Hours = Field(description='Working hours, as "Mon-Fri 09:00-18:00".')
    holidays: str | None = Field(None, description='Country whose public holidays are kept, as "JP".')


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


class Smtp(Section):
    """[smtp]"""

    url: Annotated[str, StringConstraints(pattern=r"^smtps?://([^@/\s]+@)?[^@/\s]+$")] = Field(
        description='Server that sends, as "smtps://user@smtp.example.com"; the password is in SMTP_PASSWORD.'
    )
    security: Literal["tls", "starttls", "plaintext"] = Field("tls", description="How the connection is protected.")

    @property
    def password(self) -> SecretStr | None:
        """From the environment: SMTP_PASSWORD."""
        return self.secret_in("SMTP_PASSWORD")
