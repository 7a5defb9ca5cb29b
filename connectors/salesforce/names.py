"""Names to Salesforce's ids and back: queues, users, record types, contacts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from connectors.contract import Rejected
from connectors.recent import Recent
from connectors.salesforce.org import Org, is_id
from connectors.salesforce.rules import Refused
from connectors.salesforce.words import is_address

_SETUP_LIVES_S, _PERSON_LIVES_S, _STRANGER_LIVES_S = 600.0, 3600.0, 300.0
_QUEUE_PREFIX = "00G"
_BY_ID = "SELECT Id, Name FROM {kind:literal} WHERE Id IN {some}"
_ACTIVE_USER = "SELECT Id FROM User WHERE {field:literal} = {name} AND IsActive = true LIMIT 2"


class Lookup(Protocol):
    """From names to ids."""

    def queue(self, name: str) -> str: ...

    def owner(self, name: str) -> str: ...

    def record_type(self, name: str) -> str: ...

    def contact(self, address: str) -> str: ...


class Names:
    """Asked of the org and kept for a while. Raises Rejected for a name that nobody bears, or several."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._setup: Recent[dict[str, str]] = Recent(10_000, _SETUP_LIVES_S)
        self._people: Recent[str] = Recent(10_000, _PERSON_LIVES_S)

    def queue(self, name: str) -> str:
        """The id of a queue that takes cases, by name or developer name."""
        found = self._setup.asked("queues", self._queues).get(name.casefold())
        if found is None:
            raise Rejected(f"Salesforce has no queue {name!r} that takes cases")
        return found

    def owner(self, name: str) -> str:
        """A queue or an active user, by name, user name or address."""
        found = self._setup.asked("queues", self._queues).get(name.casefold())
        return found or self._people.asked(("user", name.casefold()), lambda: self._user(name))

    def record_type(self, name: str) -> str:
        """An active record type of cases, by name or developer name."""
        found = self._setup.asked("record types", self._record_types).get(name.casefold())
        if found is None:
            raise Rejected(f"Salesforce has no active record type {name!r} for cases")
        return found

    def contact(self, address: str) -> str:
        """The one contact with that address; "" when there is none, or several."""
        if not is_address(address):
            return ""
        place = ("contact", address.lower())
        found = self._people.asked(place, lambda: self._contact(address))
        if not found:
            self._people.put(place, "", _STRANGER_LIVES_S)
        return found

    def shown(self, ids: Iterable[str]) -> dict[str, str]:
        """The names that belong to ids of owners, as far as they are to be seen."""
        owners = sorted({one for one in ids if is_id(one)})
        for kind in ("Group", "User"):
            asked = [one for one in owners if one.startswith(_QUEUE_PREFIX) == (kind == "Group")]
            unknown = [one for one in asked if not self._people.asked(("name", one), str)]
            for record in self._org.query_within(_BY_ID, unknown, kind=kind):
                self._people.put(("name", record["Id"]), str(record.get("Name") or ""))
        return {one: self._people.asked(("name", one), str) for one in owners}

    def forget(self) -> None:
        """Ask afresh."""
        self._setup.forget_all()
        self._people.forget_all()

    def _queues(self) -> dict[str, str]:
        taking = {
            one["QueueId"] for one in self._org.query("SELECT QueueId FROM QueueSobject WHERE SobjectType = 'Case'")
        }
        found = self._org.query("SELECT Id, Name, DeveloperName FROM Group WHERE Type = 'Queue'")
        return _by_name(one for one in found if one["Id"] in taking)

    def _record_types(self) -> dict[str, str]:
        asked = "SELECT Id, Name, DeveloperName FROM RecordType WHERE SobjectType = 'Case' AND IsActive = true"
        return _by_name(self._org.query(asked))

    def _user(self, name: str) -> str:
        for field in ("Username", "Email") if "@" in name else ("Name",):
            found = [one["Id"] for one in self._org.query(_ACTIVE_USER, field=field, name=name)]
            if len(found) > 1:
                raise Rejected(f"several active users of Salesforce are called {name!r}; name one by user name")
            if found:
                return str(found[0])
        raise Rejected(f"Salesforce has no queue that takes cases and no active user {name!r}")

    def _contact(self, address: str) -> str:
        try:
            asked = "SELECT Id FROM Contact WHERE Email = {address} LIMIT 2"
            found = [one["Id"] for one in self._org.query(asked, address=address)]
        except Refused:
            # An org, or a user, without contacts still gets the case, with the address in it.
            return ""
        return str(found[0]) if len(found) == 1 else ""


class Placeholders:
    """For ``preview``, which asks nobody."""

    def queue(self, name: str) -> str:
        return f"(id of the queue {name!r})"

    def owner(self, name: str) -> str:
        return f"(id of the queue or user {name!r})"

    def record_type(self, name: str) -> str:
        return f"(id of the record type {name!r})"

    def contact(self, address: str) -> str:
        return "(id of the only contact with this address, if there is one)" if is_address(address) else ""


def _by_name(records: Iterable[object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for record in records:
        if isinstance(record, dict):
            for label in ("DeveloperName", "Name"):
                found[str(record.get(label, "")).casefold()] = str(record["Id"])
    return found
