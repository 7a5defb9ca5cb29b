"""The fake Jira, Cloud and Data Center, dressed for the kit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from connectors.conformance import Fault, Kept, KeptFile
from connectors.contract import CaseRef
from connectors.jira.adf import plain
from tests.connectors.rigging import Rigging
from tests.fakes.http_server import Reply
from tests.fakes.jira import Issue, JiraFake
from tests.fakes.jira.meta import PROJECT
from tests.fakes.jira.records import COMPONENTS, PRIORITIES, STATUSES, Comment
from tests.fakes.jira.wiki import rendered


@dataclass(frozen=True)
class Play:
    """A fault in the fake's terms."""

    kind: str
    more: dict[str, Any]


_WAIT_S = 2


def _refused(status: int, body: Any = b"", **headers: str) -> Play:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Play("reply", {"reply": Reply(status, body, named)})


_DATE = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
_LATER = format_datetime(_DATE + timedelta(seconds=_WAIT_S), usegmt=True)
_HTML = b"<html><title>Maintenance</title></html>"
_PAGE = {"Content_Type": "text/html"}


def _said(*messages: str, **errors: str) -> dict[str, Any]:
    return {"errorMessages": list(messages), "errors": errors}


PLAYS = {
    Fault.RESET_BEFORE: Play("reset_before", {}),
    Fault.RESET_AFTER: Play("reset_after", {}),
    Fault.CUT: Play("cut", {"at_byte": 20}),
    Fault.TRUNCATED: Play("cut", {"at_byte": 190}),
    Fault.MALFORMED: Play("malformed", {}),
    Fault.HTML: _refused(200, _HTML, **_PAGE),
    Fault.SERVER_ERROR: _refused(500, _HTML, **_PAGE),
    Fault.SERVER_ERROR_AFTER: Play("reply", {"reply": Reply(502, _HTML), "applied": True}),
    Fault.UNAVAILABLE: _refused(503, _HTML, Retry_After=str(_WAIT_S)),
    Fault.THROTTLED_SECONDS: _refused(429, _said("Rate limit exceeded."), Retry_After=str(_WAIT_S)),
    Fault.THROTTLED_DATE: _refused(429, b"", Retry_After=_LATER, Date=format_datetime(_DATE, usegmt=True)),
    Fault.CONFLICT: _refused(409, _said("The issue could not be updated due to a conflict.")),
    Fault.INVALID: _refused(400, _said(priority="The priority selected is invalid.")),
    Fault.TOO_LARGE: _refused(413, _HTML, **_PAGE),
    Fault.FORBIDDEN: _refused(403, _said("You do not have permission to do that.")),
    Fault.REDIRECT: _refused(302, b"", Location="https://elsewhere.example/rest/api/3/issue"),
    Fault.EXPIRED: Play("expired", {}),
    Fault.REFUSED: Play("refused", {}),
    Fault.UNAUTHORIZED: Play("unauthorized", {}),
}


class RiggedJira(Rigging):
    """The fake; faults meet the request that writes an issue or a comment."""

    login = "POST /oauth/token"
    faults = frozenset(PLAYS)
    wait_s = float(_WAIT_S)
    change: Mapping[str, str] = {"priority": "High", "owner": "Ada Agent", "queue": "Billing", "Colour": "Red"}

    def __init__(self, *, data_center: bool = False) -> None:
        self.fake: JiraFake = JiraFake(data_center=data_center).start()
        self.fake.desk.lag_s = 3600.0
        self.secrets = (JiraFake.client_secret, "access-0000", JiraFake.token, JiraFake.scoped_token)
        self._up = True

    def keys(self) -> list[str]:
        return [key for one in self.fake.desk.issues.values() for key in one.keys]

    def count_cases(self) -> int:
        return len(self.fake.desk.issues)

    def _issue(self, case: CaseRef) -> Issue:
        return self.fake.issue(case.id)

    def _words(self, body: Any) -> str:
        if not self.fake.data_center:
            return plain(body)
        shown, obeyed = rendered(body)
        assert obeyed == [], f"taken for markup: {obeyed}"
        return shown

    def messages(self, case: CaseRef) -> list[Kept]:
        issue = self._issue(case)
        bodies = [(issue.fields["description"], True), *((one.body, one.public) for one in issue.comments)]
        return [
            Kept(
                self._words(body),
                public,
                tuple(KeptFile(one.name, one.size, one.sha256) for one in issue.files if one.after == number),
            )
            for number, (body, public) in enumerate(bodies)
        ]

    def status(self, case: CaseRef) -> str:
        return STATUSES[self._issue(case).status][0]

    def field(self, case: CaseRef, name: str) -> str:
        fields = self._issue(case).fields
        if name == "owner":
            return self.fake.meta.user_of(fields["assignee"]).display if "assignee" in fields else ""
        if name == "queue":
            return ", ".join(COMPONENTS[one["id"]] for one in fields.get("components", []))
        if name == "priority":
            return PRIORITIES[fields.get("priority", {"id": "3"})["id"]]
        return {"201": "Red", "202": "Blue"}.get(fields.get("customfield_10011", {}).get("id"), "")

    def answer(self, case: CaseRef) -> None:
        words = "Throw water on it."
        body = words if self.fake.data_center else _document(words)
        issue = self._issue(case)
        issue.comments.append(Comment(999_000 + len(issue.comments), body, self.fake.meta.agent))
        issue.touch()

    def edit(self, case: CaseRef) -> None:
        self._issue(case).fields["summary"] = "An agent's words"

    def subject(self, case: CaseRef) -> str:
        return str(self._issue(case).fields["summary"])

    def close_case(self, case: CaseRef) -> None:
        self._issue(case).move("3")

    def delete_case(self, case: CaseRef) -> None:
        self._issue(case).deleted = True

    def writes(self) -> int:
        reading = ("/search/jql", "/search", "/bulkfetch", "/comment/list", "/oauth/token")
        return sum(seen.method != "GET" and not seen.path.endswith(reading) for seen, _ in self.fake.log)

    def fail_next(self, fault: Fault) -> None:
        play = PLAYS[fault]
        if play.kind == "expired":
            self.fake.expire_tokens()
        elif play.kind == "unauthorized":
            self.fake.client_secret = self.fake.token = self.fake.scoped_token = "changed by somebody"
            self.fake.expire_tokens()
        elif play.kind == "refused":
            self.close()
        else:
            beginnings = [*self.written, *(f"/ex/jira/{self.fake.cloud_id}{one}" for one in self.written)]
            self.fake.fail(play.kind, "|".join(f"POST {one}" for one in beginnings), **play.more)

    @property
    def written(self) -> tuple[str, ...]:
        """The beginnings of paths that issues and comments are written to."""
        return (f"{self.fake.root}/issue",)

    def settle(self) -> None:
        self.fake.faults.clear()
        for name in ("client_secret", "token", "scoped_token"):
            setattr(self.fake, name, getattr(JiraFake, name))
        self.fake.settle()
        if not self._up:
            self.fake.start()
            self._up = True

    def close(self) -> None:
        self._up = False
        self.fake.stop()


def _document(words: str) -> dict[str, Any]:
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": words}]}],
    }


__all__ = ["PROJECT", "RiggedJira"]
