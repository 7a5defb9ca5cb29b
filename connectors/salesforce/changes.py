"""What an escalation does to a case: fields and a note in one composite, which the same key never does twice."""

from __future__ import annotations

from connectors.contract import Change
from connectors.salesforce.names import Lookup
from connectors.salesforce.notes import Note, Notes, part_of
from connectors.salesforce.org import Org, Part
from connectors.salesforce.records import case_fields, owner_of
from connectors.salesforce.schema import Kind
from connectors.salesforce.wire import Marks


class Changer:
    """Writes to cases that are there."""

    def __init__(self, org: Org, notes: Notes, lookup: Lookup) -> None:
        self._org = org
        self._notes = notes
        self._lookup = lookup

    def update(self, case_id: str, change: Change, kind: Kind) -> None:
        """Raises CaseGone, or Rejected with the field's name."""
        if change.note and self._notes.found(case_id, change.key) is not None:
            # Note and fields are written together, so the fields are set, and an agent may have set them anew since.
            return
        parts = []
        if change.note:
            parts.append(part_of(case_id, Note(change.key, change.note)))
        if fields := case_fields(change.fields, kind) | owner_of(change.fields, self._lookup):
            parts.append(Part("case", "PATCH", f"sobjects/Case/{case_id}", fields, assign=False))
        if parts:
            self._org.composite(parts, Marks(case_id=case_id, safe_to_repeat=not change.note))
