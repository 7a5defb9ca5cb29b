"""What the fake Jira remembers, and how it shows it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

#: of the API's user: not UTC, so that whoever mistakes JQL's dates is found out
ZONE = timezone(timedelta(hours=11))
STATUSES = {"1": ("To Do", "new"), "2": ("In Progress", "indeterminate"), "3": ("Done", "done")}
#: from → (id, name, to)
WAYS = {
    "1": (("11", "Start", "2"), ("31", "Finish", "3")),
    "2": (("21", "Stop", "1"), ("31", "Finish", "3")),
    "3": (("41", "Reopen", "1"), ("51", "Work on", "2")),
}
PRIORITIES = {"1": "Highest", "2": "High", "3": "Medium", "4": "Low"}
COMPONENTS = {"101": "Billing", "102": "Shipping"}
OPTIONS = {"201": "Red", "202": "Blue"}


def jira_time(at: datetime) -> str:
    local = at.astimezone(ZONE)
    return local.strftime("%Y-%m-%dT%H:%M:%S.") + f"{local.microsecond // 1000:03d}" + local.strftime("%z")


def words_of(body: Any) -> str:
    """What a reader sees of a document, a line a paragraph or a break."""
    if not isinstance(body, dict):
        return str(body or "")
    if body.get("type") in ("text", "hardBreak"):
        return str(body.get("text", "\n"))
    inner = "".join(map(words_of, body.get("content", [])))
    return inner + "\n" if body.get("type") in ("paragraph", "codeBlock") else inner


def _key_of(properties: dict[str, Any], text: str) -> str:
    if "e2c" in properties:
        return str(properties["e2c"].get("key", ""))
    lines = re.findall(r"(?m)^e2c-([0-9a-f]{40})\b", text)
    return lines[-1] if lines else ""


@dataclass
class User:
    id: str
    name: str
    email: str
    display: str
    #: a portal's customer, and nothing else
    is_customer: bool = False
    hides_email: bool = False

    @property
    def searched(self) -> str:
        return f"{self.id} {self.name} {'' if self.hides_email else self.email} {self.display}"

    def shown(self, *, adf: bool) -> dict[str, Any]:
        kind = "customer" if self.is_customer else "atlassian"
        who = {"accountId": self.id, "accountType": kind} if adf else {"name": self.name, "key": self.name}
        zone = {"timeZone": "Australia/Sydney", "active": True}
        address = {} if self.hides_email else {"emailAddress": self.email}
        return who | zone | {"displayName": self.display} | address


@dataclass
class File:
    id: int
    name: str
    media_type: str
    size: int
    sha256: str
    author: User
    #: how many comments there were when it came
    after: int
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def shown(self, url: str, *, adf: bool) -> dict[str, Any]:
        made = {"filename": self.name, "size": self.size, "mimeType": self.media_type}
        where = {"self": f"{url}/attachment/{self.id}", "content": f"{url}/attachment/content/{self.id}"}
        who = {"author": self.author.shown(adf=adf), "created": jira_time(self.made_at)}
        return {"id": str(self.id), **where, **made, **who}


@dataclass
class Comment:
    id: int
    body: Any
    author: User
    properties: dict[str, Any] = field(default_factory=dict)
    visibility: dict[str, Any] | None = None
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def public(self) -> bool:
        internal = self.properties.get("sd.public.comment", {}).get("internal", False)
        return not internal and self.visibility is None

    def shown(self, url: str, *, adf: bool, properties: bool) -> dict[str, Any]:
        times = {"created": jira_time(self.made_at), "updated": jira_time(self.made_at)}
        who = self.author.shown(adf=adf)
        found = {"id": str(self.id), "self": f"{url}/comment/{self.id}", "body": self.body, "author": who, **times}
        if self.visibility is not None:
            found["visibility"] = self.visibility
        if adf:
            found["jsdPublic"] = self.public
        if properties:
            found["properties"] = [{"key": key, "value": value} for key, value in self.properties.items()]
        return found


@dataclass
class Issue:
    id: int
    key: str
    fields: dict[str, Any]
    reporter: User
    properties: dict[str, Any] = field(default_factory=dict)
    #: account ids of a request's other customers
    participants: list[str] = field(default_factory=list)
    status: str = "1"
    comments: list[Comment] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    deleted: bool = False
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    resolved_at: datetime | None = None
    #: monotonic seconds: when the index hears of it, and of our writes
    indexed_at: float = 0.0
    writes: list[float] = field(default_factory=list)

    @property
    def labels(self) -> list[str]:
        return list(self.fields.get("labels", []))

    @property
    def keys(self) -> list[str]:
        """The full keys on the issue and its comments, in order: in the property, else in a field or the text."""
        texts = [str(self.fields.get("customfield_10014") or words_of(self.fields.get("description")))]
        texts += [words_of(one.body) for one in self.comments]
        holders = [self.properties, *(one.properties for one in self.comments)]
        found = [_key_of(one, text) for one, text in zip(holders, texts, strict=True)]
        return [one for one in found if one]

    def touch(self) -> None:
        self.updated_at = datetime.now(UTC)

    def move(self, status: str) -> None:
        items = [{"field": "status", "fieldId": "status", "fromString": STATUSES[self.status][0]}]
        items[0]["toString"] = STATUSES[status][0]
        self.touch()
        self.changes.append({"id": str(len(self.changes) + 1), "created": self.updated_at, "items": items})
        self.status = status
        self.resolved_at = self.updated_at if STATUSES[status][1] == "done" else None

    def limited(self, paces: tuple[tuple[int, float], ...]) -> bool:
        """Whether one more write is too many."""
        now = time.monotonic()
        self.writes = [one for one in self.writes if now - one < 30]
        if any(sum(now - one < window for one in self.writes) >= calls for calls, window in paces):
            return True
        self.writes.append(now)
        return False
