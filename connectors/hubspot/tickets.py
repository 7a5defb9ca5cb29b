"""Tickets that exist: where they stand, asked for many at once, and whether they are gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.contract import CaseGone, CaseRef
from connectors.http import Call, json_body
from connectors.hubspot.gather import Gather
from connectors.hubspot.records import BATCH, TICKETS, Records, is_number


@dataclass(frozen=True)
class Place:
    """The pipeline and stage that a ticket is in, by number."""

    pipeline: str
    stage: str


class Tickets:
    """Never remembers: an agent may close or delete a ticket at any moment."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._gather: Gather[None, Place | None] = Gather(self._read, BATCH)

    def place(self, case: CaseRef) -> Place:
        """Where it stands now. Raises CaseGone when it is deleted, archived or merged into another."""
        found = self._gather.get(case.id, None) if is_number(case.id) else None
        if found is None:
            raise CaseGone(f"HubSpot has no ticket {case.number} any more")
        return found

    def patch(self, case_id: str, properties: Mapping[str, str]) -> None:
        """Set these properties; all others stay. Raises CaseGone."""
        body = json_body({"properties": dict(properties)})
        path = self._records.path(TICKETS, f"/{case_id}")
        self._records.http.send(Call(method="PATCH", path=path, body=body, case_id=case_id, safe_to_repeat=True))

    def _read(self, wanted: Mapping[str, None]) -> dict[str, Place | None]:
        found = self._records.read(TICKETS, list(wanted), ("hs_pipeline", "hs_pipeline_stage"))
        return {number: _place(found.get(number)) for number in wanted}


def _place(record: dict[str, Any] | None) -> Place | None:
    properties = record.get("properties") if record else None
    if not isinstance(properties, dict):
        return None
    return Place(str(properties.get("hs_pipeline") or ""), str(properties.get("hs_pipeline_stage") or ""))
