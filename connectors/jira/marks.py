"""How an issue or a comment of ours is known again: by a label that the search knows, and a property with the key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.jira.flavour import quoted
from connectors.jira.words import LABEL, entry, key_of, marker


class Marks:
    """Label and property are written in the same call as what they mark."""

    def fields(self) -> Sequence[str]:
        """Fields of an issue that have to be read beside its property."""
        return ()

    def clause(self, key: str) -> str:
        """JQL for the issues that may have the key. Raises Rejected for what is no key."""
        return f"labels = {quoted(marker(key))}"

    def ours(self) -> str:
        """JQL for every issue of ours."""
        return f"labels = {quoted(LABEL)}"

    def entry(self, issue: dict[str, Any]) -> dict[str, Any]:
        """What the issue says of the message it was made from: ``key``, ``messageId``; empty if it is none of ours."""
        return entry(issue)

    def key_of(self, issue: dict[str, Any]) -> str:
        """The issue's key, or ""."""
        value = self.entry(issue).get("key")
        return value if isinstance(value, str) else ""

    def is_on(self, comment: dict[str, Any], key: str) -> bool:
        """Whether the comment holds the message with that key."""
        return key_of(comment) == key
