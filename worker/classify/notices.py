"""Delivery notices that are no mail of a mail server: Amazon SES tells of bounces in JSON, by way of SNS."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from worker.message import InboundMessage

_MAX_CHARS = 256 * 1024
_FIELD = "x-amz-sns-message-id"


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened to whom: ``failed`` is False for a delivery or a complaint."""

    failed: bool
    #: one mapping per recipient, keys as in a delivery-status report (RFC 3464)
    statuses: tuple[dict[str, str], ...]


def notice_of(message: InboundMessage) -> Notice | None:
    """The notice in the text of a message that Amazon SNS sent, or None."""
    if not message.header(_FIELD):
        return None
    told = _object(message.text[:_MAX_CHARS])
    kind = told.get("notificationType") or told.get("eventType")
    if not isinstance(kind, str):
        return None
    detail = told.get(kind.lower())
    detail = detail if isinstance(detail, dict) else {}
    return Notice(kind.lower() == "bounce", tuple(_statuses(detail)))


def _object(text: str) -> dict[str, Any]:
    """The JSON object that the text begins with; SNS may put one more around it, and its own footer after it."""
    try:
        told, _ = json.JSONDecoder().raw_decode(text.lstrip())
        if isinstance(told, dict) and isinstance(told.get("Message"), str):
            told = json.loads(told["Message"])
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _statuses(detail: dict[str, Any]) -> list[dict[str, str]]:
    recipients = detail.get("bouncedRecipients") or detail.get("recipients") or detail.get("complainedRecipients")
    found = []
    for recipient in recipients if isinstance(recipients, list) else ():
        entry = recipient if isinstance(recipient, dict) else {"emailAddress": recipient}
        found.append(
            {
                "final-recipient": f"rfc822; {entry.get('emailAddress', '')}",
                "action": str(entry.get("action", "")),
                "status": str(entry.get("status", "")),
                "diagnostic-code": str(entry.get("diagnosticCode") or detail.get("smtpResponse") or ""),
            }
        )
    return found
