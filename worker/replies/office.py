"""What all answers are made with, opened once at the start: templates, calendars, the mail server, our secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr

from connectors.contract import ConnectorError, Finding, Severity
from connectors.smtp import probe
from worker.authority import tokens_of
from worker.calendars import ROUND_THE_CLOCK, Calendar, CalendarError
from worker.ledger import Ledger, ReplyLimits
from worker.replies.post import Post
from worker.replies.templates import TemplateMistake, Templates, load
from worker.settings import Settings
from worker.settings.promised import Reply
from worker.tokens import Tokens


@dataclass(frozen=True)
class Desk:
    """One [replies.NAME], ready for use."""

    reply: Reply
    templates: Templates
    calendar: Calendar

    @property
    def address(self) -> str:
        """Whom the answer is from."""
        return parseaddr(self.reply.sender)[1]

    @property
    def limits(self) -> ReplyLimits:
        """The budgets, as the ledger counts them."""
        return ReplyLimits(**self.reply.budget.model_dump())


@dataclass(frozen=True)
class Office:
    """Everything that ``respond`` needs beside the mail itself."""

    ledger: Ledger
    #: by name; a reply whose templates cannot be used is a text that says why
    desks: Mapping[str, Desk | str]
    tokens: Tokens
    #: None when there is no [smtp]
    post: Post | None
    own_addresses: frozenset[str] = frozenset()
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


def open_office(settings: Settings, ledger: Ledger, own_addresses: frozenset[str] = frozenset()) -> Office:
    """Read all templates, and put down as unsure what an earlier worker left unfinished.

    Raises LedgerError. A template with a mistake costs its answers, not the worker: ``findings`` tells of it.
    """
    ledger.end_lost_replies()
    senders = frozenset(parseaddr(reply.sender)[1] for reply in settings.replies.values())
    return Office(
        ledger=ledger,
        desks={name: _desk(settings, reply) for name, reply in settings.replies.items()},
        tokens=tokens_of(settings, ledger),
        post=Post(settings.smtp.server) if settings.smtp else None,
        own_addresses=own_addresses | senders,
    )


def findings(settings: Settings) -> list[Finding]:
    """What ``check`` says of the automatic answers. No mail is sent."""
    desks = {name: _desk(settings, reply) for name, reply in settings.replies.items()}
    found = [_finding(name, desk) for name, desk in desks.items()]
    if settings.replies and not settings.smtp:
        cure = 'add [smtp] with url = "smtps://USER@HOST", or take the replies out'
        found.append(Finding(Severity.WARNING, "there is no [smtp], so no automatic answer is sent", cure))
    return found + (_of_server(settings) if settings.smtp else [])


def _finding(name: str, desk: Desk | str) -> Finding:
    if isinstance(desk, str):
        return Finding(Severity.WARNING, f"replies.{name} is not sent: {desk}", "correct the template")
    languages = ", ".join(desk.templates.texts)
    return Finding(Severity.OK, f"replies.{name} can be sent ({languages})")


def _of_server(settings: Settings) -> list[Finding]:
    assert settings.smtp
    try:
        probe(settings.smtp.server)
    except ConnectorError as error:
        cure = "look at smtp.url and SMTP_PASSWORD; cases are made all the same"
        return [Finding(Severity.WARNING, f"no automatic answer can be sent: {error}", cure)]
    return [Finding(Severity.OK, "the mail server for automatic answers lets us in")]


def _desk(settings: Settings, reply: Reply) -> Desk | str:
    """Ready for use, or what is wrong."""
    calendar = settings.calendars[reply.calendar].working_time if reply.calendar else ROUND_THE_CLOCK
    try:
        if reply.respond_within:
            calendar.due(datetime.now(UTC), calendar.span(reply.respond_within))
        return Desk(reply, load(reply), calendar)
    except (TemplateMistake, CalendarError) as error:
        return str(error)
