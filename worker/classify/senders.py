"""Signs in who a message says it is from: mail systems, robots, lists, ourselves, nobody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from worker.classify.fields import found

if TYPE_CHECKING:
    from worker.message import InboundMessage

_MAIL_SYSTEM = re.compile(
    r"(?:mailer[-_.]?daemon|postmaster|mail[-_.]?system|mdaemon|mail[-_.]?daemon|mail[-_.]?delivery[\w.-]{0,30}|"
    r"delivery[-_.]?(?:subsystem|system|failure|status)[\w.-]{0,20}|microsoftexchange[0-9a-f]{16,40}|mailerdaemon|"
    r"bounce[-_.]?(?:notification|handler)s?)(?:[+@-]|$)",
    re.IGNORECASE,
)
_MAIL_SYSTEM_NAME = re.compile(
    r"\s{0,4}(?:(?:internet )?mail delivery (?:sub)?system|mail delivery service|mailer[- ]daemon|"
    r"internet mail delivery|mail administrator|delivery subsystem|mail system)\s{0,4}$",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|donot[-_.]?reply|dont[-_.]?reply|noreply[\w.-]{0,40}|no[-_]respon[ds]e?r?|"
    r"nobody|bounces?|auto[-_.]?(?:reply|response|responder|confirm|mailer|mail)|notifications?|devnull|null|"
    r"undisclosed[\w.-]{0,20}|ne[-_.]?pas[-_.]?repondre|nicht[-_.]?antworten|no[-_.]?responder|non[-_.]?rispondere|"
    r"nao[-_.]?responda|noresponder|niet[-_.]?beantwoorden|svar[-_.]?ej)(?:[+@._-]|$)",
    re.IGNORECASE,
)
_ANYWHERE_NOBODY = re.compile(r"[._+-](?:no-?reply|do-?not-?reply)@", re.IGNORECASE)
# RFC 3834 section 2 and RFC 5230 section 4.6, and the accounts that programs run under.
_ROBOT = re.compile(
    r"(?:mailer-daemon|listserv|majordomo|owner-[^@]*|[^@]{1,64}-(?:request|owner|bounces?|relay|outgoing)|abuse|root|"
    r"daemon|cron|www-data|nagios|lists?erv[\w.-]{0,20})(?:\+[^@]*)?@",
    re.IGNORECASE,
)
_HELPDESK_ID = re.compile(
    r"(?:^rt-\d|^jira\.|^redmine\.|@(?:zammad|otrs|otobo|znuny|osticket|freescout|uvdesk|glpi)\.|"
    r"@(?:[\w.-]{1,100}\.)?(?:zendesk|freshdesk|helpscout|intercom-mail|front-mail|gorgias|kayako|desk)\.(?:com|net|io)$|"
    r"@atlassian\.jira$)",
    re.IGNORECASE,
)


def mail_system_author(message: InboundMessage, own: frozenset[str]) -> str | None:
    """MAILER-DAEMON, postmaster and their kin."""
    author = message.author
    if _MAIL_SYSTEM.match(author.address) or _MAIL_SYSTEM_NAME.match(author.name):
        return f"author {author.address or author.name}"
    return None


def null_return_path(message: InboundMessage, own: frozenset[str]) -> str | None:
    """Sent so that it cannot bounce: by a machine (RFC 3834)."""
    return found(message, "Return-Path", lambda value: value.replace(" ", "") in ("<>", "<mailer-daemon>"))


def robot_author(message: InboundMessage, own: frozenset[str]) -> str | None:
    """Lists and programs, by their address or the one that bounces go to (RFC 3834 section 2, RFC 5230 4.6)."""
    if _ROBOT.match(message.author.address):
        return f"author {message.author.address}"
    return found(message, "Return-Path", lambda value: _ROBOT.match(value.lstrip("< ")))


def nobody_reads(message: InboundMessage, own: frozenset[str]) -> str | None:
    """no-reply and its kin, as author or as the address to answer to."""
    for person in (message.author, *message.reply_to[:1]):
        if _NOBODY.match(person.address) or _ANYWHERE_NOBODY.search(person.address):
            return f"author {person.address}" if person is message.author else f"Reply-To: {person.address}"
    return None


def own_author(message: InboundMessage, own: frozenset[str]) -> str | None:
    """Written in the name of one of our own addresses."""
    return f"author is our own address {message.author.address}" if message.author.address.lower() in own else None


def no_author(message: InboundMessage, own: frozenset[str]) -> str | None:
    """Nobody to answer."""
    return None if message.author.address else "no author could be read"


def nobody_addressed(message: InboundMessage, own: frozenset[str]) -> str | None:
    """Sent to recipients that it does not name: not to us in person (RFC 3834 section 2, RFC 5230 section 4.5)."""
    return None if message.to or message.cc else "names no recipient"


def helpdesk(message: InboundMessage, own: frozenset[str]) -> str | None:
    """Written through another ticket system, which would answer our answer (H61)."""
    return (
        f"Message-ID of a ticket system: {message.message_id[:80]}" if _HELPDESK_ID.search(message.message_id) else None
    )
