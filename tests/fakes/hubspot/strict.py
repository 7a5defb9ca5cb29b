"""The fake HubSpot's refusals, in HubSpot's envelope, and what it knows without being told."""

from __future__ import annotations

import itertools
import json
from typing import Any

from tests.fakes.http_server import Reply

_numbers = itertools.count(1)

STANDARD: dict[str, set[str]] = {
    "contacts": {"email", "firstname", "lastname"},
    "tickets": {
        "subject", "content", "source_type", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority",
        "hs_ticket_category", "hubspot_owner_id", "closed_date", "first_agent_reply_date",
        "hs_first_agent_message_sent_at", "hs_last_message_sent_at", "hs_last_message_received_at",
        "time_to_first_agent_reply", "last_reply_date", "notes_last_contacted",
    },
    "emails": {
        "hs_timestamp", "hs_email_direction", "hs_email_status", "hs_email_subject", "hs_email_text",
        "hs_email_html", "hs_email_headers", "hs_attachment_ids", "hubspot_owner_id",
    },
    "notes": {"hs_timestamp", "hs_note_body", "hs_attachment_ids", "hubspot_owner_id"},
}  # fmt: skip
ALWAYS = {"hs_object_id", "createdate", "hs_lastmodifieddate"}
CHOICES = {
    "hs_ticket_priority": {"LOW", "MEDIUM", "HIGH", "URGENT"},
    "source_type": {"CHAT", "EMAIL", "FORM", "PHONE"},
    "hs_email_direction": {"EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL"},
    "hs_email_status": {"BOUNCED", "FAILED", "SCHEDULED", "SENDING", "SENT"},
}
REQUIRED = {"tickets": {"subject", "hs_pipeline_stage"}, "emails": {"hs_timestamp", "hs_email_direction"}}
REQUIRED["notes"] = {"hs_timestamp"}
LINKS = {("tickets", "contacts"): 16, ("emails", "tickets"): 224, ("emails", "contacts"): 198}
LINKS |= {("notes", "tickets"): 228, ("notes", "contacts"): 202}
MAX_CHARS = 65_536


class Refusal(Exception):
    """Answer with this. ``lawful``: even a client without fault meets it."""

    def __init__(self, reply: Reply, *, lawful: bool = True) -> None:
        super().__init__(str(reply))
        self.reply = reply
        self.lawful = lawful


def envelope(category: str, message: str, **more: Any) -> dict[str, Any]:
    correlation = f"aaaaaaaa-0000-4000-8000-{next(_numbers):012d}"
    return {"status": "error", "message": message, "correlationId": correlation, "category": category, **more}


def invalid(message: str, code: str = "INVALID", *, name: str = "", lawful: bool = False) -> Refusal:
    """HubSpot repeats the details as JSON within the message."""
    detail = {"isValid": False, "message": message, "error": code, "name": name}
    errors = [{"message": message, "code": code, "context": {"propertyName": [name]}}]
    text = f"Property values were not valid: {json.dumps([detail])}"
    return Refusal(Reply(400, envelope("VALIDATION_ERROR", text, errors=errors)), lawful=lawful)


def missing_required(kind: str, names: set[str], *, lawful: bool) -> Refusal:
    message = f"Error creating {kind.upper()[:-1]}. Some required properties were not set."
    context = {"properties": sorted(names)}
    errors = [{"message": message, "code": "REQUIRED_FIELD", "context": context}]
    return Refusal(Reply(400, envelope("VALIDATION_ERROR", message, errors=errors, context=context)), lawful=lawful)


def not_found(what: str = "resource not found") -> Refusal:
    return Refusal(Reply(404, envelope("OBJECT_NOT_FOUND", what)))


def no_endpoint() -> Refusal:
    return Refusal(Reply(404, b"<html><body>404</body></html>", {"Content-Type": "text/html"}), lawful=False)


def missing_scopes(scopes: list[str]) -> Refusal:
    message = "This app hasn't been granted all required scopes to make this call."
    errors = [{"message": "One or more of the following scopes are required.", "context": {"requiredScopes": scopes}}]
    return Refusal(Reply(403, envelope("MISSING_SCOPES", message, errors=errors)))


def unauthorized(message: str = "Authentication credentials not found.") -> Refusal:
    return Refusal(Reply(401, envelope("INVALID_AUTHENTICATION", message)))


def mapping(value: Any, name: str, allowed: set[str], required: set[str] = frozenset()) -> dict[str, Any]:  # type: ignore[assignment]
    """The object under that name, which has no field but these and all that are required."""
    if not isinstance(value, dict):
        raise Refusal(Reply(400, envelope("VALIDATION_ERROR", f"Invalid input JSON: {name}")), lawful=False)
    if unknown := set(value) - allowed:
        message = f"Invalid input JSON: unknown field {sorted(unknown)[0]} in {name}"
        raise Refusal(Reply(400, envelope("VALIDATION_ERROR", message)), lawful=False)
    if missing := required - set(value):
        message = f"Invalid input JSON: {name} lacks {sorted(missing)[0]}"
        raise Refusal(Reply(400, envelope("VALIDATION_ERROR", message)), lawful=False)
    return value
