"""Comments for agents' eyes, each stamped so that the same one is not written twice."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.salesforce.org import Org, Part, Record
from connectors.salesforce.records import case_comment, stamp
from connectors.salesforce.wire import Marks


@dataclass(frozen=True)
class Note:
    """What a comment says, and the key that it is known by."""

    key: str
    text: str


class Notes:
    """CaseComment has no field of ours, so a case's own comments are read to know whether one is there."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def found(self, case_id: str, key: str) -> Record | None:
        """The comment with that key, or None."""
        asked = "SELECT Id, CommentBody, CreatedDate FROM CaseComment WHERE ParentId = {case_id}"
        mark = stamp(key)
        return next(
            (one for one in self._org.query(asked, case_id=case_id) if mark in str(one.get("CommentBody"))), None
        )

    def add(self, case_id: str, note: Note) -> None:
        """Unless it is there. Raises CaseGone."""
        if self.found(case_id, note.key) is None:
            self._org.composite([part_of(case_id, note)], Marks(case_id=case_id))


def part_of(case_id: str, note: Note) -> Part:
    """The subrequest that writes it."""
    body = case_comment(case_id, note.text, [], note.key, public=False)
    return Part("note", "POST", "sobjects/CaseComment", body, assign=False)
