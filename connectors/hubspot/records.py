"""Records by the dated API: written once with their key, read by key or by number. Nothing here searches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from connectors.contract import Rejected, Retryable
from connectors.http import Answer, Call, HttpClient, json_body
from connectors.hubspot.rules import Conflict, NotThere

TICKETS: Final = "tickets"
EMAILS: Final = "emails"
NOTES: Final = "notes"
CONTACTS: Final = "contacts"
#: records that one call may name
BATCH: Final = 100


@dataclass(frozen=True)
class Kept:
    """A stamped record. ``tickets``: those it hangs on, as far as the answer told; ``fresh``: made just now."""

    id: str
    tickets: tuple[str, ...] = ()
    fresh: bool = False


@dataclass(frozen=True)
class Records:
    """``key``: the name of the unique property that holds a delivery's key."""

    http: HttpClient
    version: str
    key: str

    def path(self, kind: str, rest: str = "") -> str:
        """Of a kind of record, or of one of them."""
        return f"/crm/objects/{self.version}/{kind}{rest}"

    def get(self, path: str, **query: str) -> Answer:
        """What lies there. Raises NotThere when nothing does."""
        asked = "?" + urlencode(query) if query else ""
        return self.http.send(Call(method="GET", path=path + asked))

    def ask(self, path: str, body: object, *, bucket: str = "") -> Answer:
        """A question, or a write that does no harm twice and alone, which HubSpot wants as a POST."""
        buckets = (bucket,) if bucket else ()
        return self.http.send(
            Call(method="POST", path=path, body=json_body(body), prepares=True, safe_to_repeat=True, buckets=buckets)
        )

    def make(self, kind: str, body: dict[str, Any]) -> Kept:
        """Write the record that ``body`` stamps, or find the one with that stamp: never two, and never overwritten.

        A lost answer is made up for by sending it again, since HubSpot refuses a second one.
        """
        try:
            call = Call(method="POST", path=self.path(kind), body=json_body(body), safe_to_repeat=True)
            return Kept(_id(self.http.send(call)), (), True)
        except Rejected as refusal:
            found = self.by_key(kind, body["properties"][self.key])
            if found is None and isinstance(refusal, Conflict):
                raise Retryable(str(refusal)) from refusal
            if found is None:
                raise
            return found

    def by_key(self, kind: str, key: str) -> Kept | None:
        """The record with that key; unlike a search it is shown as soon as it is written."""
        query = {"idProperty": self.key, "properties": self.key}
        if kind != TICKETS:
            query["associations"] = TICKETS
        try:
            answer = self.get(self.path(kind, f"/{quote(key, safe='')}"), **query)
        except NotThere:
            return None
        shown = answer.value("properties")
        other = isinstance(shown, dict) and shown.get(self.key) not in (None, key)
        return None if answer.data.get("archived") or other else Kept(_id(answer), _tickets(answer.data))

    def tickets_of(self, kind: str, number: str) -> tuple[str, ...]:
        """The tickets on which that record hangs."""
        try:
            return _tickets(self.get(self.path(kind, f"/{number}"), associations=TICKETS).data)
        except NotThere:
            return ()

    def hang(self, kind: str, number: str, ticket: str) -> None:
        """Put a record on a ticket, as HubSpot's default kind of association; may be repeated."""
        path = self.path(kind, f"/{number}/associations/default/{TICKETS}/{ticket}")
        self.http.send(Call(method="PUT", path=path, safe_to_repeat=True, case_id=ticket))

    def read(
        self, kind: str, names: Sequence[str], properties: Sequence[str], by: str = ""
    ) -> dict[str, dict[str, Any]]:
        """Those records that exist, by number, or by the value of the unique property ``by``; at most 100."""
        body: dict[str, Any] = {"properties": list(properties), "propertiesWithHistory": []}
        body |= {"inputs": [{"id": name} for name in names]} | ({"idProperty": by} if by else {})
        try:
            answer = self.ask(self.path(kind, "/batch/read"), body)
        except NotThere:
            return {}
        live = [one for one in answer.items("results") if not one.get("archived") and isinstance(one.get("id"), str)]
        return {str(_properties(one).get(by)) if by else one["id"]: one for one in live}


def _id(answer: Answer) -> str:
    number = str(answer.value("id"))
    if not is_number(number):
        raise answer.call.unclear(f"{answer.call.place}: the answer's id is no number")
    return number


def is_number(text: str) -> bool:
    """Whether it can be a record's id."""
    return text.isascii() and text.isdigit()


def _properties(record: dict[str, Any]) -> dict[str, Any]:
    found = record.get("properties")
    return found if isinstance(found, dict) else {}


def _tickets(record: dict[str, Any]) -> tuple[str, ...]:
    listed: Any = record.get("associations")
    for name in (TICKETS, "results"):
        listed = listed.get(name) if isinstance(listed, dict) else None
    found: Iterable[Any] = listed if isinstance(listed, list) else ()
    return tuple(dict.fromkeys(str(one["id"]) for one in found if isinstance(one, dict) and "id" in one))
