"""Parsed messages of a few header fields, and what a few routes make of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import getaddresses

from connectors.contract import Person
from worker.message import InboundMessage
from worker.routes import RoutingDecision, compile_routes
from worker.settings import MailboxSettings, Route

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def mail(*headers: tuple[str, str], subject: str = "Hello", sender: str = "ann@example.org") -> InboundMessage:
    """A parsed message with these header fields, top to bottom."""

    def people(name: str) -> tuple[Person, ...]:
        values = [value for field, value in headers if field.lower() == name]
        return tuple(Person(shown, address) for shown, address in getaddresses(values))

    return InboundMessage(
        identity="0" * 64,
        message_id="",
        in_reply_to=(),
        references=(),
        author=Person("", sender),
        reply_to=(),
        to=people("to"),
        cc=people("cc"),
        subject=subject,
        sent_at=None,
        received_at=NOW,
        text="",
        html="",
        attachments=(),
        headers=headers,
        size_bytes=0,
    )


def routed(message: InboundMessage, *routes: Route | str, border: Sequence[str] = ()) -> RoutingDecision:
    """The decision of these routes; a text is short for a route with that address."""
    written = [Route(address=one, connector="desk") if isinstance(one, str) else one for one in routes]
    mailboxes = {"support": MailboxSettings(trusted_border=tuple(border))}
    return compile_routes(written, mailboxes).decide(message, "support")
