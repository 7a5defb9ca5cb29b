"""The fake Zendesk, dressed for the kit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from connectors.conformance import Fault, Kept, KeptFile
from connectors.contract import CaseRef
from tests.connectors.rigging import Rigging
from tests.fakes.http_server import Reply
from tests.fakes.zendesk import Ticket, ZendeskFake
from tests.fakes.zendesk.records import now


@dataclass(frozen=True)
class Play:
    """A fault in the fake's terms."""

    kind: str
    more: dict[str, Any]


def _refused(status: int, body: Any = b"", **headers: str) -> Play:
    return Play(
        "reply", {"reply": Reply(status, body, {name.replace("_", "-"): text for name, text in headers.items()})}
    )


_DATE = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
_LATER = format_datetime(_DATE + timedelta(seconds=7), usegmt=True)
_INVALID = {"error": "RecordInvalid", "description": "x", "details": {"priority": [{"description": "Priority: no"}]}}
_HTML = b"<html><title>Maintenance</title></html>"
PLAYS = {
    Fault.RESET_BEFORE: Play("reset_before", {}),
    Fault.RESET_AFTER: Play("reset_after", {}),
    Fault.CUT: Play("cut", {"at_byte": 20}),
    Fault.TRUNCATED: Play("cut", {"at_byte": 400}),
    Fault.MALFORMED: Play("malformed", {}),
    Fault.HTML: _refused(200, _HTML, Content_Type="text/html"),
    Fault.SERVER_ERROR: _refused(500, _HTML, Content_Type="text/html"),
    Fault.SERVER_ERROR_AFTER: Play("reply", {"reply": Reply(502, _HTML), "applied": True}),
    Fault.UNAVAILABLE: _refused(503, _HTML, Retry_After="7"),
    Fault.THROTTLED_SECONDS: _refused(429, {"error": "APIRateLimitExceeded"}, Retry_After="7"),
    Fault.THROTTLED_DATE: _refused(429, b"", Retry_After=_LATER, Date=format_datetime(_DATE, usegmt=True)),
    Fault.CONFLICT: _refused(409, {"error": "DatabaseConflict", "description": "Database collision"}),
    Fault.INVALID: _refused(422, _INVALID),
    Fault.TOO_LARGE: _refused(413, _HTML, Content_Type="text/html"),
    Fault.FORBIDDEN: _refused(403, {"error": {"title": "Forbidden", "message": "You do not have access"}}),
    Fault.REDIRECT: _refused(302, b"", Location="https://elsewhere.example/api/v2/tickets"),
    Fault.EXPIRED: Play("expired", {}),
    Fault.REFUSED: Play("refused", {}),
    Fault.UNAUTHORIZED: Play("unauthorized", {}),
}


class RiggedZendesk(Rigging):
    """The fake; faults meet the request that writes a ticket, unless one is asked for at a stage."""

    login = "POST /oauth/"
    faults = frozenset(PLAYS)
    change: Mapping[str, str] = {"priority": "urgent", "owner": "Agent", "queue": "Billing", "status": "pending"}

    def __init__(self) -> None:
        self.fake: ZendeskFake = ZendeskFake().start()
        self.secrets = (self.fake.client_secret, "access-0000", self.fake.token)
        self._up = True

    def keys(self) -> list[str]:
        return [key for one in self.fake.desk.tickets.values() for key in one.keys]

    def _ticket(self, case: CaseRef) -> Ticket:
        return self.fake.desk.tickets[int(case.id)]

    def messages(self, case: CaseRef) -> list[Kept]:
        return [
            Kept(
                one.body or one.html_body,
                one.public,
                tuple(KeptFile(file.name, file.size, file.sha256) for file in one.files),
                one.html_body,
            )
            for one in self._ticket(case).comments
        ]

    def status(self, case: CaseRef) -> str:
        return self._ticket(case).status

    def edit(self, case: CaseRef) -> None:
        self._ticket(case).fields["subject"] = "An agent's words"

    def subject(self, case: CaseRef) -> str:
        return str(self._ticket(case).fields["subject"])

    def close_case(self, case: CaseRef) -> None:
        self._ticket(case).fields["status"] = "closed"

    def delete_case(self, case: CaseRef) -> None:
        self._ticket(case).deleted = True

    def writes(self) -> int:
        return self.fake.count("POST /api/") + self.fake.count("PUT /api/")

    def fail_next(self, fault: Fault) -> None:
        play = PLAYS[fault]
        if play.kind == "expired":
            self.fake.expire_tokens()
        elif play.kind == "unauthorized":
            self.fake.client_secret = "changed by somebody"
            self.fake.expire_tokens()
        elif play.kind == "refused":
            self.close()
        else:
            self.fake.fail(play.kind, "POST /api/v2/tickets|PUT /api/v2/tickets/", **play.more)

    def field(self, case: CaseRef, name: str) -> str:
        fields = self._ticket(case).fields
        names = {number: user.name for number, user in self.fake.desk.users.items()}
        if name == "owner":
            return names.get(fields.get("assignee_id") or 0, "")
        if name == "queue":
            return self.fake.desk.lists.group_names.get(fields.get("group_id") or 0, "")
        return str(fields.get(name) or "")

    def answer(self, case: CaseRef) -> None:
        ticket = self._ticket(case)
        ticket.answers.append(now())
        ticket.updated_at = now()

    def count_cases(self) -> int:
        return len(self.fake.desk.tickets)

    def settle(self) -> None:
        self.fake.faults.clear()
        self.fake.client_secret = ZendeskFake.client_secret
        if not self._up:
            self.fake.start()
            self._up = True

    def close(self) -> None:
        self._up = False
        self.fake.stop()
