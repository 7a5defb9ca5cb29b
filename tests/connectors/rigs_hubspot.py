"""The fake HubSpot, dressed for the kit."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from connectors.conformance import Fault, Kept, KeptFile
from connectors.contract import CaseRef
from tests.connectors.rigging import Rigging
from tests.fakes.http_server import Fault as Spoilt
from tests.fakes.http_server import Reply
from tests.fakes.hubspot import HubSpotFake, Record
from tests.fakes.hubspot.records import now
from tests.fakes.hubspot.strict import envelope, invalid, missing_scopes

_PAGE = b"<html><title>Maintenance</title></html>"
_HTML = {"Content-Type": "text/html"}
_DATE = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@dataclass
class Exactly(Spoilt):
    """Strikes the request that makes or changes a record, not the batches and searches below the same path."""

    kinds: tuple[str, ...] = ("tickets", "emails", "notes")

    def hits(self, method: str, path: str) -> bool:
        made = method == "POST" and path.rpartition("/")[2] in self.kinds and "/properties/" not in path
        return self.times > 0 and (made or (method == "PATCH" and path.split("/")[4] in self.kinds))


def _refused(reply: Reply, *, applied: bool = False) -> dict[str, Any]:
    return {"kind": "reply", "reply": reply, "applied": applied}


_PLAYS: dict[Fault, dict[str, Any]] = {
    Fault.RESET_BEFORE: {"kind": "reset_before"},
    Fault.RESET_AFTER: {"kind": "reset_after"},
    Fault.CUT: {"kind": "cut", "at_byte": 20},
    Fault.TRUNCATED: {"kind": "cut", "at_byte": 500},
    Fault.MALFORMED: {"kind": "malformed"},
    Fault.HTML: _refused(Reply(200, _PAGE, _HTML)),
    Fault.SERVER_ERROR: _refused(Reply(500, envelope("INTERNAL_ERROR", "internal error"))),
    Fault.SERVER_ERROR_AFTER: _refused(Reply(502, _PAGE, _HTML), applied=True),
    Fault.UNAVAILABLE: _refused(Reply(503, _PAGE, _HTML | {"Retry-After": "7"})),
    Fault.THROTTLED_SECONDS: _refused(
        Reply(429, envelope("RATE_LIMITS", "slow", policyName="TEN_SECONDLY_ROLLING"), {"Retry-After": "7"})
    ),
    Fault.THROTTLED_DATE: _refused(
        Reply(
            429,
            b"",
            {
                "Retry-After": format_datetime(_DATE + timedelta(seconds=7), usegmt=True),
                "Date": format_datetime(_DATE, usegmt=True),
            },
        )
    ),
    Fault.CONFLICT: _refused(Reply(409, envelope("CONFLICT", "another request writes to this record"))),
    Fault.INVALID: _refused(invalid("x was not one of the allowed options", name="hs_ticket_priority").reply),
    Fault.TOO_LARGE: _refused(Reply(413, _PAGE, _HTML)),
    Fault.FORBIDDEN: _refused(missing_scopes(["tickets"]).reply),
    Fault.REDIRECT: _refused(Reply(302, b"", {"Location": "https://elsewhere.example/crm"})),
    Fault.EXPIRED: {},
    Fault.REFUSED: {},
    Fault.UNAUTHORIZED: {},
}
_STAGES = {"1": "New", "2": "Waiting on contact", "3": "Waiting on us", "4": "Closed", "702": "Looked at"}


class RiggedHubSpot(Rigging):
    """``kinds``: the records whose making is spoilt."""

    login = "POST /oauth/"
    faults = frozenset(_PLAYS)
    change: Mapping[str, str] = {
        "priority": "HIGH",
        "owner": "tier2@example.com",
        "queue": "Billing",
        "status": "Looked at",
    }

    def __init__(self, kinds: tuple[str, ...] = ("tickets", "emails", "notes")) -> None:
        self.fake: HubSpotFake = HubSpotFake().start()
        gate = self.fake.gate
        self.secrets = (gate.client_secret, gate.first_refresh, "access-0000", gate.token)
        self._kinds = kinds
        self._up = True

    def keys(self) -> list[str]:
        found = [one for kind in ("emails", "notes") for one in self.fake.portal.records[kind].values()]
        tickets = [one.properties["e2c_key"] for one in self.fake.live("tickets")]
        doubles = [key for key in set(tickets) if tickets.count(key) > 1]
        return [one.properties["e2c_key"] for one in found] + doubles

    def _ticket(self, case: CaseRef) -> Record:
        return self.fake.portal.records["tickets"][case.id]

    def messages(self, case: CaseRef) -> list[Kept]:
        return [self._kept(one) for one in self.fake.on(case.id)]

    def _kept(self, one: Record) -> Kept:
        told = one.properties
        note = html.unescape(told.get("hs_note_body", "").replace("<br>", "\n"))
        files = tuple(KeptFile(file.name, file.size, file.sha256) for file in self.fake.files_of(one))
        return Kept(told.get("hs_email_text") or note, one.kind == "emails", files, told.get("hs_email_html", ""))

    def status(self, case: CaseRef) -> str:
        return self._ticket(case).properties["hs_pipeline_stage"]

    def edit(self, case: CaseRef) -> None:
        self._ticket(case).properties["subject"] = "An agent's words"
        self.fake.portal.touch(self._ticket(case))

    def subject(self, case: CaseRef) -> str:
        return self._ticket(case).properties["subject"]

    def close_case(self, case: CaseRef) -> None:
        self._ticket(case).properties |= {"hs_pipeline_stage": "4", "closed_date": now()}
        self.fake.portal.touch(self._ticket(case))

    def delete_case(self, case: CaseRef) -> None:
        self._ticket(case).archived = True

    def field(self, case: CaseRef, name: str) -> str:
        told = self._ticket(case).properties
        return {
            "priority": told.get("hs_ticket_priority", ""),
            "owner": {"501": "ada@example.com", "502": "tier2@example.com"}.get(told.get("hubspot_owner_id", ""), ""),
            "queue": {"0": "Support Pipeline", "77": "Billing"}[told["hs_pipeline"]],
            "status": _STAGES.get(told["hs_pipeline_stage"], ""),
        }[name]

    def answer(self, case: CaseRef) -> None:
        times = {"first_agent_reply_date": now(), "hs_last_message_sent_at": now()}
        self._ticket(case).properties |= times
        self.fake.portal.touch(self._ticket(case))

    def count_cases(self) -> int:
        return len(self.fake.live("tickets"))

    def writes(self) -> int:
        with self.fake.lock:
            return sum(seen.method != "GET" and _may_write(seen.path) for seen, _ in self.fake.log)

    def fail_next(self, fault: Fault) -> None:
        if fault is Fault.EXPIRED:
            self.fake.gate.tokens.clear()
        elif fault is Fault.UNAUTHORIZED:
            self.fake.gate.secret = "changed by somebody"
            self.fake.gate.tokens.clear()
        elif fault is Fault.REFUSED:
            self.close()
        else:
            self.fake.faults.append(Exactly(kinds=self._kinds, **_PLAYS[fault]))

    def settle(self) -> None:
        self.fake.faults.clear()
        self.fake.gate.secret = self.fake.gate.client_secret
        if not self._up:
            self.fake.start()
            self._up = True

    def close(self) -> None:
        self._up = False
        self.fake.stop()


def _may_write(path: str) -> bool:
    return path.startswith("/crm/objects/") and not path.endswith(("/batch/read", "/search"))
