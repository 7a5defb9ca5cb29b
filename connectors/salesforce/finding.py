"""Where a key is, and which case holds a Message-ID: read by key and by query, which see all that is committed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from connectors.contract import CaseGone, CaseRef, Delivery
from connectors.salesforce.notes import Notes
from connectors.salesforce.org import Org, Record, is_id
from connectors.salesforce.times import moment

_CASE_FIELDS: Final = "Id,CaseNumber,Status,IsClosed,ClosedDate"
_LONGEST_ID = 765


@dataclass(frozen=True)
class Held:
    """A message of ours in a case: the case's record, and the record that its files belong to."""

    case: Record
    place: str
    #: the case was closed when the message came, and still is
    closed_before: bool = False

    @property
    def case_id(self) -> str:
        """The case's id."""
        return str(self.case["Id"])


class Finder:
    """Reads only."""

    def __init__(self, org: Org, notes: Notes, key_field: str) -> None:
        self._org = org
        self._notes = notes
        self._key_field = key_field

    def held(self, delivery: Delivery, *, by_message: bool) -> Held | None:
        """The case that holds the delivery's key, on a message or on itself; None when there is none any more."""
        found = self._by_message(delivery.key) if by_message else self._by_comment(delivery)
        if found is None:
            case = self._org.by_key("Case", self._key_field, delivery.key, _CASE_FIELDS)
            found = Held(case, str(case["Id"])) if case else None
        return found

    def _by_message(self, key: str) -> Held | None:
        message = self._org.by_key("EmailMessage", self._key_field, key, "Id,ParentId,CreatedDate")
        if message is None:
            return None
        case = self._case(message.get("ParentId"))
        return Held(case, str(message["Id"]), _closed_before(case, message)) if case else None

    def _by_comment(self, delivery: Delivery) -> Held | None:
        case = self._case(delivery.case.id) if delivery.case else None
        comment = self._notes.found(str(case["Id"]), delivery.key) if case else None
        return Held(case, str(case["Id"]), _closed_before(case, comment)) if case and comment else None

    def _case(self, case_id: object) -> Record | None:
        if not isinstance(case_id, str) or not is_id(case_id):
            return None
        try:
            return self._org.case(case_id)
        except CaseGone:
            return None

    def correlate(self, message_ids: Sequence[str]) -> CaseRef | None:
        """The case that holds a message with one of these Message-IDs; the last one wins."""
        order = {f"<{one}>": place for place, one in enumerate(message_ids) if _may_be(one)}
        asked = "SELECT ParentId, MessageIdentifier FROM EmailMessage WHERE MessageIdentifier IN {some}"
        hits = [one for one in self._org.query_within(asked, list(order)) if one.get("MessageIdentifier") in order]
        for hit in sorted(hits, key=lambda one: order[one["MessageIdentifier"]], reverse=True):
            if case := self._case(hit.get("ParentId")):
                return self._org.ref(case)
        return None


def _may_be(message_id: str) -> bool:
    """What is longer than the field, or has what no field holds, was never stored."""
    return bool(message_id) and message_id.isprintable() and len(message_id) < _LONGEST_ID


def _closed_before(case: Record, message: Record) -> bool:
    closed_at, came_at = moment(case.get("ClosedDate")), moment(message.get("CreatedDate"))
    return case.get("IsClosed") is True and closed_at is not None and came_at is not None and came_at >= closed_at
