"""Cases as they stand: a search for what changed, which lags, then their state as it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.contract import CaseState
from connectors.hubspot.account import Account
from connectors.hubspot.owners import Owners, next_page
from connectors.hubspot.pipelines import Pipelines
from connectors.hubspot.records import BATCH, TICKETS, Records, is_number
from connectors.hubspot.rules import SEARCH
from connectors.recent import Recent

#: a change shows in the search some time after it was made, so that an earlier reading may have missed it
OVERLAP: Final = timedelta(minutes=5)
_PAGE = 200
#: a search shows no more than this, however many pages are asked for
_WINDOW = 10_000
_CHANGED = "hs_lastmodifieddate"
_ANSWERED_AFTER = "time_to_first_agent_reply"
_FIRST_ANSWER: Final = ("first_agent_reply_date", "hs_first_agent_message_sent_at")
_LAST_ANSWER: Final = ("hs_last_message_sent_at", "notes_last_contacted")
_LAST_CUSTOMER: Final = ("hs_last_message_received_at", "last_reply_date")
_PROPERTIES: Final = (
    "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority", "hubspot_owner_id", "createdate", _CHANGED,
    "closed_date", _ANSWERED_AFTER, *_FIRST_ANSWER, *_LAST_ANSWER, *_LAST_CUSTOMER,
)  # fmt: skip


class States:
    """Reads only."""

    def __init__(self, records: Records, pipelines: Pipelines, owners: Owners, account: Account) -> None:
        self._records = records
        self._pipelines = pipelines
        self._owners = owners
        self._account = account
        #: ticket → the change that this process has told last
        self._told: Recent[datetime] = Recent(100_000, 3 * OVERLAP.total_seconds())

    def since(self, moment: datetime) -> Iterator[CaseState]:
        """Each case once; also what changed a little earlier, unless an earlier reading has told it already."""
        for state in self._around(moment):
            if state.changed_at >= moment or self._told.get(state.case.id) != state.changed_at:
                self._told.put(state.case.id, state.changed_at)
                yield state

    def _around(self, moment: datetime) -> Iterator[CaseState]:
        seen: set[str] = set()
        fresh: list[str] = []
        for number in self._changed(int((moment - OVERLAP).timestamp() * 1000)):
            if number not in seen:
                seen.add(number)
                fresh.append(number)
            if len(fresh) == BATCH:
                yield from self._read(fresh)
                fresh = []
        yield from self._read(fresh)

    def _changed(self, since_ms: int) -> Iterator[str]:
        while True:
            last_ms, count = since_ms, 0
            for found in self._window(since_ms):
                count += 1
                last_ms = max(last_ms, _milliseconds(found) or last_ms)
                yield str(found.get("id"))
            if count < _WINDOW or last_ms <= since_ms:
                return
            since_ms = last_ms

    def _window(self, since_ms: int) -> Iterator[dict[str, Any]]:
        after = ""
        for _ in range(_WINDOW // _PAGE):
            body = search_body(self._records.key, since_ms) | ({"after": after} if after else {})
            answer = self._records.ask(self._records.path(TICKETS, "/search"), body, bucket=SEARCH)
            yield from (one for one in answer.items("results") if is_number(str(one.get("id"))))
            after = next_page(answer.data)
            if not after:
                return

    def _read(self, numbers: list[str]) -> Iterator[CaseState]:
        if not numbers:
            return
        found = self._records.read(TICKETS, numbers, (*_PROPERTIES, self._records.key))
        for number, record in found.items():
            properties = record.get("properties")
            if isinstance(properties, dict):
                yield self._state(number, {name: str(value) for name, value in properties.items() if value})

    def _state(self, number: str, told: dict[str, str]) -> CaseState:
        standing = self._pipelines.holding(told.get("hs_pipeline_stage", ""))
        opened = _moment(told.get("createdate")) or datetime.fromtimestamp(0, UTC)
        is_open = not (standing and standing[1].closed)
        return CaseState(
            case=self._account.ref(number),
            status=standing[1].label if standing else told.get("hs_pipeline_stage", ""),
            open=is_open,
            opened_at=opened,
            changed_at=_moment(told.get(_CHANGED)) or opened,
            closed_at=None if is_open else _moment(told.get("closed_date")),
            priority=told.get("hs_ticket_priority", ""),
            owner=self._owners.address(told["hubspot_owner_id"]) if "hubspot_owner_id" in told else "",
            queue=standing[0].label if standing else told.get("hs_pipeline", ""),
            key=told.get(self._records.key, ""),
            first_answer_at=_first(told, _FIRST_ANSWER) or _later(opened, told.get(_ANSWERED_AFTER)),
            last_answer_at=_first(told, _LAST_ANSWER),
            last_customer_at=_first(told, _LAST_CUSTOMER),
        )


def search_body(key: str, since_ms: int) -> dict[str, Any]:
    """POST …/tickets/search: stamped by us, changed since, oldest change first."""
    filters = [
        {"propertyName": key, "operator": "HAS_PROPERTY"},
        {"propertyName": _CHANGED, "operator": "GTE", "value": str(since_ms)},
    ]
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [_CHANGED],
        "properties": [_CHANGED],
        "limit": _PAGE,
    }


def _milliseconds(found: dict[str, Any]) -> int | None:
    properties = found.get("properties")
    changed = _moment(str(properties.get(_CHANGED))) if isinstance(properties, dict) else None
    return int(changed.timestamp() * 1000) if changed else None


def _first(told: dict[str, str], names: tuple[str, ...]) -> datetime | None:
    return next((moment for name in names if (moment := _moment(told.get(name)))), None)


def _later(opened: datetime, lasted_ms: str | None) -> datetime | None:
    if not lasted_ms or not lasted_ms.partition(".")[0].isdigit() or len(lasted_ms) > 15:
        return None
    return opened + timedelta(milliseconds=float(lasted_ms))


def _moment(text: str | None) -> datetime | None:
    """ISO 8601 or, as some properties have it, milliseconds since 1970."""
    if not text:
        return None
    try:
        if text.isascii() and text.isdigit():
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
