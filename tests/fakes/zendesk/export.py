"""The fake Zendesk's incremental export."""

from __future__ import annotations

import time
from typing import Any

from tests.fakes.http_server import Reply, Seen
from tests.fakes.zendesk.desk import Desk
from tests.fakes.zendesk.strict import invalid


class Export:
    """``page`` may be made smaller by a test."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.page = 1_000

    def answer(self, seen: Seen) -> Reply:
        """Oldest change first; a cursor is the number of tickets that came before."""
        desk = self.desk
        after, start = int(seen.first("cursor") or 0), int(seen.first("start_time") or 0)
        if start > time.time() - 60:
            raise invalid("start_time", "must be more than one minute in the past")
        changed = sorted(desk.tickets.values(), key=lambda one: (one.updated_at, one.id))
        # A ticket may be shown although it has not changed since: Zendesk goes by the minute.
        size = min(int(seen.first("per_page") or 1_000), self.page)
        shown = changed[after : after + size]
        is_end = after + size >= len(changed)
        tickets = [one.shown(desk.url) | ({"status": "deleted"} if one.deleted else {}) for one in shown]
        body: dict[str, Any] = {"tickets": tickets, "end_of_stream": is_end, "after_cursor": str(after + len(shown))}
        asked = seen.first("include").split(",")
        if "metric_sets" in asked:
            body["metric_sets"] = [one.metrics() for one in shown]
        if "users" in asked:
            body["users"] = [one.shown() for one in desk.users.values()]
        if "groups" in asked:
            body["groups"] = [{"id": number, "name": name} for number, name in desk.lists.group_names.items()]
        return Reply(200, body)
