"""Whom a bounce could not reach, and the status code it gives."""

from __future__ import annotations

import re

from worker.message import InboundMessage

MAX_RECIPIENTS = 100
_MAX_TEXT_CHARS = 20_000
_ADDRESS = re.compile(r"[^\s<>\"'(),:;@\[\]\\]{1,128}@[A-Za-z0-9][A-Za-z0-9.-]{1,250}")
_BRACKETED = re.compile(r"^\s{0,8}<?(" + _ADDRESS.pattern + r")>?:?\s*(?:$|\(|\.{3})", re.MULTILINE)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")


def recipients(message: InboundMessage) -> tuple[str, ...]:
    """Addresses in lower case: from the report, else from X-Failed-Recipients, else from the text."""
    found = [address for status in _failed(message) for address in _reported(status)]
    if not found:
        found = [
            address for value in message.headers_named("X-Failed-Recipients") for address in _ADDRESS.findall(value)
        ]
    if not found:
        found = _BRACKETED.findall(message.text[:_MAX_TEXT_CHARS])
    return tuple(dict.fromkeys(address.lower().rstrip(".") for address in found))[:MAX_RECIPIENTS]


def status(message: InboundMessage) -> str | None:
    """The enhanced status code (RFC 3463), or None."""
    for reported in _failed(message):
        match = _STATUS.search(reported.get("status", "")) or _STATUS.search(reported.get("diagnostic-code", ""))
        if match:
            return match[1]
    match = _STATUS.search(message.text[:_MAX_TEXT_CHARS])
    return match[1] if match else None


def _failed(message: InboundMessage) -> list[dict[str, str]]:
    """The recipients that were not reached; all, when none is said to be."""
    failed = [status for status in message.delivery_status if status.get("action", "").lower() in ("failed", "delayed")]
    return failed or list(message.delivery_status)


def _reported(status: dict[str, str]) -> list[str]:
    """The address as it was when delivery failed, and as it was when the mail was sent."""
    values = (status.get("final-recipient", ""), status.get("original-recipient", ""))
    return [address for value in values for address in _ADDRESS.findall(value.rpartition(";")[2])[:1]]
