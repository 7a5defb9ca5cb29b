"""How our cases stand: the incremental export, page by page, with the metrics that Zendesk keeps of each ticket."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from connectors.contract import CaseState
from connectors.http import Answer, Call, HttpClient
from connectors.zendesk.finding import Finder

#: the kind of call that an account may make ten of in a minute
EXPORTS = "incremental exports"
_KEY = re.compile(r"[0-9a-f]{40}\Z")
_PAGE = 1_000
#: a start within the last minute is refused
_NOT_YET = timedelta(minutes=2)
_DONE = ("solved", "closed")


class Reader:
    """Needs the rights of an admin."""

    def __init__(self, http: HttpClient, finder: Finder) -> None:
        self._http = http
        self._finder = finder

    def states(self, since: datetime) -> Iterator[CaseState]:
        """Each of our tickets that changed since then, once, as the last page that names it shows it."""
        found: dict[int, CaseState] = {}
        for answer in self._pages(since):
            for state in self._of_page(answer):
                found[int(state.case.id)] = state
        return (state for state in found.values() if state.changed_at >= since)

    def _pages(self, since: datetime) -> Iterator[Answer]:
        start = min(since, datetime.now(UTC) - _NOT_YET)
        where = {"start_time": str(max(int(start.timestamp()), 0))}
        while True:
            query = urlencode({**where, "per_page": _PAGE, "include": "metric_sets,users,groups"})
            path = f"/api/v2/incremental/tickets/cursor?{query}"
            answer = self._http.send(Call(method="GET", path=path, buckets=(EXPORTS,)))
            yield answer
            cursor = answer.data.get("after_cursor")
            if answer.data.get("end_of_stream") is not False or not cursor or cursor == where.get("cursor"):
                return
            where = {"cursor": str(cursor)}

    def _of_page(self, answer: Answer) -> Iterator[CaseState]:
        people, groups = _names(answer.data.get("users")), _names(answer.data.get("groups"))
        metrics = {one.get("ticket_id"): one for one in _records(answer.data.get("metric_sets"))}
        for ticket in answer.items("tickets"):
            opened, changed = _moment(ticket.get("created_at")), _moment(ticket.get("updated_at"))
            if not _is_ours(ticket) or opened is None or changed is None:
                continue
            metric = ticket.get("metric_set") or metrics.get(ticket["id"]) or {}
            status = str(ticket.get("status"))
            first = _first_answer(opened, metric)
            yield CaseState(
                case=self._finder.ref(ticket["id"]),
                status=status,
                open=status not in _DONE,
                opened_at=opened,
                changed_at=changed,
                closed_at=_moment(metric.get("solved_at")) if status in _DONE else None,
                priority=str(ticket.get("priority") or ""),
                owner=_name(people, ticket.get("assignee_id")),
                queue=_name(groups, ticket.get("group_id")),
                key=str(ticket["external_id"]),
                first_answer_at=first,
                last_answer_at=_last_answer(first, metric),
                last_customer_at=_moment(metric.get("requester_updated_at")),
            )


def _is_ours(ticket: Mapping[str, Any]) -> bool:
    """Made with a key; a deleted ticket stays in the export for a while."""
    has_key = _KEY.match(str(ticket.get("external_id"))) is not None
    return has_key and isinstance(ticket.get("id"), int) and ticket.get("status") != "deleted"


def _first_answer(opened: datetime, metric: Mapping[str, Any]) -> datetime | None:
    for name, unit_s in (("reply_time_in_seconds", 1), ("reply_time_in_minutes", 60)):
        times = metric.get(name)
        passed = times.get("calendar") if isinstance(times, dict) else None
        if isinstance(passed, int | float):
            return opened + timedelta(seconds=passed * unit_s)
    return None


def _last_answer(first: datetime | None, metric: Mapping[str, Any]) -> datetime | None:
    """Of several answers Zendesk keeps the first time only; the owner's last touch stands in for the last."""
    touched = _moment(metric.get("assignee_updated_at"))
    replies = metric.get("replies")
    if first is None or touched is None or not isinstance(replies, int) or replies <= 1:
        return first
    return max(first, touched)


def _names(found: object) -> dict[int, str]:
    return {one["id"]: str(one.get("name") or "") for one in _records(found) if isinstance(one.get("id"), int)}


def _records(found: object) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _name(names: Mapping[int, str], number: object) -> str:
    return names.get(number) or str(number) if isinstance(number, int) else ""


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
