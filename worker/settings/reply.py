"""[replies.NAME]: an automatic answer, and how many of them there may be."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Annotated

from pydantic import AfterValidator, Field

from connectors.smtp import address_problem
from worker.settings.calendar import Duration
from worker.settings.section import Section

_Count = Annotated[int, Field(ge=0, le=1_000_000)]


def _mailbox(written: str) -> str:
    name, address = parseaddr(written)
    if address_problem(address) or not name.isprintable() or (not written.isascii() and "@" not in address):
        raise ValueError('It should be an address, as "Billing <billing@example.com>"')
    return written


class Budget(Section):
    """replies.NAME.budget: all automatic answers count, whichever template they used."""

    recipient: _Count = Field(3, description="Automatic answers to one address within 24 hours.")
    domain: _Count = Field(30, description="Automatic answers to all addresses of one domain within an hour.")
    case: _Count = Field(1, description="Automatic answers in one case, ever.")
    total: _Count = Field(1000, description="Automatic answers in all within an hour.")


class Reply(Section):
    """[replies.NAME]"""

    sender: Annotated[str, AfterValidator(_mailbox)] = Field(
        alias="from", description='Who the answer comes from: "Name <address>".'
    )
    text: str = Field(description='File that holds the template; "billing.ja.txt" beside it is the one in Japanese.')
    html: str | None = Field(None, description="File that holds the same as HTML, or absent.")
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = Field(
        "en", description="Language of the template without a language in its name."
    )
    subject: str = Field(
        "Re: {{ subject }}", description="Subject of the answer; the same names as in the template may be used."
    )
    respond_within: Duration | None = Field(
        None, description='Promise in working time, as "30m", "8h" or "2d" (working days).'
    )
    calendar: str | None = Field(None, description="Name of a [calendars.NAME]; left out, every hour counts.")
    reply_to: str | None = Field(
        None, description='Where answers go, as "billing+{token}@example.com"; {token} tells us the case again.'
    )
    budget: Budget = Field(Budget(), description="How many there may be.")
