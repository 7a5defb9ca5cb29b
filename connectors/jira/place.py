"""The project that issues are in, for those who need only its key."""

from __future__ import annotations

from typing import Protocol


class Place(Protocol):
    """A project."""

    @property
    def key(self) -> str:
        """Its key or id. May have to ask Jira for it."""
