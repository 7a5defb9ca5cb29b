"""Issues of ours as they stand: listed by the index, read by id, with what their history and comments tell."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from connectors.contract import CaseState
from connectors.jira.flavour import Flavour, Search, quoted
from connectors.jira.marks import Marks
from connectors.jira.people import People
from connectors.jira.place import Place
from connectors.jira.times import moment
from connectors.jira.words import FROM

_FIELDS: Final = (
    "status", "priority", "assignee", "reporter", "components", "created", "updated", "resolutiondate", "comment",
)  # fmt: skip
#: asked for so much earlier than wanted: the index counts in minutes, and its clock is not ours
_MARGIN_S: Final = 600.0
_MOST: Final = 100_000


class States:
    """Reads only."""

    def __init__(self, flavour: Flavour, people: People, project: Place, marks: Marks) -> None:
        self._flavour = flavour
        self._people = people
        self._project = project
        self._marks = marks

    def since(self, since: datetime) -> Iterator[CaseState]:
        """Each issue of ours that changed at or after then, once; an issue changed a moment ago may not be listed yet.

        The question counts minutes back from now: a date would be read in the time zone of the API's user.
        """
        minutes = math.ceil(((datetime.now(UTC) - since).total_seconds() + _MARGIN_S) / 60)
        jql = f"project = {quoted(self._project.key)} AND {self._marks.ours()}"
        jql += f' AND updated >= "-{max(minutes, 1)}m" ORDER BY key ASC'
        search = Search(jql, properties=False, most=_MOST, page=1_000)
        ids = list(dict.fromkeys(str(one["id"]) for one in self._flavour.search(search)))
        myself = self._people.myself() if ids else ""
        for issue in self._flavour.fetch(ids, (*_FIELDS, *self._marks.fields())):
            state = self._state(issue, myself)
            if state is not None and state.changed_at >= since:
                yield state

    def _state(self, issue: dict[str, Any], myself: str) -> CaseState | None:
        fields = issue.get("fields") or {}
        opened, changed = moment(fields.get("created")), moment(fields.get("updated"))
        key = self._marks.key_of(issue)
        if opened is None or changed is None or not key:
            return None
        status = fields.get("status") or {}
        is_done = (status.get("statusCategory") or {}).get("key") == "done"
        answers, words = self._voices(issue, myself)
        return CaseState(
            case=self._flavour.api.ref(issue),
            status=str(status.get("name", "")),
            open=not is_done,
            opened_at=opened,
            changed_at=changed,
            closed_at=_closed_at(issue) if is_done else None,
            priority=_name(fields.get("priority")),
            owner=_name(fields.get("assignee")),
            queue=", ".join(_name(one) for one in fields.get("components") or []),
            key=key,
            first_answer_at=min(answers, default=None),
            last_answer_at=max(answers, default=None),
            last_customer_at=max(words, default=opened),
        )

    def _voices(self, issue: dict[str, Any], myself: str) -> tuple[list[datetime], list[datetime]]:
        """When agents wrote for all to see, and when the customer did: himself, or we for him and saying so."""
        answers, words = [], []
        reporter = self._identity((issue.get("fields") or {}).get("reporter"))
        for comment in self._all_comments(issue):
            at = moment(comment.get("created"))
            author = self._identity(comment.get("author"))
            if at is None:
                continue
            if author != myself and (author == reporter or _is_customer(comment.get("author"))):
                words.append(at)
            elif author != myself:
                answers += [at] if not comment.get("visibility") and comment.get("jsdPublic", True) else []
            elif self._flavour.plain(comment.get("body")).startswith(FROM):
                words.append(at)
        return answers, words

    def _identity(self, user: Any) -> Any:
        return user.get(self._flavour.user_key) if isinstance(user, dict) else None

    def _all_comments(self, issue: dict[str, Any]) -> list[dict[str, Any]]:
        page = (issue.get("fields") or {}).get("comment") or {}
        shown = page.get("comments") or []
        if len(shown) >= page.get("total", 0):
            return list(shown)
        return list(self._flavour.comments(str(issue["id"])))


def _closed_at(issue: dict[str, Any]) -> datetime | None:
    """When it last changed its status, else when it was resolved."""
    changes = [
        moment(change.get("created"))
        for change in issue.get("changes") or []
        if any(item.get("field") == "status" or item.get("fieldId") == "status" for item in change.get("items") or [])
    ]
    known = [one for one in changes if one is not None]
    return max(known) if known else moment((issue.get("fields") or {}).get("resolutiondate"))


def _is_customer(user: Any) -> bool:
    """Whether it is an account of a portal's customer, which an agent's never is."""
    return isinstance(user, dict) and user.get("accountType") == "customer"


def _name(shown: Any) -> str:
    if not isinstance(shown, dict):
        return ""
    return str(shown.get("displayName") or shown.get("name") or "")
