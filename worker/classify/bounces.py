"""Whom a bounce could not reach, and the status code it gives: from what is made for machines, else from prose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.classify import prose
from worker.classify.notices import notice_of
from worker.message.status import CONTENT_TYPES, statuses_within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.message import InboundMessage

MAX_RECIPIENTS = 100
_MAX_RETURNED_BYTES = 256 * 1024
_RETURNED = ("message/rfc822", "text/rfc822-headers", "text/rfc822", "message/global")


def recipients(message: InboundMessage) -> tuple[str, ...]:
    """Addresses in lower case: from the report, else from X-Failed-Recipients, else from the text."""
    found = [address for status in _failed(message) for address in _reported(status)]
    if not found:
        fields = message.headers_named("X-Failed-Recipients")
        found = [address for value in fields for address in prose.ADDRESS.findall(value)]
    if not found:
        own = _parties(message)
        found = [address for address in prose.recipients(message.text) if _plain(address) not in own]
    return tuple(dict.fromkeys(map(_plain, found)))[:MAX_RECIPIENTS]


def status(message: InboundMessage) -> str | None:
    """The enhanced status code (RFC 3463), or None."""
    for reported in _failed(message):
        match = prose.STATUS.search(reported.get("status", "")) or prose.STATUS.search(
            reported.get("diagnostic-code", "")
        )
        if match:
            return match[1]
    return prose.status(message.text)


def reported_status(message: InboundMessage) -> str | None:
    """The code of a report that tells of no failure: a delivery, a delay."""
    for reported in _reports(message):
        for name in ("status", "diagnostic-code"):
            match = prose.STATUS.search(reported.get(name, ""))
            if match:
                return match[1]
    return None


def actions(message: InboundMessage) -> frozenset[str]:
    """What was done about each recipient, in lower case (RFC 3464 section 2.3.3); "failed" wherever a code says so."""
    return frozenset(map(_action, message.delivery_status))


def _action(status: dict[str, str]) -> str:
    """Some servers write more than the word, and some say "delayed" of what they gave up."""
    told = status.get("action", "").lower().split("(")[0].strip()
    if status.get("status", "").strip().startswith("5."):
        return "failed"
    return told.split()[0].rstrip(";,.") if told else ""


def _failed(message: InboundMessage) -> list[dict[str, str]]:
    """The recipients that were not reached; all, when none is said to be."""
    reports = _reports(message)
    return [status for status in reports if _action(status) in ("failed", "delayed")] or reports


def _reports(message: InboundMessage) -> list[dict[str, str]]:
    """The report of the message; else of a notice in JSON; else of the bounce that a gateway wrapped in another."""
    if message.delivery_status:
        return list(message.delivery_status)
    notice = notice_of(message)
    if notice is not None:
        return list(notice.statuses)
    return [status for octets in _returned(message) for status in statuses_within(octets)]


def _returned(message: InboundMessage) -> Iterator[bytes]:
    for file in message.attachments:
        if file.content_type in _RETURNED or file.content_type in CONTENT_TYPES:
            with file.open() as stream:
                yield stream.read(_MAX_RETURNED_BYTES)


def _parties(message: InboundMessage) -> frozenset[str]:
    """Those who wrote and got the notice itself."""
    persons = (message.author, *message.reply_to, *message.to, *message.cc)
    return frozenset(person.address.lower() for person in persons)


def _plain(address: str) -> str:
    return address.lower().rstrip(".-")


def _reported(status: dict[str, str]) -> list[str]:
    """The address as it was when delivery failed, and as it was when the mail was sent."""
    values = (status.get("final-recipient", ""), status.get("original-recipient", ""))
    return [address for value in values for address in prose.ADDRESS.findall(value.rpartition(";")[2])[:1]]
