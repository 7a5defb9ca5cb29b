"""What every rig over one of our fake servers can do: fail the n-th request that is no reading, send it elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.conformance import Abilities, Fault
from tests.fakes.http_server import Fault as Spoilt
from tests.fakes.http_server import Reply

_NO_READING = "POST |PUT |PATCH |DELETE "
_KINDS: dict[Fault, dict[str, Any]] = {
    Fault.RESET_BEFORE: {"kind": "reset_before"},
    Fault.RESET_AFTER: {"kind": "reset_after"},
    Fault.SERVER_ERROR_AFTER: {"kind": "reply", "reply": Reply(502, b"<html>"), "applied": True},
}


@dataclass
class NthFault(Spoilt):
    """Lets ``skip`` requests pass before it strikes; asked under the server's lock."""

    skip: int = 0

    def hits(self, method: str, path: str) -> bool:
        if not super().hits(method, path):
            return False
        self.skip -= 1
        return self.skip < 0


class Rigging(Abilities):
    """For a rig whose ``fake`` is a FakeServer."""

    fake: Any
    #: the begin of ``METHOD /path`` of a login; "" where there is none
    login = ""
    _planned: Spoilt | None = None

    def fail_nth(self, number: int, fault: Fault) -> None:
        self._planned = NthFault(where=_NO_READING, skip=number - 1, **_KINDS[fault])
        self.fake.faults.append(self._planned)

    def fired(self) -> bool:
        return self._planned is not None and self._planned.times == 0

    def redirect_next(self, url: str) -> None:
        self.fake.fail("reply", _NO_READING, reply=Reply(307, b"", {"Location": url}))

    def logins(self) -> int:
        return int(self.fake.count(self.login))
