"""The fake Zendesk's refusals, in the shapes that Zendesk uses."""

from __future__ import annotations

from typing import Any

from tests.fakes.http_server import Reply

TICKET = {
    "assignee_email", "assignee_id", "brand_id", "comment", "custom_fields", "external_id", "group_id", "metadata",
    "priority", "recipient", "requester", "safe_update", "status", "subject", "tags", "type", "updated_stamp",
    "via_followup_source_id",
}  # fmt: skip
ON_UPDATE = {"safe_update", "updated_stamp"}
ON_CREATE = {"requester", "via_followup_source_id"}
COMMENT = {"author_id", "body", "html_body", "public", "uploads"}
USER = {"email", "name", "skip_verify_email"}
CHOICES = {
    "priority": {"low", "normal", "high", "urgent"},
    "status": {"new", "open", "pending", "hold", "solved"},
    "type": {"problem", "incident", "question", "task"},
}
MAX_BODY_CHARS = 65_535


class Refusal(Exception):
    """Answer with this."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


def invalid(field: str, said: str) -> Refusal:
    details = {field: [{"description": f"{field.capitalize()}: {said}", "error": "Invalid"}]}
    body = {"error": "RecordInvalid", "description": "Record validation errors", "details": details}
    return Refusal(Reply(422, body))


def not_found() -> Refusal:
    return Refusal(Reply(404, {"error": "RecordNotFound", "description": "Not found"}))


def collision() -> Refusal:
    said = "Safe Update prevented the update due to outdated ticket data"
    return Refusal(Reply(409, {"error": "UpdateConflict", "description": said}))


def no_endpoint() -> Refusal:
    return Refusal(Reply(404, {"error": {"title": "InvalidEndpoint", "message": "Not found"}}))


def mapping(value: Any, name: str, allowed: set[str]) -> dict[str, Any]:
    """The object under that name, which has no field but these."""
    if not isinstance(value, dict):
        raise Refusal(Reply(400, {"error": {"title": "Invalid attribute", "message": f"{name} must be an object"}}))
    for field in value:
        if field not in allowed:
            raise invalid(field, "is unknown")
    return value


def check_ticket(ticket: dict[str, Any]) -> None:
    for field, choices in CHOICES.items():
        if field in ticket and ticket[field] not in choices:
            raise invalid(field, f"{str(ticket[field])[:40]} is not allowed")
    if not isinstance(ticket.get("tags", []), list):
        raise invalid("tags", "must be a list")
    if "subject" in ticket and not str(ticket["subject"]).strip():
        raise invalid("subject", "cannot be blank")
    if "metadata" in ticket and not isinstance(ticket["metadata"], dict):
        raise invalid("metadata", "must be an object")


def check_comment(comment: dict[str, Any]) -> None:
    bodies = [name for name in ("body", "html_body") if name in comment]
    if len(bodies) != 1:
        raise invalid("comment", "needs body or html_body, and not both")
    if not comment[bodies[0]].strip():
        raise invalid("comment", "cannot be blank")
    if len(comment[bodies[0]]) > MAX_BODY_CHARS:
        raise invalid("comment", "is too long")
    if not isinstance(comment.get("public"), bool):
        raise invalid("comment", "public must be given")
