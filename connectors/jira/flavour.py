"""What differs between Jira's kinds: the form of a text, how to search, and who is who."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from connectors.jira.api import Api
from connectors.jira.words import Fitted, Page, Room, fit


@dataclass(frozen=True)
class Search:
    """A question in JQL: which fields to show of each issue, and whether our property too."""

    jql: str
    fields: Sequence[str] = ()
    properties: bool = True
    expand: str = ""
    most: int = 1_000
    page: int = field(default=100)


class Flavour(ABC):
    """One kind of Jira, over its API."""

    #: beneath the site's address
    root: ClassVar[str]
    #: the key of a user's identity in JSON
    user_key: ClassVar[str]

    def __init__(self, api: Api) -> None:
        self.api = api

    @abstractmethod
    def render(self, page: Page) -> Any:
        """The text in the form that descriptions, comments and long fields take."""

    def fitted(self, page: Page, room: Room) -> Fitted:
        """As much of the text as there is room for."""
        return fit(self.render, page, room)

    @abstractmethod
    def plain(self, body: Any) -> str:
        """The words of a text that Jira shows us."""

    @abstractmethod
    def search(self, search: Search) -> Iterator[dict[str, Any]]:
        """Issues of the index, which lags; each with id and key."""

    @abstractmethod
    def fetch(self, ids: Sequence[str], fields: Sequence[str]) -> Iterator[dict[str, Any]]:
        """These issues as they stand, with our property and their history; those that are gone are left out."""

    @abstractmethod
    def comments(self, issue_id: str) -> Iterator[dict[str, Any]]:
        """Newest first, each with its properties. Raises CaseGone."""

    @abstractmethod
    def user_query(self, text: str) -> Mapping[str, str]:
        """The parameters that look a user up by name or address."""

    def user(self, identity: str) -> dict[str, str]:
        """The value of a field that names this user."""
        return {"id" if self.user_key == "accountId" else self.user_key: identity}


def quoted(text: str) -> str:
    """A text as JQL's string, from which nothing escapes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if one.isprintable() else " " for one in escaped) + '"'
