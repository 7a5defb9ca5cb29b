"""[[escalations]]: what is done about a case in which a customer waits too long."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from worker.settings.calendar import Duration
from worker.settings.section import Section

Since = Literal["opened", "last customer mail"]


class When(Section):
    """escalations.when: all that is given must hold, as the CRM shows it at that time; case does not count."""

    connector: str | None = Field(None, description="Only cases of this connector.")
    priority: str | None = Field(None, description="Only cases of this priority.")
    status: str | None = Field(None, description="Only cases in this status.")
    queue: str | None = Field(None, description="Only cases in this queue.")
    owner: str | None = Field(None, description="Only cases of this owner.")
    route: str | None = Field(None, description="Only cases opened by the route with this address, as written there.")


class Escalation(Section):
    """[[escalations]]"""

    after: Duration = Field(description='Working time without an answer, as "30m", "4h" or "2d" (working days).')
    since: Since = Field("opened", description="From when it counts.")
    calendar: str | None = Field(
        None, description="Name of a [calendars.NAME]; left out, the only one, or every hour if there is none."
    )
    when: When = Field(When(), description="Which cases.")
    set: dict[str, str] = Field({}, description="Field values that the case gets, in the connector's names.")
    note: Annotated[str, StringConstraints(max_length=2000)] = Field(
        "",
        description="What agents read in the case, if customers cannot; left out, what was done and why.",
    )
