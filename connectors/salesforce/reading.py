"""How the cases that we made stand by now: statuses in bulk, and when agents answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from connectors.contract import CaseState
from connectors.salesforce.names import Names
from connectors.salesforce.org import Org, Record
from connectors.salesforce.times import moment

_OURS = (
    "SELECT Id, CaseNumber, Status, IsClosed, ClosedDate, CreatedDate, SystemModstamp, Priority, OwnerId, "
    "{key:literal} FROM Case WHERE {key:literal} != null"
)
_QUEUE_PREFIX = "00G"
_DRAFT = "5"
#: cases whose messages are asked for at once
_BATCH = 200


@dataclass
class _Talk:
    """When who wrote within one case."""

    first_answer_at: datetime | None = None
    last_answer_at: datetime | None = None
    last_customer_at: datetime | None = None

    def hear(self, incoming: bool, at: datetime) -> None:
        """One more message, in any order."""
        if incoming:
            self.last_customer_at = max(self.last_customer_at or at, at)
        else:
            self.first_answer_at = min(self.first_answer_at or at, at)
            self.last_answer_at = max(self.last_answer_at or at, at)


class Reader:
    """Reads only. Without ``answers`` the org has no EmailMessage to tell them from."""

    def __init__(self, org: Org, names: Names, key_field: str, *, answers: bool) -> None:
        self._org = org
        self._names = names
        self._answers = answers
        self._key_field = key_field

    def changed_since(self, since: datetime) -> Iterator[CaseState]:
        """Each case once: those that changed, then those that only got a message."""
        for batch in _batches(_once(self._cases(since.astimezone(UTC)))):
            yield from self._states(batch)

    def _cases(self, since: datetime) -> Iterator[Record]:
        key = self._key_field
        asked = f"{_OURS} AND SystemModstamp >= {{since}} ORDER BY SystemModstamp, Id"
        yield from self._org.query(asked, since=since, key=key)
        if self._answers:
            # A message does not always touch its case.
            spoken = "SELECT ParentId FROM EmailMessage WHERE SystemModstamp >= {since}"
            parents = dict.fromkeys(str(one["ParentId"]) for one in self._org.query(spoken, since=since))
            yield from self._org.query_within(f"{_OURS} AND Id IN {{some}}", list(parents), key=key)

    def _states(self, cases: list[Record]) -> Iterator[CaseState]:
        owners = self._names.shown(str(one["OwnerId"]) for one in cases)
        talks = self._talks([one["Id"] for one in cases]) if self._answers else {}
        for case in cases:
            yield self._state(case, owners.get(str(case["OwnerId"]), ""), talks.get(case["Id"], _Talk()))

    def _talks(self, case_ids: list[str]) -> dict[str, _Talk]:
        talks: dict[str, _Talk] = {}
        asked = "SELECT ParentId, Incoming, Status, MessageDate FROM EmailMessage WHERE ParentId IN {some}"
        for one in self._org.query_within(asked, case_ids):
            at = moment(one.get("MessageDate"))
            if at is not None and one.get("Status") != _DRAFT:
                talks.setdefault(str(one["ParentId"]), _Talk()).hear(one.get("Incoming") is True, at)
        return talks

    def _state(self, case: Record, owner: str, talk: _Talk) -> CaseState:
        queued = str(case["OwnerId"]).startswith(_QUEUE_PREFIX)
        changed_at = moment(case["SystemModstamp"]) or datetime.now(UTC)
        return CaseState(
            case=self._org.ref(case),
            status=str(case["Status"]),
            open=case.get("IsClosed") is not True,
            opened_at=moment(case.get("CreatedDate")) or changed_at,
            changed_at=changed_at,
            closed_at=moment(case.get("ClosedDate")),
            priority=str(case.get("Priority") or ""),
            owner="" if queued else owner,
            queue=owner if queued else "",
            key=str(case.get(self._key_field) or ""),
            first_answer_at=talk.first_answer_at,
            last_answer_at=talk.last_answer_at,
            last_customer_at=talk.last_customer_at,
        )


def _once(cases: Iterable[Record]) -> Iterator[Record]:
    seen: set[str] = set()
    for case in cases:
        if case["Id"] not in seen:
            seen.add(case["Id"])
            yield case


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    source = iter(records)
    while batch := list(islice(source, _BATCH)):
        yield batch
