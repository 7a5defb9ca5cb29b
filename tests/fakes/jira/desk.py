"""What the fake Jira does: issues, comments, files, transitions."""

from __future__ import annotations

import itertools
import time
from typing import Any

from tests.fakes.http_server import Reply, Seen
from tests.fakes.jira.form import Part
from tests.fakes.jira.meta import PROJECT, PROJECT_ID, TYPES, Meta
from tests.fakes.jira.records import COMPONENTS, OPTIONS, PRIORITIES, STATUSES, WAYS, Comment, File, Issue, User
from tests.fakes.jira.shown import Showing
from tests.fakes.jira.strict import MAX_CHARS, SUMMARY_CHARS, mapping, no_issue, properties, refuse, text

_UPDATE = {"fields", "update", "properties", "transition", "historyMetadata"}
_COMMENT = {"body", "properties", "visibility"}
#: as the vendor has them: writes to one issue in so many seconds
PACES = ((20, 2.0), (100, 30.0))
MAX_COMMENTS = 5_000


class Desk(Showing):
    """Called under the server's lock, one request at a time."""

    def __init__(self, meta: Meta) -> None:
        self.meta = meta
        self.adf = meta.adf
        self.url = ""
        self.issues: dict[int, Issue] = {}
        self.lag_s = 0.0
        self.paces = PACES
        self.max_chars = MAX_CHARS
        #: what a transition's conditions refuse, though it was offered
        self.stuck: set[str] = set()
        self._numbers = itertools.count(10_100)
        self._keys = itertools.count(1)

    def create(self, seen: Seen) -> Reply:
        if "CREATE_ISSUES" not in self.meta.rights:
            raise refuse(400, project="Anonymous users do not have permission to create issues in this project.")
        given = mapping(seen.json, "issue", _UPDATE)
        fields = self._checked(given.get("fields"), making=True)
        reporter = self.meta.user_of(fields["reporter"]) if "reporter" in fields else self.meta.me
        issue = self.add(fields, reporter)
        issue.properties = properties(given.get("properties"))
        return Reply(201, {"id": str(issue.id), "key": issue.key, "self": f"{self.url}/issue/{issue.id}"})

    def add(self, fields: dict[str, Any], reporter: User) -> Issue:
        """A new one, which the index hears of later."""
        issue = Issue(self.number(), f"{PROJECT}-{next(self._keys)}", fields, reporter)
        issue.indexed_at = time.monotonic() + self.lag_s
        self.issues[issue.id] = issue
        return issue

    def number(self) -> int:
        """One that nothing else has."""
        return next(self._numbers)

    def _checked(self, given: Any, *, making: bool) -> dict[str, Any]:
        fields = mapping(given, "fields", set(given) if isinstance(given, dict) else set())
        for name in fields:
            if name not in self.meta.screen:
                raise refuse(400, **{name: f"Field '{name}' cannot be set. It is not on the screen, or unknown."})
        if making:
            self._check_place(fields)
            required = [id_ for id_, one in self.meta.screen.items() if one.get("required") and id_ not in fields]
            if lacking := [id_ for id_ in required if not self.meta.screen[id_].get("hasDefaultValue")]:
                raise refuse(400, **{lacking[0]: f"{self.meta.screen[lacking[0]]['name']} is required."})
        for name, value in fields.items():
            self._check(name, value)
        return dict(fields)

    def _check_place(self, fields: dict[str, Any]) -> None:
        project, kind = fields.get("project"), fields.get("issuetype")
        if project not in ({"key": PROJECT}, {"id": PROJECT_ID}):
            raise refuse(400, project="valid project is required")
        if kind not in [{key: one} for id_, name in TYPES.items() for key, one in (("id", id_), ("name", name))]:
            raise refuse(400, issuetype="Specify an issue type")

    def _check(self, name: str, value: Any) -> None:
        if name == "summary" and (not isinstance(value, str) or not value.strip() or "\n" in value):
            raise refuse(400, summary="You must specify a summary of the issue.")
        if name == "summary" and len(value.encode("utf-16-le")) // 2 > SUMMARY_CHARS:
            raise refuse(400, summary="Summary must be less than 255 characters.")
        if name in ("description", "customfield_10012"):
            text(value, name, adf=self.adf, limit=self.max_chars)
        if name == "labels" and any(" " in one or len(one) > 255 for one in value):
            raise refuse(400, labels=f"The label '{value}' contains spaces which is invalid.")
        choices = {"priority": PRIORITIES, "customfield_10011": OPTIONS}
        if name in choices and value.get("id") not in choices[name]:
            raise refuse(400, **{name: f"The {name} selected is invalid."})
        if name == "components" and any(one.get("id") not in COMPONENTS for one in value):
            raise refuse(400, components="Component id is not valid")
        if name in ("assignee", "reporter"):
            self.meta.user_of(value)
        if name == "customfield_10010" and not isinstance(value, str):
            raise refuse(400, **{name: "Operation value must be a string"})
        if name == "customfield_10013" and not isinstance(value, float | int):
            raise refuse(400, **{name: "Specify a valid number"})

    def living(self, which: str) -> Issue:
        found = next((one for one in self.issues.values() if which in (str(one.id), one.key)), None)
        if found is None or found.deleted:
            raise no_issue()
        return found

    def written(self, which: str, right: str) -> Issue:
        issue = self.living(which)
        if right not in self.meta.rights:
            raise refuse(403, "You do not have permission to do that.")
        if issue.limited(self.paces):
            headers = {"Retry-After": "2", "RateLimit-Reason": "jira-per-issue-on-write"}
            raise refuse(429, "Rate limit exceeded.", headers=headers)
        return issue

    def edit(self, seen: Seen, which: str) -> Reply:
        issue = self.written(which, "EDIT_ISSUES")
        given = mapping(seen.json, "issue", _UPDATE)
        fields = self._checked(given.get("fields", {}), making=False)
        update = mapping(given.get("update", {}), "update", {"labels"})
        if update and "labels" not in self.meta.screen:
            raise refuse(400, labels="Field 'labels' cannot be set. It is not on the appropriate screen, or unknown.")
        issue.fields |= fields
        added = [one["add"] for one in update.get("labels", [])]
        issue.fields["labels"] = list(dict.fromkeys([*issue.labels, *added]))
        issue.properties |= properties(given.get("properties"))
        issue.touch()
        return Reply(204)

    def comment(self, seen: Seen, which: str) -> Reply:
        issue = self.written(which, "ADD_COMMENTS")
        given = mapping(seen.json, "comment", _COMMENT)
        body = text(given.get("body"), "comment", adf=self.adf, limit=self.max_chars)
        if len(issue.comments) >= MAX_COMMENTS:
            raise refuse(413, "The issue has reached the maximum limit of 5,000 comments.")
        seen_by = given.get("visibility")
        if seen_by is not None and (seen_by.get("type") != "role" or seen_by.get("value") != "Agents"):
            raise refuse(400, commentLevel="You are currently not a member of the project role.")
        made = Comment(self.number(), body, self.meta.me, properties(given.get("properties")), seen_by)
        issue.comments.append(made)
        issue.touch()
        return Reply(201, made.shown(self.url, adf=self.adf, properties=False))

    def attach(self, seen: Seen, which: str, parts: list[Part]) -> Reply:
        if seen.headers.get("x-atlassian-token") != "no-check":
            raise refuse(403, "XSRF check failed")
        issue = self.written(which, "CREATE_ATTACHMENTS")
        if not self.meta.attachments_on:
            raise refuse(404, "Attachments are disabled")
        if not parts or len(parts) > 60 or any(one.field_name != "file" or not one.filename for one in parts):
            raise refuse(400, "The form must have 1 to 60 parts named file.")
        if any(one.size > self.meta.upload_limit_bytes for one in parts):
            raise refuse(413, "The file exceeds the maximum attachment size.")
        made = self.keep(issue, parts)
        return Reply(200, [one.shown(self.url, adf=self.adf) for one in made])

    def keep(self, issue: Issue, parts: list[Part]) -> list[File]:
        """As files of the issue's last comment, or of itself."""
        made = [
            File(self.number(), one.filename, one.media_type, one.size, one.digest.hexdigest(), self.meta.me,
                 len(issue.comments))
            for one in parts
        ]  # fmt: skip
        issue.files += made
        issue.touch()
        return made

    def transitions(self, seen: Seen, which: str) -> Reply:
        issue = self.living(which)
        shown = [
            {"id": id_, "name": name, "to": self.status(to), "hasScreen": False} for id_, name, to in WAYS[issue.status]
        ]
        return Reply(200, {"expand": "transitions", "transitions": shown})

    def move(self, seen: Seen, which: str) -> Reply:
        issue = self.written(which, "TRANSITION_ISSUES")
        given = mapping(seen.json, "transition", _UPDATE)["transition"]["id"]
        way = next((one for one in WAYS[issue.status] if one[0] == given), None)
        if way is None or given in self.stuck:
            raise refuse(400, f"It seems that you have tried to perform an illegal workflow operation ({given}).")
        issue.move(way[2])
        return Reply(204)

    def status(self, id_: str) -> dict[str, Any]:
        name, category = STATUSES[id_]
        number = {"new": 2, "indeterminate": 4, "done": 3}[category]
        kind = {"id": number, "key": category, "name": name}
        return {"id": id_, "name": name, "statusCategory": kind}
