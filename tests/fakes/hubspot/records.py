"""What the fake HubSpot keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass
class Record:
    """A ticket, contact, e-mail or note; ``links``: kind → numbers, in the order they were made."""

    id: str
    kind: str
    properties: dict[str, str]
    links: dict[str, list[str]] = field(default_factory=dict)
    archived: bool = False
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    #: the state that a search still shows: until when (monotonic), and as what it was changed
    indexed_from: float = 0.0

    def all_properties(self) -> dict[str, str]:
        dates = {"createdate": self.created_at, "hs_lastmodifieddate": self.updated_at}
        return {**self.properties, **dates, "hs_object_id": self.id}

    def shown(self, names: list[str]) -> dict[str, Any]:
        everything = self.all_properties()
        wanted = {name: everything.get(name) for name in (*names, "createdate", "hs_lastmodifieddate", "hs_object_id")}
        return {
            "id": self.id,
            "properties": wanted,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "archived": self.archived,
        }


@dataclass(frozen=True)
class File:
    """``path`` as the files' tool shows it, with a leading slash."""

    id: str
    path: str
    access: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def shown(self) -> dict[str, Any]:
        stem, _, extension = self.name.rpartition(".")
        return {
            "id": self.id,
            "createdAt": now(),
            "updatedAt": now(),
            "archived": False,
            "path": self.path,
            "name": stem or extension,
            "extension": extension if stem else "",
            "size": self.size,
            "access": self.access,
            "parentFolderId": "1",
        }
