"""The project and issue type of the settings: how a new issue names them, and which fields its screen has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from connectors.contract import Unusable
from connectors.http import Answer
from connectors.jira.api import Api
from connectors.jira.fields import Field, field_of
from connectors.recent import Recent

_LIVES_S: Final = 600.0
_PAGE: Final = 50
_PAGES: Final = 20


@dataclass(frozen=True)
class Screen:
    """What may be filled in when an issue is made."""

    fields: tuple[Field, ...]


class Project:
    """By key or id, and an issue type by name or id."""

    def __init__(self, api: Api, project: str, issue_type: str) -> None:
        self._api = api
        self._key = project
        self.issue_type = issue_type
        self._screen: Recent[Screen] = Recent(1, _LIVES_S)

    @property
    def key(self) -> str:
        """As the settings name it."""
        return self._key

    def place(self) -> dict[str, Any]:
        """The fields that say where a new issue goes."""
        project = {"id" if self.key.isdigit() else "key": self.key}
        kind = {"id" if self.issue_type.isdigit() else "name": self.issue_type}
        return {"project": project, "issuetype": kind}

    def screen(self) -> Screen:
        """The create screen. Raises Unusable when there is no such project or issue type for us."""
        known = self._screen.get("")
        if known is None:
            known = Screen(tuple(self._read_fields(self.type_id())))
            self._screen.put("", known)
        return known

    def type_id(self) -> str:
        """The issue type's id. Raises Unusable, with the names that there are."""
        names = []
        for one in self._pages(f"issue/createmeta/{quote(self.key, safe='')}/issuetypes"):
            if self.issue_type.casefold() in (str(one.get("name")).casefold(), str(one.get("id"))):
                return str(one["id"])
            names.append(str(one.get("name")))
        known = ", ".join(names) or "none that we may make"
        raise Unusable(f"project {self.key} has no issue type {self.issue_type!r}; set issue_type to one of: {known}")

    def _read_fields(self, type_id: str) -> Iterator[Field]:
        for one in self._pages(f"issue/createmeta/{quote(self.key, safe='')}/issuetypes/{type_id}"):
            id_ = one.get("fieldId") or one.get("key")
            if isinstance(id_, str):
                yield field_of(id_, one)

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        for page in range(_PAGES):
            answer = self._api.get("createmeta", path, {"startAt": page * _PAGE, "maxResults": _PAGE})
            shown = _listed(answer)
            yield from shown
            if len(shown) < _PAGE:
                return


def _listed(answer: Answer) -> list[dict[str, Any]]:
    """The list has another name with each kind of Jira and each question."""
    data = answer.data if isinstance(answer.data, dict) else {}
    for name in ("issueTypes", "createMetaIssueType", "fields", "results", "values"):
        if isinstance(data.get(name), list):
            return [one for one in data[name] if isinstance(one, dict)]
    raise answer.call.unclear(f"{answer.call.place}: the answer has no list")
