"""The fake Jira's service desk: requests, customers and temporary files, over the same issues as the platform's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.http_server import Reply, Seen
from tests.fakes.jira.customers import Customers, desk_refusal, mapping_of, page, user_of
from tests.fakes.jira.desk import Desk
from tests.fakes.jira.form import Part
from tests.fakes.jira.meta import PROJECT, PROJECT_ID
from tests.fakes.jira.records import OPTIONS, Comment, Issue, User, jira_time
from tests.fakes.jira.strict import SUMMARY_CHARS, TOO_LONG
from tests.fakes.jira.wiki import rendered

ROOT = "/rest/servicedeskapi"
REQUEST_TYPES = {"25": "Email request", "26": "Get a new mouse"}
_ISSUE_TYPE = "10002"
_CUSTOM = "com.atlassian.jira.plugin.system.customfieldtypes:"
_CREATE = {
    "serviceDeskId", "requestTypeId", "requestFieldValues", "raiseOnBehalfOf", "requestParticipants", "isAdfRequest",
    "channel", "form",
}  # fmt: skip
FORM: dict[str, dict[str, Any]] = {
    "summary": {"name": "Summary", "required": True, "jiraSchema": {"type": "string", "system": "summary"}},
    "description": {"name": "What is it about?", "jiraSchema": {"type": "string", "system": "description"}},
    "attachment": {
        "name": "Attachment",
        "jiraSchema": {"type": "array", "items": "attachment", "system": "attachment"},
    },
    "customfield_10011": {
        "name": "Colour",
        "jiraSchema": {"type": "option", "custom": f"{_CUSTOM}select", "customId": 10011},
        "validValues": [{"value": id_, "label": name, "children": []} for id_, name in OPTIONS.items()],
    },
    "customfield_10014": {
        "name": "Mail key",
        "jiraSchema": {"type": "string", "custom": f"{_CUSTOM}textfield", "customId": 10014},
    },
}

Route = tuple[str, str, Callable[..., Reply]]


class ServiceDesk(Customers):
    """One service desk of the one project. What a test changes here, the site changes."""

    name = "Support desk"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.form = {id_: dict(one) for id_, one in FORM.items()}
        #: whether anybody may raise requests, or only who was admitted
        self.is_open = False
        self.on_behalf = True
        self.participants = True
        #: markup in texts that took effect, which must be none
        self.obeyed: list[str] = []
        self._laid: dict[str, Part] = {}

    def routes(self, lay_down: Callable[..., Reply]) -> tuple[Route, ...]:
        one = r"/servicedesk/([\w-]+)"
        found: tuple[Route, ...] = (
            ("GET", "/servicedesk", lambda seen: page(seen, [self._shown()])),
            ("GET", one, lambda _, id_: (self.known(id_), Reply(200, self._shown()))[1]),
            ("GET", f"{one}/requesttype", self._types),
            ("GET", rf"{one}/requesttype/(\d+)", self._type),
            ("GET", rf"{one}/requesttype/(\d+)/field", self._fields),
            ("POST", "/customer", self.make_customer),
            ("POST", f"{one}/customer", self.admit),
            ("GET", f"{one}/customer", self.list_customers),
            ("POST", f"{one}/attachTemporaryFile", lay_down),
            ("POST", "/request", self._raise),
            ("POST", r"/request/([\w-]+)/attachment", self._attach),
        )
        return tuple((method, ROOT + pattern, handler) for method, pattern, handler in found)

    def _shown(self) -> dict[str, Any]:
        project = {"projectId": PROJECT_ID, "projectName": self.name, "projectKey": PROJECT}
        return {"id": self.id, **project, "_links": {"self": f"https://x.example{ROOT}/servicedesk/{self.id}"}}

    def _type_of(self, id_: str) -> dict[str, Any]:
        if id_ not in REQUEST_TYPES:
            raise desk_refusal(404, "The request type you are trying to view does not exist.")
        place = {"serviceDeskId": self.id, "portalId": "2", "issueTypeId": _ISSUE_TYPE, "groupIds": ["12"]}
        return {"id": id_, "name": REQUEST_TYPES[id_], "description": "", "canCreateRequest": True, **place}

    def _types(self, seen: Seen, id_: str) -> Reply:
        self.known(id_)
        return page(seen, [self._type_of(one) for one in REQUEST_TYPES])

    def _type(self, seen: Seen, id_: str, type_id: str) -> Reply:
        self.known(id_)
        return Reply(200, self._type_of(type_id))

    def _fields(self, seen: Seen, id_: str, type_id: str) -> Reply:
        self._type(seen, id_, type_id)
        plain = {"required": False, "visible": True, "validValues": [], "defaultValues": [], "description": ""}
        fields = [{"fieldId": field, **plain, **one} for field, one in self.form.items()]
        may = {"canRaiseOnBehalfOf": self.on_behalf, "canAddRequestParticipants": self.participants}
        return Reply(200, {"requestTypeFields": fields, **may})

    def lay_down(self, seen: Seen, id_: str, parts: list[Part]) -> Reply:
        self.known(id_)
        if seen.headers.get("x-atlassian-token") != "no-check":
            raise desk_refusal(403, "XSRF check failed")
        if not parts or len(parts) > 60 or any(one.field_name != "file" or not one.filename for one in parts):
            raise desk_refusal(413, "The form must have 1 to 60 parts named file.")
        if any(one.size > self.meta.upload_limit_bytes for one in parts):
            raise desk_refusal(400, "The file exceeds the maximum attachment size.")
        laid = {f"temp{self.desk.number()}": one for one in parts}
        self._laid |= laid
        shown = [{"temporaryAttachmentId": id_, "fileName": one.filename} for id_, one in laid.items()]
        return Reply(201, {"temporaryAttachments": shown})

    def expire(self) -> None:
        """Temporary files are gone."""
        self._laid.clear()

    def _taken(self, ids: Any) -> list[Part]:
        if not isinstance(ids, list) or any(one not in self._laid for one in ids):
            raise desk_refusal(400, "The temporary attachments have expired or do not exist.")
        return [self._laid.pop(one) for one in ids]

    def _raise(self, seen: Seen) -> Reply:
        given = mapping_of(seen.json, _CREATE)
        self.known(str(given.get("serviceDeskId")))
        self._type_of(str(given.get("requestTypeId")))
        if "CREATE_ISSUES" not in self.meta.rights:
            raise desk_refusal(403, "You do not have permission to raise requests here.")
        values = given["requestFieldValues"]
        self._check(values)
        reporter = self._reporter(given)
        for one in given.get("requestParticipants", []):
            self.account(one)
        files = self._taken(values.get("attachment", []))
        place = {"project": {"id": PROJECT_ID}, "issuetype": {"id": _ISSUE_TYPE}}
        fields = {name: one for name, one in values.items() if name != "attachment"}
        issue = self.desk.add({**place, **fields, "description": self._document(values["description"])}, reporter)
        issue.participants = list(given.get("requestParticipants", []))
        self.desk.keep(issue, files)
        return Reply(201, self._request(issue, given, values))

    def _reporter(self, given: dict[str, Any]) -> User:
        if "raiseOnBehalfOf" not in given:
            return self.meta.me
        if not self.on_behalf:
            raise desk_refusal(403, "You may not raise a request on behalf of others.")
        found = self.account(given["raiseOnBehalfOf"])
        if not self.is_open and found.id not in self.admitted:
            raise desk_refusal(400, "The reporter you chose is no customer of this service desk.")
        return found

    def _check(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            if name not in self.form:
                raise desk_refusal(400, f"The field '{name}' is not valid for this request type.")
            kind = self.form[name]["jiraSchema"]["type"]
            fits = {"string": str, "array": list, "option": dict}[kind]
            if not isinstance(value, fits) or (kind == "option" and value.get("id") not in OPTIONS):
                raise desk_refusal(400, f"Please provide a valid value for field '{self.form[name]['name']}'.")
        if lacking := [one["name"] for id_, one in self.form.items() if one.get("required") and not values.get(id_)]:
            raise desk_refusal(400, f"Please provide a valid value for field '{lacking[0]}'.")
        if "\n" in values["summary"] or len(values["summary"].encode("utf-16-le")) // 2 > SUMMARY_CHARS:
            raise desk_refusal(400, "Summary must be one line of at most 255 characters.")
        if len(values.get("customfield_10014", "")) > 255:
            raise desk_refusal(400, "The value is longer than 255 characters.")

    def _document(self, wiki: Any, files: int = 0) -> dict[str, Any]:
        """As the platform shows it; beneath the words, Jira itself puts the files that came with them."""
        if not isinstance(wiki, str) or len(wiki.encode("utf-16-le")) // 2 > self.desk.max_chars:
            raise desk_refusal(400, TOO_LONG.replace("32,767", f"{self.desk.max_chars:,}"))
        shown, obeyed = rendered(wiki)
        self.obeyed += obeyed
        parts = [part for part in shown.split("\n\n") if part]
        content: list[dict[str, Any]] = [{"type": "paragraph", "content": _lines(part)} for part in parts]
        media = [{"type": "media", "attrs": {"type": "file", "id": str(number)}} for number in range(files)]
        return {
            "type": "doc",
            "version": 1,
            "content": content + [{"type": "mediaGroup", "content": media}] * bool(media),
        }

    def _request(self, issue: Issue, given: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        shown = [{"fieldId": id_, "label": self.form[id_]["name"], "value": one} for id_, one in values.items()]
        who = {"reporter": user_of(issue.reporter), "createdDate": _date(issue)}
        kinds = {"requestTypeId": given["requestTypeId"], "serviceDeskId": self.id}
        where = {"_links": {"self": f"https://x.example{ROOT}/request/{issue.id}"}, "_expands": []}
        place = {"issueId": str(issue.id), "issueKey": issue.key, "summary": values["summary"]}
        return {**place, **kinds, **who, **where, "requestFieldValues": shown}

    def _attach(self, seen: Seen, which: str) -> Reply:
        given = mapping_of(seen.json, {"temporaryAttachmentIds", "public", "additionalComment"})
        issue = self.desk.written(which, "CREATE_ATTACHMENTS")
        if not isinstance(given.get("public"), bool):
            raise desk_refusal(400, "The field public is missing.")
        words = given.get("additionalComment", {}).get("body", "")
        body = self._document(words, len(given["temporaryAttachmentIds"]))
        files = self._taken(given["temporaryAttachmentIds"])
        made = Comment(self.desk.number(), body, self.meta.me)
        if not given["public"]:
            made.properties["sd.public.comment"] = {"internal": True}
        issue.comments.append(made)
        kept = self.desk.keep(issue, files)
        shown = [{"filename": one.name, "size": one.size, "mimeType": one.media_type} for one in kept]
        comment = {"id": str(made.id), "body": words, "public": given["public"], "author": user_of(self.meta.me)}
        page = {"size": len(shown), "start": 0, "limit": 50, "isLastPage": True, "values": shown}
        return Reply(201, {"comment": comment, "attachments": page})


def _date(issue: Issue) -> dict[str, Any]:
    return {"jira": jira_time(issue.made_at), "epochMillis": int(issue.made_at.timestamp() * 1000)}


def _lines(part: str) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    for number, line in enumerate(part.split("\n")):
        nodes += [{"type": "hardBreak"}] * bool(number) + [{"type": "text", "text": line}] * bool(line)
    return nodes
