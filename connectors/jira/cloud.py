"""Jira Cloud, REST version 3: documents for texts, a search that lags and names only ids, comments by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from connectors.jira.adf import dense, document, plain
from connectors.jira.flavour import Flavour, Search
from connectors.jira.words import PROPERTY, Fitted, Page, Room, fit

_COMMENTS_PAGE: Final = 100
_COMMENTS_PAGES: Final = 60
_FETCH_PAGE: Final = 100
_CHANGES_PAGE: Final = 1_000


class Cloud(Flavour):
    """The platform's API; what it reads by id is consistent, what it searches is not."""

    root: ClassVar[str] = "/rest/api/3"
    user_key: ClassVar[str] = "accountId"

    def render(self, page: Page) -> Any:
        return document(page)

    def fitted(self, page: Page, room: Room) -> Fitted:
        return fit(document, page, room, dense)

    def plain(self, body: Any) -> str:
        return plain(body)

    def user_query(self, text: str) -> Mapping[str, str]:
        return {"query": text}

    def search(self, search: Search) -> Iterator[dict[str, Any]]:
        body: dict[str, Any] = {"jql": search.jql, "maxResults": min(search.page, search.most)}
        body["fields"] = [*search.fields] or ["id"]
        if search.properties:
            body["properties"] = [PROPERTY]
        shown = 0
        while True:
            answer = self.api.ask("search", "search/jql", body)
            issues = answer.items("issues")
            yield from issues
            shown += len(issues)
            token = answer.data.get("nextPageToken")
            if answer.data.get("isLast", True) or not token or not issues or shown >= search.most:
                return
            body["nextPageToken"] = token

    def fetch(self, ids: Sequence[str], fields: Sequence[str]) -> Iterator[dict[str, Any]]:
        for start in range(0, len(ids), _FETCH_PAGE):
            chunk = list(ids[start : start + _FETCH_PAGE])
            body = {"issueIdsOrKeys": chunk, "fields": list(fields), "properties": [PROPERTY]}
            issues = self.api.ask("bulkfetch", "issue/bulkfetch", body).items("issues")
            changes = self._changes([str(one["id"]) for one in issues])
            yield from ({**issue, "changes": changes.get(str(issue["id"]), [])} for issue in issues)

    def _changes(self, ids: list[str]) -> dict[str, list[dict[str, Any]]]:
        """Each issue's changes of status."""
        found: dict[str, list[dict[str, Any]]] = {}
        body: dict[str, Any] = {"issueIdsOrKeys": ids, "fieldIds": ["status"], "maxResults": _CHANGES_PAGE}
        while ids:
            answer = self.api.ask("changelog", "changelog/bulkfetch", body)
            for log in answer.items("issueChangeLogs"):
                found.setdefault(str(log.get("issueId")), []).extend(log.get("changeHistories") or [])
            token = answer.data.get("nextPageToken")
            if not token:
                break
            body["nextPageToken"] = token
        return found

    def comments(self, issue_id: str) -> Iterator[dict[str, Any]]:
        for page in range(_COMMENTS_PAGES):
            query = {"orderBy": "-created", "startAt": page * _COMMENTS_PAGE, "maxResults": _COMMENTS_PAGE}
            answer = self.api.get("comments", f"issue/{issue_id}/comment", query, case_id=issue_id)
            shown = answer.items("comments")
            if shown:
                # The listing does not show properties; a list by id does.
                ids = [int(one["id"]) for one in shown]
                listed = self.api.ask("comment list", "comment/list?expand=properties", {"ids": ids}).items("values")
                yield from sorted(listed, key=lambda one: ids.index(int(one["id"])))
            if len(shown) < _COMMENTS_PAGE:
                return
