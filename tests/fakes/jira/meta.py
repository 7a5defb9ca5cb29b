"""What the fake Jira tells of itself: the project, its issue types, screens, rights and users."""

from __future__ import annotations

from typing import Any

from tests.fakes.http_server import Reply, Seen
from tests.fakes.jira.records import COMPONENTS, OPTIONS, PRIORITIES, User
from tests.fakes.jira.strict import refuse

PROJECT, PROJECT_ID = "SUP", "10000"
TYPES = {"10001": "Task", "10002": "Email request"}
RIGHTS = (
    "BROWSE_PROJECTS", "CREATE_ISSUES", "ADD_COMMENTS", "CREATE_ATTACHMENTS", "TRANSITION_ISSUES", "EDIT_ISSUES",
    "MODIFY_REPORTER", "ADMINISTER", "ADMINISTER_PROJECTS", "USER_PICKER",
)  # fmt: skip
_CUSTOM = "com.atlassian.jira.plugin.system.customfieldtypes:"


def _named(values: dict[str, str], label: str = "name") -> list[dict[str, str]]:
    return [{"id": id_, label: name} for id_, name in values.items()]


SCREEN: dict[str, dict[str, Any]] = {
    "summary": {"name": "Summary", "required": True, "schema": {"type": "string", "system": "summary"}},
    "description": {"name": "Description", "schema": {"type": "string", "system": "description"}},
    "project": {"name": "Project", "required": True, "schema": {"type": "project", "system": "project"}},
    "issuetype": {"name": "Issue Type", "required": True, "schema": {"type": "issuetype", "system": "issuetype"}},
    "labels": {"name": "Labels", "schema": {"type": "array", "items": "string", "system": "labels"}},
    "priority": {
        "name": "Priority",
        "required": True,
        "hasDefaultValue": True,
        "schema": {"type": "priority", "system": "priority"},
        "allowedValues": _named(PRIORITIES),
    },
    "components": {
        "name": "Components",
        "schema": {"type": "array", "items": "component", "system": "components"},
        "allowedValues": _named(COMPONENTS),
    },
    "assignee": {"name": "Assignee", "schema": {"type": "user", "system": "assignee"}},
    "reporter": {
        "name": "Reporter",
        "required": True,
        "hasDefaultValue": True,
        "schema": {"type": "user", "system": "reporter"},
    },
    "customfield_10010": {
        "name": "Customer email",
        "schema": {"type": "string", "custom": f"{_CUSTOM}textfield", "customId": 10010},
    },
    "customfield_10011": {
        "name": "Colour",
        "schema": {"type": "option", "custom": f"{_CUSTOM}select", "customId": 10011},
        "allowedValues": _named(OPTIONS, "value"),
    },
    "customfield_10012": {
        "name": "Background",
        "schema": {"type": "string", "custom": f"{_CUSTOM}textarea", "customId": 10012},
    },
    "customfield_10013": {
        "name": "Score",
        "schema": {"type": "number", "custom": f"{_CUSTOM}float", "customId": 10013},
    },
}


class Meta:
    """Reads; what a test changes here, the site changes."""

    def __init__(self, *, adf: bool) -> None:
        self.adf = adf
        self.me = User("5b10a2844c20165700ede21g", "robot", "robot@example.com", "Mail Robot")
        self.agent = User("5b109f2e9729b51b54dc274d", "agent", "agent@example.com", "Ada Agent")
        self.customer = User("5b10ac8d82e05b22cc7d4ef5", "carl", "carl@example.com", "Carl Customer")
        self.screen = {name: dict(one) for name, one in SCREEN.items()}
        self.rights = set(RIGHTS)
        self.attachments_on = True
        self.upload_limit_bytes = 100 << 20
        self.archived = False
        #: portal accounts, which others may have made before us
        self.guests: list[User] = []

    @property
    def users(self) -> tuple[User, ...]:
        return (self.me, self.agent, self.customer, *self.guests)

    def myself(self, seen: Seen) -> Reply:
        return Reply(200, self.me.shown(adf=self.adf))

    def project(self, seen: Seen, key: str) -> Reply:
        if key not in (PROJECT, PROJECT_ID) or "BROWSE_PROJECTS" not in self.rights:
            raise refuse(404, f"No project could be found with key '{key}'.")
        shown = {"id": PROJECT_ID, "key": PROJECT, "name": "Support", "projectTypeKey": "software"}
        return Reply(200, shown | {"archived": self.archived})

    def permissions(self, seen: Seen) -> Reply:
        asked = seen.first("permissions").split(",")
        if unknown := [one for one in asked if one not in RIGHTS]:
            raise refuse(400, f"Unrecognized permission: {unknown[0]}")
        shown = {
            one: {"id": "1", "key": one, "name": one, "type": "PROJECT", "havePermission": one in self.rights}
            for one in asked
        }
        return Reply(200, {"permissions": shown})

    def types(self, seen: Seen, key: str) -> Reply:
        self.project(seen, key)
        shown = [{"id": id_, "name": name, "subtask": False} for id_, name in TYPES.items()]
        return self._page(seen, "issueTypes", shown)

    def create_screen(self, seen: Seen, key: str, type_id: str) -> Reply:
        self.project(seen, key)
        if type_id not in TYPES:
            raise refuse(404, "The issue type was not found.")
        shown = [{"fieldId": id_, "key": id_, **self._field(one)} for id_, one in self.screen.items()]
        return self._page(seen, "fields", shown)

    def edit_screen(self) -> Reply:
        fixed = ("project", "issuetype")
        fields = {id_: {"key": id_, **self._field(one)} for id_, one in self.screen.items() if id_ not in fixed}
        return Reply(200, {"fields": fields})

    def _field(self, one: dict[str, Any]) -> dict[str, Any]:
        return {"required": False, "hasDefaultValue": False, "operations": ["set"], **one}

    def _page(self, seen: Seen, name: str, shown: list[dict[str, Any]]) -> Reply:
        start, most = int(seen.first("startAt") or 0), int(seen.first("maxResults") or 50)
        page = shown[start : start + most]
        where = {"startAt": start, "maxResults": most, "total": len(shown)}
        return Reply(200, {(name if self.adf else "values"): page, **where})

    def attachment_meta(self, seen: Seen) -> Reply:
        return Reply(200, {"enabled": self.attachments_on, "uploadLimit": self.upload_limit_bytes})

    def search_users(self, seen: Seen) -> Reply:
        found = self._matching(seen) if "USER_PICKER" in self.rights else []
        return Reply(200, [one.shown(adf=self.adf) for one in found])

    def _matching(self, seen: Seen) -> list[User]:
        wanted = seen.first("query" if self.adf else "username").casefold()
        if not wanted:
            raise refuse(400, "Provide a query")
        return [one for one in self.users if wanted in one.searched.casefold()]

    def assignable(self, seen: Seen) -> Reply:
        if seen.first("project") != PROJECT:
            raise refuse(404, "project not found")
        found = [one for one in self._matching(seen) if one is not self.customer and one not in self.guests]
        return Reply(200, [one.shown(adf=self.adf) for one in found])

    def user_of(self, given: Any) -> User:
        key = "id" if self.adf else "name"
        wanted = given.get(key) or given.get("accountId") if isinstance(given, dict) else None
        found = next((one for one in self.users if wanted and wanted in (one.id, one.name)), None)
        if found is None:
            raise refuse(400, assignee="Specify a valid value for assignee")
        return found
