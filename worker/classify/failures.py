"""Signs that a message tells of mail that did not arrive (RFC 3464, and what servers send instead)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.classify.bounces import actions
from worker.classify.fields import found
from worker.classify.notices import notice_of
from worker.classify.senders import mail_system_author, nobody_reads, null_return_path
from worker.classify.words import ABSENCE_SUBJECT, BOUNCE_SUBJECT, FAILURE_WORDS

if TYPE_CHECKING:
    from worker.message import InboundMessage

_RETURNED = frozenset({"message/rfc822", "text/rfc822-headers", "text/rfc822", "message/global", "message/partial"})
_REACHED = frozenset({"delivered", "relayed", "expanded"})
_HEAD_CHARS = 3000


def delivery_report(message: InboundMessage, own: frozenset[str]) -> str | None:
    """A mail server's report of a failed or delayed delivery (RFC 3464); successes are automatic, not bounces.

    A delay is a bounce whose status code says that it may pass (4.x.x), as every other reader of bounces has it.
    """
    if _all_reached(message):
        return None
    if message.delivery_status:
        return "a delivery-status report is attached"
    return found(
        message, "Content-Type", lambda value: value.startswith("multipart/report") and "delivery-status" in value
    )


def failed_recipients(message: InboundMessage, own: frozenset[str]) -> str | None:
    """Exim names those it could not reach, and so do Gmail and others."""
    return found(message, "X-Failed-Recipients", bool)


def notice(message: InboundMessage, own: frozenset[str]) -> str | None:
    """Amazon SES tells of a bounce by way of SNS."""
    told = notice_of(message)
    return found(message, "x-amz-sns-message-id", bool) if told and told.failed else None


def mail_system_failure(message: InboundMessage, own: frozenset[str]) -> str | None:
    """A mail system writes, and speaks of failure or returns a message."""
    if _all_reached(message):
        return None
    by_system = mail_system_author(message, own)
    sender = by_system or null_return_path(message, own)
    if sender and BOUNCE_SUBJECT.search(message.subject):
        return f"{sender}, Subject: {message.subject[:80]}"
    if by_system and _returns(message):
        return f"{by_system}, a message is returned"
    return _told_in_the_text(message, own, by_system)


def _told_in_the_text(message: InboundMessage, own: frozenset[str], by_system: str | None) -> str | None:
    """The first lines speak of failure; of senders other than mail systems only beside the mail that came back."""
    sender = by_system
    if sender is None and _returns(message):
        sender = null_return_path(message, own) or nobody_reads(message, own)
    if sender is None or ABSENCE_SUBJECT.match(message.subject):
        return None
    said = FAILURE_WORDS.search(" ".join(message.text[:_HEAD_CHARS].split()))
    return f"{sender}, the text says: {said[0]}" if said else None


def _returns(message: InboundMessage) -> bool:
    return any(file.content_type in _RETURNED for file in message.attachments)


def _all_reached(message: InboundMessage) -> bool:
    """Whether a report says that everybody was reached."""
    done = actions(message)
    return bool(done) and done <= _REACHED
