"""The fake service desk's customers, and the forms that all its answers have."""

from __future__ import annotations

import time
from typing import Any

from tests.fakes.http_server import Reply, Seen
from tests.fakes.jira.desk import Desk
from tests.fakes.jira.records import User
from tests.fakes.jira.strict import Refusal

_ADMINISTRATORS = "Unauthorized to perform the requested action, JIRA Administrators global permission is required."
_LISTS_A_SECOND = 5


def desk_refusal(status: int, said: str, headers: dict[str, str] | None = None) -> Refusal:
    body = {"errorMessage": said, "i18nErrorMessage": {"i18nKey": "sd.some.error", "parameters": []}}
    return Refusal(Reply(status, body, headers or {}))


def user_of(user: User) -> dict[str, Any]:
    shown = user.shown(adf=True)
    return {**{name: one for name, one in shown.items() if name != "accountType"}, "_links": {}}


def mapping_of(given: Any, allowed: set[str]) -> dict[str, Any]:
    if not isinstance(given, dict) or set(given) - allowed:
        raise desk_refusal(400, f"Unrecognized fields: {set(given) - allowed}")
    return given


def page(seen: Seen, values: list[Any]) -> Reply:
    start, limit = int(seen.first("start") or 0), int(seen.first("limit") or 50)
    part = values[start : start + limit]
    where = {"start": start, "limit": limit, "size": len(part), "isLastPage": start + limit >= len(values)}
    return Reply(200, {"_expands": [], **where, "_links": {}, "values": part})


class Customers:
    """Called under the server's lock, one request at a time."""

    id = "4"

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.meta = desk.meta
        self.admitted: set[str] = set()
        self._lists: list[float] = []

    def known(self, id_: str) -> None:
        if id_ != self.id or "BROWSE_PROJECTS" not in self.meta.rights:
            raise desk_refusal(404, "The service desk you're trying to access doesn't exist or you may not see it.")

    def make_customer(self, seen: Seen) -> Reply:
        if "ADMINISTER" not in self.meta.rights:
            raise desk_refusal(403, _ADMINISTRATORS)
        given = mapping_of(seen.json, {"displayName", "email", "fullName"})
        if "@" not in given["email"] or " " in given["email"]:
            raise desk_refusal(400, "The email address is not valid.")
        if any(one.email.casefold() == given["email"].casefold() for one in self.meta.users):
            strict = seen.first("strictConflictStatusCode") == "true"
            raise desk_refusal(409 if strict else 400, "An account already exists for this email")
        id_ = f"qm:a713c8ea-1075-4e30-9d96-891a7d181739:{self.desk.number():x}"
        made = User(id_, given["email"], given["email"], given["displayName"], is_customer=True)
        self.meta.guests.append(made)
        return Reply(201, user_of(made))

    def admit(self, seen: Seen, id_: str) -> Reply:
        self.known(id_)
        if "ADMINISTER_PROJECTS" not in self.meta.rights:
            raise desk_refusal(403, "You need to be an administrator of the service desk.")
        given = mapping_of(seen.json, {"accountIds", "usernames"})["accountIds"]
        self.admitted |= {self.account(one).id for one in given}
        return Reply(204)

    def account(self, id_: Any) -> User:
        found = next((one for one in self.meta.users if one.id == id_), None)
        if found is None:
            raise desk_refusal(400, f"The customer {id_} does not exist.")
        return found

    def list_customers(self, seen: Seen, id_: str) -> Reply:
        self.known(id_)
        now = time.monotonic()
        self._lists = [one for one in self._lists if now - one < 1.0] + [now]
        if len(self._lists) > _LISTS_A_SECOND:
            raise desk_refusal(
                429, "Rate limit exceeded.", {"Retry-After": "1", "RateLimit-Reason": "jira-burst-based"}
            )
        wanted = seen.first("query").casefold()
        found = [one for one in self.meta.users if one.id in self.admitted and wanted in one.searched.casefold()]
        return page(seen, [user_of(one) for one in found])
