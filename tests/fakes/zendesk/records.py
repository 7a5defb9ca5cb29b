"""What the fake Zendesk remembers, and how it shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(start: str, end: str) -> int:
    return int((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


@dataclass
class File:
    """An upload, and later an attachment."""

    id: int
    name: str
    content_type: str
    size: int
    sha256: str

    def shown(self, url: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "file_name": self.name,
            "content_type": self.content_type,
            "size": self.size,
            "inline": False,
            "deleted": False,
            "content_url": f"{url}/attachments/{self.id}",
            "thumbnails": [],
        }


@dataclass
class Upload:
    token: str
    files: list[File]
    made_at: float


@dataclass
class Comment:
    id: int
    author_id: int
    public: bool
    body: str = ""
    html_body: str = ""
    files: list[File] = field(default_factory=list)
    created_at: str = field(default_factory=now)


@dataclass
class Audit:
    id: int
    author_id: int
    custom: dict[str, Any]
    events: list[dict[str, Any]]
    created_at: str = field(default_factory=now)


@dataclass
class User:
    id: int
    name: str
    email: str
    role: str = "end-user"

    def shown(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "email": self.email, "role": self.role, "created_at": now()}


@dataclass
class Ticket:
    id: int
    fields: dict[str, Any]
    comments: list[Comment] = field(default_factory=list)
    audits: list[Audit] = field(default_factory=list)
    deleted: bool = False
    followup_source_id: int | None = None
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    archived: bool = False
    #: when agents wrote to the customer
    answers: list[str] = field(default_factory=list)
    solved_at: str | None = None
    #: of this user's updates, as monotonic seconds
    updates: list[float] = field(default_factory=list)

    @property
    def status(self) -> str:
        return str(self.fields["status"])

    @property
    def external_id(self) -> str:
        return str(self.fields.get("external_id") or "")

    @property
    def keys(self) -> list[str]:
        """The markers of its comments, oldest first."""
        return [str(audit.custom["mail_to_case"]) for audit in self.audits if "mail_to_case" in audit.custom]

    def metrics(self) -> dict[str, Any]:
        """As the export shows them beside the ticket."""
        first_s = _seconds(self.created_at, self.answers[0]) if self.answers else None
        shown = {"ticket_id": self.id, "replies": len(self.answers), "solved_at": self.solved_at}
        times = {"assignee_updated_at": self.answers[-1] if self.answers else None}
        times |= {"requester_updated_at": self.comments[-1].created_at}
        return shown | times | {"reply_time_in_seconds": {"calendar": first_s}}

    def shown(self, url: str) -> dict[str, Any]:
        base = {"id": self.id, "url": f"{url}/api/v2/tickets/{self.id}.json"}
        times = {"created_at": self.created_at, "updated_at": self.updated_at}
        # Zendesk shows null for what is not set, which its own description does not allow in every field.
        given = {name: value for name, value in self.fields.items() if value is not None}
        return base | times | given | {"via": {"channel": "api"}, "description": self.comments[0].body}
