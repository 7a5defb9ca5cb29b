"""Jira Data Center, REST version 2: wiki text, the old search, comments with their properties in one listing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from connectors.contract import CaseGone
from connectors.jira.flavour import Flavour, Search
from connectors.jira.wiki import markup
from connectors.jira.words import PROPERTY, Page

_COMMENTS_PAGE: Final = 100
_COMMENTS_PAGES: Final = 60
_FETCH_PAGE: Final = 100


class DataCenter(Flavour):
    """A site of one's own; its index follows within seconds, on each node by itself."""

    root: ClassVar[str] = "/rest/api/2"
    user_key: ClassVar[str] = "name"

    def render(self, page: Page) -> Any:
        return markup(page)

    def plain(self, body: Any) -> str:
        return body if isinstance(body, str) else ""

    def user_query(self, text: str) -> Mapping[str, str]:
        return {"username": text}

    def search(self, search: Search) -> Iterator[dict[str, Any]]:
        start = 0
        while start < search.most:
            body: dict[str, Any] = {"jql": search.jql, "startAt": start, "maxResults": min(search.page, search.most)}
            body["fields"] = [*search.fields] or ["id"]
            if search.expand:
                body["expand"] = [search.expand]
            issues = self.api.ask("search", "search", body).items("issues")
            yield from (self._with_property(one) for one in issues) if search.properties else issues
            start += len(issues)
            if len(issues) < body["maxResults"]:
                return

    def _with_property(self, issue: dict[str, Any]) -> dict[str, Any]:
        """The search does not show properties here; the issue does, unless it is gone and the index lags."""
        path, query = f"issue/{issue['id']}", {"fields": "created", "properties": PROPERTY}
        try:
            shown = self.api.get("issue", path, query, case_id=str(issue["id"])).data
        except CaseGone:
            return issue
        return {**issue, "properties": shown.get("properties") if isinstance(shown, dict) else None}

    def fetch(self, ids: Sequence[str], fields: Sequence[str]) -> Iterator[dict[str, Any]]:
        for start in range(0, len(ids), _FETCH_PAGE):
            chunk = ids[start : start + _FETCH_PAGE]
            jql = f"id in ({', '.join(chunk)})"
            for issue in self.search(Search(jql, fields, properties=False, expand="changelog", page=_FETCH_PAGE)):
                histories = (issue.get("changelog") or {}).get("histories") or []
                yield {**self._with_property(issue), "changes": histories}

    def comments(self, issue_id: str) -> Iterator[dict[str, Any]]:
        for page in range(_COMMENTS_PAGES):
            query = {
                "expand": "properties",
                "orderBy": "-created",
                "startAt": page * _COMMENTS_PAGE,
                "maxResults": _COMMENTS_PAGE,
            }
            answer = self.api.get("comments", f"issue/{issue_id}/comment", query, case_id=issue_id)
            shown = answer.items("comments")
            yield from shown
            if len(shown) < _COMMENTS_PAGE:
                return
