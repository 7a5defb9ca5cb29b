"""Whether mail would get through: address, login, project, issue type, rights, fields, files, and the token's end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote

from connectors.contract import AuthFailed, ConnectorError, Finding, Rejected, Severity, Unusable
from connectors.http import Answer
from connectors.jira.api import Api
from connectors.jira.fields import known
from connectors.jira.files import Files
from connectors.jira.login import TOKEN_LIVES_DAYS, Login
from connectors.jira.project import Project

_CLOCK_OFF_S: Final = 300.0
_SOON_DAYS: Final = 30
_NEEDED: Final = {
    "BROWSE_PROJECTS": "see issues",
    "CREATE_ISSUES": "create issues",
    "ADD_COMMENTS": "add comments",
    "CREATE_ATTACHMENTS": "attach files",
    "TRANSITION_ISSUES": "open issues again",
    "EDIT_ISSUES": "change issues",
}
#: without these some things do not work, but mail gets in
_WELCOME: Final = frozenset({"TRANSITION_ISSUES", "EDIT_ISSUES", "CREATE_ATTACHMENTS"})
_FILLED: Final = frozenset({"project", "issuetype", "summary", "description", "labels", "reporter", "attachment"})
_MUST_HAVE: Final = ("summary", "description", "labels")


Step = Callable[[], Iterator[Finding]]


@dataclass(frozen=True)
class Wishes:
    """The settings that name something at Jira."""

    sender_field: str = ""
    set_reporter: bool = False
    token_expires: date | None = None


class Examination:
    """Reads only."""

    def __init__(self, api: Api, login: Login, project: Project, wishes: Wishes) -> None:
        self._api = api
        self._login = login
        self._project = project
        self._wishes = wishes

    def findings(self) -> list[Finding]:
        """What was found, in the order it was looked for; the rest is not asked once something stops mail."""
        found: list[Finding] = []
        try:
            for step in self.steps():
                found += step()
        except ConnectorError as error:
            found.append(Finding(Severity.STOPS_MAIL, str(error), self._cure(error)))
        return [*found, *self._token_end(datetime.now(UTC).date())]

    def steps(self) -> Sequence[Step]:
        """Each needs what those before it found to be right."""
        return (self.user, self._place, self.rights, self._screen, self.files)

    def user(self) -> Iterator[Finding]:
        """Whom Jira takes us for."""
        answer = self._api.get("myself", "myself")
        name = answer.data.get("displayName") if isinstance(answer.data, dict) else None
        if not name:
            raise AuthFailed(f"{self._api.http.host} takes us for nobody")
        yield Finding(Severity.OK, f"{self._api.http.host} knows us as {name}, by {self._login.kind}")
        yield from _clock(answer, datetime.now(UTC))
        yield from _rate(answer)

    def _place(self) -> Iterator[Finding]:
        try:
            answer = self._api.get("project", f"project/{quote(self._project.key, safe='')}")
        except (Rejected, Unusable) as error:
            raise Unusable(f"{error}; there is no project {self._project.key!r} that we may see") from error
        project = answer.data if isinstance(answer.data, dict) else {}
        if project.get("archived"):
            raise Unusable(f"project {self._project.key} is archived; restore it, or set project to another")
        yield Finding(Severity.OK, f"project {self._project.key} is {project.get('name')!r}")
        self._project.type_id()
        yield Finding(Severity.OK, f"it has the issue type {self._project.issue_type!r}")

    def rights(self) -> Iterator[Finding]:
        """What the user may do in the project."""
        wanted = [*_NEEDED, *(["MODIFY_REPORTER"] if self._wishes.set_reporter else [])]
        lacking = self.lacking(wanted)
        for name in lacking:
            stops = name not in _WELCOME and name in _NEEDED
            fact = f"the user may not {_NEEDED.get(name, 'set the reporter')} in project {self._project.key} ({name})"
            cure = f"give it the permission {name} in the project's permission scheme"
            yield Finding(Severity.STOPS_MAIL if stops else Severity.WARNING, fact, cure)
        if not lacking:
            yield Finding(Severity.OK, "issues can be created, changed, commented on and opened again")

    def lacking(self, wanted: Sequence[str]) -> list[str]:
        """Those of the permissions that the user does not have in the project."""
        query = {"projectKey": self._project.key, "permissions": ",".join(wanted)}
        if self._project.key.isdigit():
            query["projectId"] = query.pop("projectKey")
        held = self._api.get("mypermissions", "mypermissions", query).value("permissions")
        return [name for name in wanted if not _has(held, name)]

    def _screen(self) -> Iterator[Finding]:
        fields = self._project.screen().fields
        ids = {one.id for one in fields}
        for lacking in [name for name in _MUST_HAVE if name not in ids]:
            yield Finding(
                Severity.STOPS_MAIL,
                f"the create screen of {self._project.issue_type!r} lacks the field {lacking}",
                f"add {lacking} to that screen in the project's settings",
            )
        sender = known(fields, self._wishes.sender_field).id if self._wishes.sender_field else ""
        demanded = [one for one in fields if one.required and not one.has_default and one.id not in _FILLED | {sender}]
        for one in demanded:
            fact = f"Jira demands the field {one.name!r} ({one.id}), which mail does not fill"
            cure = f"give it a default in Jira, make it optional, or set it in every route: fields = {{ {one.id} = … }}"
            yield Finding(Severity.WARNING, fact, cure)

    def files(self) -> Iterator[Finding]:
        """How large a file the site takes."""
        limit = Files(self._api).limit_bytes()
        if limit:
            yield Finding(Severity.OK, f"attachments up to {limit >> 20} MiB are taken")
        else:
            cure = "switch attachments on in Jira's settings"
            yield Finding(Severity.WARNING, "Jira takes no attachments; files are only named in the text", cure)

    def _token_end(self, today: date) -> Iterator[Finding]:
        if self._login.client_id:
            return
        ends = self._wishes.token_expires
        if ends is None:
            if not self._login.is_data_center:
                fact = f"an API token lives at most {TOKEN_LIVES_DAYS} days, and Jira does not tell us this one's end"
                yield Finding(Severity.WARNING, fact, "set token_expires to the date that Atlassian showed for it")
            return
        days = (ends - today).days
        cure = "make a new token and put it where token_env points; then set token_expires to its end"
        fact = f"the token ends on {ends}, in {days} days" if days >= 0 else f"the token ended on {ends}"
        severity = Severity.STOPS_MAIL if days < 0 else Severity.WARNING if days <= _SOON_DAYS else Severity.OK
        yield Finding(severity, fact, "" if severity is Severity.OK else cure)

    def _cure(self, error: ConnectorError) -> str:
        if isinstance(error, AuthFailed):
            return self._credentials_cure()
        if isinstance(error, Rejected):
            return "look at sender_field"
        return "see the text" if isinstance(error, Unusable) else "look at url and at the network, then try again"

    def _credentials_cure(self) -> str:
        if self._login.client_id:
            return "look at client_id, client_secret_env and cloud_id"
        if self._login.is_data_center:
            return "make a personal access token in your Jira profile, and put it where token_env points"
        if self._login.cloud_id:
            return (
                "look at email, token_env and cloud_id; the token needs the scopes read:jira-work and write:jira-work"
            )
        return "look at email and token_env; a token with scopes also needs cloud_id"


def _has(held: Any, name: str) -> bool:
    one = held.get(name) if isinstance(held, dict) else None
    return isinstance(one, dict) and one.get("havePermission") is True


def _rate(answer: Answer) -> Iterator[Finding]:
    if answer.headers.get("x-ratelimit-nearlimit", "").lower() == "true":
        left = answer.headers.get("x-ratelimit-remaining", "few")
        cure = "spread the work, or use an API token, which no hourly quota counts"
        yield Finding(Severity.WARNING, f"Jira's rate limit is near: {left} calls are left", cure)


def _clock(answer: Answer, now: datetime) -> Iterator[Finding]:
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return
    off_s = (now - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))).total_seconds()
    if abs(off_s) > _CLOCK_OFF_S:
        yield Finding(Severity.WARNING, f"this machine's clock differs from Jira's by {off_s:.0f} s", "set it by NTP")
