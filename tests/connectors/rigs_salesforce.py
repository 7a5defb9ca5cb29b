"""The fake Salesforce, dressed for the kit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from connectors.conformance import Abilities, Fault, Kept, KeptFile
from connectors.contract import CaseRef
from tests.fakes.http_server import Fault as Planned
from tests.fakes.http_server import Reply
from tests.fakes.salesforce import SalesforceFake
from tests.fakes.salesforce.door import Door
from tests.fakes.salesforce.snapshot import messages
from tests.fakes.salesforce.store import Row, now

_DATE = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
_LATER = format_datetime(_DATE + timedelta(seconds=7), usegmt=True)
_HTML = b"<html><title>Maintenance</title></html>"


def refused(code: str, message: str = "no", *fields: str) -> list[dict[str, Any]]:
    return [{"errorCode": code, "message": message, "fields": list(fields)}]


def rolled_back(code: str, message: str, *fields: str) -> Reply:
    """Of a composite: 200, and the refusal within."""
    halted = refused("PROCESSING_HALTED", "rolled back")
    parts = [(refused(code, message, *fields), "message"), (halted, "state")]
    shown = [{"httpStatusCode": 400, "body": body, "httpHeaders": {}, "referenceId": name} for body, name in parts]
    return Reply(200, {"compositeResponse": shown})


def _reply(status: int, body: Any = b"", **headers: str) -> dict[str, Any]:
    return {"reply": Reply(status, body, {name.replace("_", "-"): text for name, text in headers.items()})}


_LIMITED = refused("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
_LOCKED = rolled_back("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: 500")
#: fault → the fake's kind of it, with what belongs to that; and how often, since a keyed write is tried thrice
PLAYS: dict[Fault, tuple[str, dict[str, Any]]] = {
    Fault.RESET_BEFORE: ("reset_before", {}),
    Fault.RESET_AFTER: ("reset_after", {}),
    Fault.CUT: ("cut", {"at_byte": 20}),
    Fault.TRUNCATED: ("cut", {"at_byte": 300}),
    Fault.MALFORMED: ("malformed", {}),
    Fault.HTML: ("reply", _reply(200, _HTML, Content_Type="text/html")),
    Fault.SERVER_ERROR: ("reply", _reply(500, _HTML, Content_Type="text/html")),
    Fault.SERVER_ERROR_AFTER: ("reply", {"reply": Reply(502, _HTML), "applied": True}),
    Fault.UNAVAILABLE: ("reply", _reply(503, refused("SERVER_UNAVAILABLE"), Retry_After="7")),
    Fault.THROTTLED_SECONDS: ("reply", _reply(403, _LIMITED, Retry_After="7")),
    Fault.THROTTLED_DATE: (
        "reply",
        _reply(403, _LIMITED, Retry_After=_LATER, Date=format_datetime(_DATE, usegmt=True)),
    ),
    Fault.CONFLICT: ("reply", {"reply": _LOCKED}),
    Fault.INVALID: ("reply", {"reply": rolled_back("FIELD_CUSTOM_VALIDATION_EXCEPTION", "no", "Subject")}),
    Fault.TOO_LARGE: ("reply", _reply(413, _HTML, Content_Type="text/html")),
    Fault.FORBIDDEN: ("reply", _reply(403, refused("API_DISABLED_FOR_ORG"))),
    Fault.REDIRECT: ("reply", _reply(302, b"", Location="https://elsewhere.example/")),
    Fault.EXPIRED: ("expired", {}),
    Fault.REFUSED: ("refused", {}),
    Fault.UNAUTHORIZED: ("unauthorized", {}),
}


class RiggedSalesforce(Abilities):
    """The fake; faults meet the request that writes a case or a message, ``times`` times."""

    faults = frozenset(PLAYS)
    change: Mapping[str, str] = {"priority": "High", "owner": "Tier 2", "status": "Escalated"}

    def __init__(self, times: int = 1) -> None:
        self.fake: SalesforceFake = SalesforceFake().start()
        self.secrets = (Door.client_secret, "00Dxx0000001gPL")
        self._times = times
        self._up = True
        self._stage: tuple[int, Planned] | None = None
        self._take = self.fake.take_fault
        self.fake.take_fault = self._take_at_stage  # type: ignore[method-assign]

    def keys(self) -> list[str]:
        return self.fake.keys()

    def case(self, case: CaseRef) -> Row:
        return self.fake.org.store.rows["Case"][case.id]

    def messages(self, case: CaseRef) -> list[Kept]:
        return [
            Kept(
                one["text"] or one["html"],
                one["public"],
                tuple(KeptFile(file["name"], file["size"], file["sha256"]) for file in one["attachments"]),
                one["html"],
            )
            for one in messages(self.fake.org, self.case(case), self.fake.key_field)
        ]

    def status(self, case: CaseRef) -> str:
        return str(self.case(case)["Status"])

    def edit(self, case: CaseRef) -> None:
        self.fake.org.store.change("Case", case.id, {"Subject": "An agent's words"})

    def subject(self, case: CaseRef) -> str:
        return str(self.case(case)["Subject"])

    def close_case(self, case: CaseRef) -> None:
        self.fake.close_case(case.id)

    def delete_case(self, case: CaseRef) -> None:
        self.fake.org.delete_case(case.id)

    def writes(self) -> int:
        return self.fake.count("POST /services/data/") + self.fake.count("PATCH /services/data/")

    def fail_next(self, fault: Fault) -> None:
        kind, more = PLAYS[fault]
        if kind == "expired":
            self.fake.door.tokens.clear()
        elif kind == "unauthorized":
            self.fake.door.client_secret = "changed by somebody"
            self.fake.door.tokens.clear()
        elif kind == "refused":
            self.close()
        else:
            self.fake.fail(kind, f"POST {self.fake.base}composite", times=self._times, **more)

    def fail_nth(self, number: int, fault: Fault) -> None:
        kind, more = PLAYS[fault]
        self._stage = (number, Planned(kind, **more))

    def fired(self) -> bool:
        return self._stage is not None and self._stage[0] == 0

    def _take_at_stage(self, method: str, path: str) -> Planned | None:
        if self._stage and self._stage[0] and method != "GET":
            self._stage = (self._stage[0] - 1, self._stage[1])
            if self.fired():
                return self._stage[1]
        return self._take(method, path)

    def field(self, case: CaseRef, name: str) -> str:
        row = self.case(case)
        if name != "owner":
            return str(row[name.capitalize()])
        rows = self.fake.org.store.rows
        return str((rows["Group"] | rows["User"])[row["OwnerId"]]["Name"])

    def answer(self, case: CaseRef) -> None:
        said = {"ParentId": case.id, "Incoming": False, "Status": "3", "TextBody": "Throw water on it."}
        self.fake.org.store.add("EmailMessage", {**said, "MessageDate": now(), "IsExternallyVisible": True})

    def count_cases(self) -> int:
        return len(self.fake.org.store.rows["Case"])

    def logins(self) -> int:
        return self.fake.door.given

    def redirect_next(self, url: str) -> None:
        self.fake.fail("reply", f"POST {self.fake.base}composite", reply=Reply(302, b"", {"Location": url}))

    def settle(self) -> None:
        self.fake.faults.clear()
        self._stage = None if self._stage is None or self._stage[0] else self._stage
        self.fake.door.client_secret = Door.client_secret
        if not self._up:
            self.fake.start()
            self._up = True

    def close(self) -> None:
        self._up = False
        self.fake.stop()
