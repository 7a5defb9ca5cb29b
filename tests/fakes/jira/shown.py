"""How the fake Jira shows what it holds: by id at once, by its index after a while."""

from __future__ import annotations

import time
from typing import Any

from tests.fakes.http_server import Reply, Seen
from tests.fakes.jira.jql import select
from tests.fakes.jira.meta import PROJECT, PROJECT_ID, TYPES, Meta
from tests.fakes.jira.records import COMPONENTS, PRIORITIES, Comment, Issue, jira_time
from tests.fakes.jira.strict import mapping, refuse

_SEARCH = {"jql", "fields", "properties", "maxResults", "nextPageToken", "expand", "fieldsByKeys", "reconcileIssues"}
_OLD_SEARCH = {"jql", "fields", "startAt", "maxResults", "expand", "validateQuery"}
_FETCH = {"issueIdsOrKeys", "fields", "properties", "expand", "fieldsByKeys"}
_CHANGES = {"issueIdsOrKeys", "fieldIds", "maxResults", "nextPageToken"}
#: as many comments as an issue shows of itself
EMBEDDED_COMMENTS = 20


class Showing:
    """The reading half of the desk."""

    meta: Meta
    adf: bool
    url: str
    issues: dict[int, Issue]

    def living(self, which: str) -> Issue:
        raise NotImplementedError

    def status(self, id_: str) -> dict[str, Any]:
        raise NotImplementedError

    def show(self, seen: Seen, which: str) -> Reply:
        fields = seen.first("fields").split(",") if "fields" in seen.query else None
        return Reply(200, self.issue(self.living(which), fields, seen.first("properties").split(",")))

    def issue(self, issue: Issue, fields: list[str] | None, properties: list[str]) -> dict[str, Any]:
        """In Jira's form; ``fields`` None shows all."""
        every = self._fields(issue)
        shown = {name: value for name, value in every.items() if fields is None or name in fields or "*all" in fields}
        found = {"id": str(issue.id), "key": issue.key, "self": f"{self.url}/issue/{issue.id}", "fields": shown}
        if any(properties):
            found["properties"] = {name: issue.properties[name] for name in properties if name in issue.properties}
        return found

    def _fields(self, issue: Issue) -> dict[str, Any]:
        given = issue.fields
        kind = given["issuetype"]
        type_id = kind.get("id") or next(id_ for id_, name in TYPES.items() if name == kind["name"])
        priority = given.get("priority", {"id": "3"})["id"]
        comments = [self._shown(one) for one in issue.comments[:EMBEDDED_COMMENTS]]
        page = {"comments": comments, "maxResults": len(comments), "total": len(issue.comments), "startAt": 0}
        assignee = given.get("assignee")
        return {
            **given,
            "project": {"id": PROJECT_ID, "key": PROJECT},
            "issuetype": {"id": type_id, "name": TYPES[type_id]},
            "status": self.status(issue.status),
            "priority": {"id": priority, "name": PRIORITIES[priority]},
            "components": [{"id": one["id"], "name": COMPONENTS[one["id"]]} for one in given.get("components", [])],
            "assignee": self.meta.user_of(assignee).shown(adf=self.adf) if assignee else None,
            "reporter": issue.reporter.shown(adf=self.adf),
            "creator": self.meta.me.shown(adf=self.adf),
            "created": jira_time(issue.made_at),
            "updated": jira_time(issue.updated_at),
            "resolutiondate": jira_time(issue.resolved_at) if issue.resolved_at else None,
            "attachment": [one.shown(self.url, adf=self.adf) for one in issue.files],
            "comment": page,
        }

    def _shown(self, comment: Comment, *, properties: bool = False) -> dict[str, Any]:
        return comment.shown(self.url, adf=self.adf, properties=properties)

    def list_comments(self, seen: Seen, which: str) -> Reply:
        issue = self.living(which)
        ordered = issue.comments[::-1] if seen.first("orderBy") == "-created" else issue.comments
        start, most = int(seen.first("startAt") or 0), min(int(seen.first("maxResults") or 100), 100)
        with_properties = not self.adf and "properties" in seen.first("expand")
        if self.adf and seen.first("expand") not in ("", "renderedBody"):
            raise refuse(400, "The expand is not supported here.")
        shown = [self._shown(one, properties=with_properties) for one in ordered[start : start + most]]
        page = {"comments": shown, "startAt": start, "maxResults": most, "total": len(ordered)}
        return Reply(200, page)

    def comments_by_id(self, seen: Seen) -> Reply:
        given = mapping(seen.json, "request", {"ids"})
        if len(given["ids"]) > 1000 or not all(isinstance(one, int) for one in given["ids"]):
            raise refuse(400, "At most 1000 comment ids.")
        living = [one for one in self.issues.values() if not one.deleted]
        found = [one for issue in living for one in issue.comments if one.id in given["ids"]]
        shown = [self._shown(one, properties="properties" in seen.first("expand")) for one in found]
        return Reply(200, {"values": shown, "startAt": 0, "maxResults": 1000, "total": len(shown), "isLast": True})

    def _indexed(self) -> list[Issue]:
        now = time.monotonic()
        return [one for one in self.issues.values() if not one.deleted and one.indexed_at <= now]

    def search(self, seen: Seen) -> Reply:
        given = mapping(seen.json, "request", _SEARCH)
        found = select(given["jql"], self._indexed())
        start, most = int(given.get("nextPageToken") or 0), min(given.get("maxResults", 50), 5000)
        fields = given.get("fields") or ["id"]
        page = found[start : start + most]
        shown = [
            {"id": str(one.id)} if fields == ["id"] and not given.get("properties")
            else self.issue(one, fields, given.get("properties", []))
            for one in page
        ]  # fmt: skip
        following = {"nextPageToken": str(start + most)} if start + most < len(found) else {}
        return Reply(200, {"issues": shown, "isLast": not following, **following})

    def old_search(self, seen: Seen) -> Reply:
        given = mapping(seen.json, "request", _OLD_SEARCH)
        found = select(given["jql"], self._indexed())
        start, most = given.get("startAt", 0), min(given.get("maxResults", 50), 1000)
        shown = [self.issue(one, given.get("fields"), []) for one in found[start : start + most]]
        if "changelog" in given.get("expand", []):
            for one in shown:
                one["changelog"] = {"histories": self._changes(self.issues[int(one["id"])])}
        return Reply(200, {"issues": shown, "startAt": start, "maxResults": most, "total": len(found)})

    def fetch(self, seen: Seen) -> Reply:
        given = mapping(seen.json, "request", _FETCH)
        if len(given["issueIdsOrKeys"]) > 100:
            raise refuse(400, "At most 100 issues.")
        wanted = [self.issues.get(int(one)) for one in given["issueIdsOrKeys"]]
        living = [one for one in wanted if one is not None and not one.deleted]
        shown = [self.issue(one, given.get("fields"), given.get("properties", [])) for one in living]
        return Reply(200, {"issues": shown, "issueErrors": []})

    def changes(self, seen: Seen) -> Reply:
        given = mapping(seen.json, "request", _CHANGES)
        wanted = [self.issues[int(one)] for one in given["issueIdsOrKeys"] if int(one) in self.issues]
        shown = [{"issueId": str(one.id), "changeHistories": self._changes(one)} for one in wanted if one.changes]
        return Reply(200, {"issueChangeLogs": shown})

    def _changes(self, issue: Issue) -> list[dict[str, Any]]:
        # The endpoint in bulk gives times as numbers, the expansion as texts.
        return [
            {**one, "created": int(one["created"].timestamp() * 1000) if self.adf else jira_time(one["created"])}
            for one in issue.changes
        ]
