"""The fake, dressed for the test-kit: it shows what it holds, plays the agent, and fails on demand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from fake_hearth import Case, FakeHearth, Message
from fake_wire import Spoil

from connectors.conformance import Abilities, Fault, Kept, KeptFile
from connectors.contract import CaseRef

_NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
_DATES = {
    name: format_datetime(_NOW + timedelta(seconds=s), usegmt=True) for name, s in (("Date", 0), ("Retry-After", 2))
}
_PAGE = b"<html><title>Maintenance</title></html>"


def _reply(status: int, body: bytes = _PAGE, *, done: bool = False, **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"kind": "reply", "reply": (status, body, named), "done": done}


PLAYS: dict[Fault, dict[str, Any]] = {
    Fault.RESET_BEFORE: {"kind": "reset"},
    Fault.RESET_AFTER: {"kind": "reset", "done": True},
    Fault.CUT: {"kind": "cut", "done": True, "at_byte": 12},
    Fault.TRUNCATED: {"kind": "cut", "done": True, "at_byte": 100},
    Fault.MALFORMED: _reply(201, b'{"case": ', done=True, Content_Type="application/json"),
    Fault.HTML: _reply(200, Content_Type="text/html"),
    Fault.SERVER_ERROR: _reply(500),
    Fault.SERVER_ERROR_AFTER: _reply(502, done=True),
    Fault.UNAVAILABLE: _reply(503, Retry_After="2"),
    Fault.THROTTLED_SECONDS: _reply(429, Retry_After="2"),
    Fault.THROTTLED_DATE: _reply(429, **_DATES),
    Fault.CONFLICT: _reply(409, b'{"error": "locked"}', Content_Type="application/json"),
    Fault.INVALID: _reply(422, b'{"error": "priority: no such"}', Content_Type="application/json"),
    Fault.TOO_LARGE: _reply(413),
    Fault.FORBIDDEN: _reply(403),
    Fault.REDIRECT: _reply(302, Location="https://elsewhere.example/"),
}


class RigHearth(Abilities):
    """Everything that the kit asks for, and all of what it may ask for."""

    faults = frozenset({*PLAYS, Fault.EXPIRED, Fault.REFUSED, Fault.UNAUTHORIZED})
    wait_s = 2.0
    change: Mapping[str, str] = {"priority": "high", "owner": "Ada", "queue": "Printers"}

    def __init__(self) -> None:
        self.fake = FakeHearth()
        self.fake.start()

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.fake.secret, self.fake.token)

    def _case(self, case: CaseRef) -> Case:
        return self.fake.cases[int(case.id)]

    def keys(self) -> list[str]:
        return [one.ref for case in self.fake.cases.values() for one in case.messages if one.ref]

    def messages(self, case: CaseRef) -> list[Kept]:
        return [Kept(one.text, one.public, _files(one)) for one in self._case(case).messages]

    def status(self, case: CaseRef) -> str:
        return self._case(case).fields["status"]

    def edit(self, case: CaseRef) -> None:
        self._case(case).subject = "An agent's words"

    def subject(self, case: CaseRef) -> str:
        return self._case(case).subject

    def close_case(self, case: CaseRef) -> None:
        self._case(case).touch(status="closed")

    def delete_case(self, case: CaseRef) -> None:
        self._case(case).deleted = True

    def writes(self) -> int:
        return sum(one.startswith(("POST /cases", "PATCH /cases")) for one in self.fake.log)

    def fail_next(self, fault: Fault) -> None:
        if fault in (Fault.EXPIRED, Fault.UNAUTHORIZED):
            self.fake.token = self.fake.token[::-1]
            self.fake.wanted_secret = self.fake.secret if fault is Fault.EXPIRED else "changed by somebody"
        elif fault is Fault.REFUSED:
            self.fake.stop()
        else:
            self.fake.spoils.append(Spoil(where="(POST|PATCH) /cases", **PLAYS[fault]))

    def settle(self) -> None:
        self.fake.spoils.clear()
        self.fake.wanted_secret = self.fake.secret
        if self.fake._server is None:
            self.fake.start()

    def fail_nth(self, number: int, fault: Fault) -> None:
        self._last = Spoil(nth=number, **PLAYS[fault])
        self.fake.spoils.append(self._last)

    def fired(self) -> bool:
        return self._last.played

    def redirect_next(self, url: str) -> None:
        self.fake.spoils.append(Spoil(**_reply(307, Location=url)))

    def field(self, case: CaseRef, name: str) -> str:
        return self._case(case).fields[name]

    def answer(self, case: CaseRef) -> None:
        self._case(case).messages.append(Message("", "Throw water on it.", True, [], by_agent=True))
        self._case(case).touch()

    def count_cases(self) -> int:
        return len(self.fake.cases)

    def logins(self) -> int:
        return self.fake.log.count("POST /login")

    def close(self) -> None:
        self.fake.stop()


def _files(message: Message) -> tuple[KeptFile, ...]:
    return tuple(KeptFile(one["name"], one["size"], one["sha256"]) for one in message.files)
