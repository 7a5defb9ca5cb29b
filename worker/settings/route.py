"""[[routes]]: the conditions of a rule, and what becomes of the mail it takes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictBool

from worker.settings.section import Section

Policy = Literal["deliver", "hold", "discard"]
#: what our own border says of one check: "none" is "was asked, and cannot say"; "unknown" is "was not asked"
AuthResult = Literal["pass", "fail", "none", "unknown"]


class Route(Section):
    """[[routes]]: all conditions must hold; the first route that matches wins."""

    address: str = Field("*", description='Exact, "*@domain", "re:PATTERN" or "*".')
    mailbox: str | None = Field(None, description="Name of the [mailboxes.NAME] in which the mail lies.")
    subject: str | None = Field(None, description='Text the subject contains, as "[VIP]", or "re:PATTERN".')
    sender: str | None = Field(None, description='Author: exact, "*@domain", "re:PATTERN".')
    domain: str | None = Field(
        None, description='Domain of the author: "example.com", "*.example.com" with all below it, several with commas.'
    )
    header: str | None = Field(
        None,
        description='"Name" present, or "Name: text" contained, or "Name: re:PATTERN"; only fields that your own '
        "servers wrote.",
    )
    size: str | None = Field(None, description='">5MB", "<100kB", or "1MB-5MB"; of the whole mail.')
    attachment: StrictBool | str | None = Field(
        None, description='true or false, "type:application/pdf", "type:image/*", "*.pdf", "re:PATTERN" of a name.'
    )
    language: str | None = Field(None, description='Language of the text, as "ja", several with commas.')
    spam_mark: StrictBool | None = Field(None, description="Whether a filter on the way marked it as spam.")
    spf: AuthResult | None = Field(None, description="What your own border says of SPF.")
    dkim: AuthResult | None = Field(None, description="What your own border says of DKIM.")
    dmarc: AuthResult | None = Field(None, description="What your own border says of DMARC.")
    authenticated: StrictBool | None = Field(
        None, description="Whether your own border proves the author's domain: DMARC, or DKIM or SPF in line with it."
    )
    hours: str | None = Field(
        None, description='"calendar:NAME" received in working hours of [calendars.NAME], "outside:NAME" out of them.'
    )
    connector: str = Field(description="Name of a [connectors.NAME].")
    also: tuple[str, ...] = Field((), description="Further connectors that get the same mail.")
    fields: dict[str, str] = Field(
        {}, description="Field values for the case, in the connector's names; may hold {tag}, {1}, {sender.domain} …"
    )
    fields_by_connector: dict[str, dict[str, str]] = Field(
        {}, description="Field values for one connector only, on top of fields: { archive = { queue = … } }."
    )
    reply: str | None = Field(None, description="Name of a [replies.NAME] template.")
    spam: Policy = Field("hold", description="What becomes of mail marked as spam.")
    automatic: Policy = Field("deliver", description="What becomes of bounces and auto-replies.")

    forwarded: Literal["off", "agents", "groups", "both"] = Field(
        "off", description="Whose forwarded mail becomes a case of its original author; authserv_id must be set."
    )
    agents: tuple[str, ...] = Field(
        (), description="Addresses of agents who forward customers' mail, in the forms of address."
    )
    groups: tuple[str, ...] = Field(
        (), description="Addresses of groups and lists that put their own address into From, in the forms of address."
    )

    def fields_for(self, connector: str) -> dict[str, str]:
        """The field values as written, for one connector."""
        return {**self.fields, **self.fields_by_connector.get(connector, {})}
