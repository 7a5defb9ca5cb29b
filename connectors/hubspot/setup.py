"""The unique properties on which the promise of one case a mail rests: whether they are there, and making them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Final

from connectors.contract import ConnectorError, Finding, Severity, Unusable
from connectors.http import Call, json_body
from connectors.hubspot.bodies import MESSAGE_ID
from connectors.hubspot.records import EMAILS, NOTES, TICKETS, Records
from connectors.hubspot.rules import Conflict, NotThere
from connectors.recent import Recent

_GROUP: Final = "mail_to_case"
_LABELS: Final = {MESSAGE_ID: "mail-to-case Message-ID (digest)"}
_PROBE_EVERY_S = 3600.0


class Setup:
    """Reads, but for ``prepare``."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._wanted = ((TICKETS, records.key), (EMAILS, records.key), (EMAILS, MESSAGE_ID), (NOTES, records.key))
        self._probed: Recent[bool] = Recent(1, _PROBE_EVERY_S)
        self._turn = threading.Lock()

    def guard(self) -> None:
        """Once an hour: raises Unusable when an admin has made a key property one that takes the same value twice."""
        with self._turn:
            if not self._probed.get(""):
                self._probe()
                self._probed.put("", True)

    def _probe(self) -> None:
        for kind in (TICKETS, EMAILS):
            try:
                found = self._definition(kind, self._records.key)
            except ConnectorError:
                # A token that may not look gets no answer here; a property that is missing is told by the write.
                continue
            if found is not None and found.get("hasUniqueValue") is not True:
                raise Unusable(f"{_not_unique(kind, self._records.key)}; {_CURE}")

    def findings(self) -> Iterator[Finding]:
        """One for what is right, one for each property that is missing or wrong."""
        wrong = [finding for kind, name in self._wanted if (finding := self._finding(kind, name))]
        yield from wrong or [Finding(Severity.OK, f"the unique properties are there ({', '.join(self._names())})")]

    def prepare(self) -> list[Finding]:
        """Make those that are missing; one that is there is left as it is."""
        found = []
        for kind, name in self._wanted:
            try:
                found.append(self._made(kind, name))
            except ConnectorError as error:
                cure = f"make the unique text property {name} for {kind} by hand, or give the token the right to"
                found.append(Finding(Severity.STOPS_MAIL, f"cannot make {kind}.{name}: {error}", cure))
        return found

    def _names(self) -> list[str]:
        return [f"{kind}.{name}" for kind, name in self._wanted]

    def _finding(self, kind: str, name: str) -> Finding | None:
        found = self._definition(kind, name)
        if found is None:
            return Finding(Severity.STOPS_MAIL, f"HubSpot has no property {name} for {kind}", "run check --fix")
        if found.get("hasUniqueValue") is not True:
            return Finding(Severity.STOPS_MAIL, _not_unique(kind, name), _CURE)
        return None

    def _made(self, kind: str, name: str) -> Finding:
        if wrong := self._finding(kind, name):
            if wrong.cure == _CURE:
                return wrong
            self._post(f"{self._path(kind)}/groups", {"name": _GROUP, "label": "mail-to-case", "displayOrder": -1})
            self._post(self._path(kind), _property(name))
            return Finding(Severity.OK, f"made the unique property {kind}.{name}")
        return Finding(Severity.OK, f"the unique property {kind}.{name} is there")

    def _post(self, path: str, body: dict[str, Any]) -> None:
        try:
            self._records.http.send(Call(method="POST", path=path, body=json_body(body), safe_to_repeat=True))
        except Conflict:
            # Somebody else, or an earlier try whose answer was lost, was faster.
            return

    def _definition(self, kind: str, name: str) -> dict[str, Any] | None:
        try:
            data = self._records.get(f"{self._path(kind)}/{name}").data
        except NotThere:
            return None
        return data if isinstance(data, dict) and not data.get("archived") else None

    def _path(self, kind: str) -> str:
        return f"/crm/properties/{self._records.version}/{kind}"


_CURE: Final = "delete the property in HubSpot's settings (from the archive too), then run check --fix"


def _not_unique(kind: str, name: str) -> str:
    return f"the property {name} for {kind} takes the same value twice, so nothing would stop a second case"


def _property(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": _LABELS.get(name, "mail-to-case key"),
        "groupName": _GROUP,
        "type": "string",
        "fieldType": "text",
        "hasUniqueValue": True,
        "formField": False,
        "description": "Written by mail-to-case, so that no mail becomes two records. Leave it alone.",
    }
