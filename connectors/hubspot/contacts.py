"""The mail's authors as HubSpot's contacts: many threads' authors in one call, what agents wrote left alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from connectors.contract import ConnectorError, Person, Rejected, Retryable
from connectors.http import Answer
from connectors.hubspot.gather import Gather
from connectors.hubspot.records import BATCH, CONTACTS, Records, is_number
from connectors.hubspot.rules import describe
from connectors.hubspot.words import one_line
from connectors.recent import Recent

_ADDRESS = re.compile(r"[^@\s<>\",;:()\[\]\x00-\x1f\x7f]{1,64}@[^@\s<>\",;:()\[\]\x00-\x1f\x7f]{1,255}")
_NAME_CHARS = 100
#: of an item that was not done; another try may do it
_PASSING: Final = frozenset({"RATE_LIMITS", "RATE_LIMIT", "INTERNAL_ERROR", "CONFLICT", "SERVICE_UNAVAILABLE"})


@dataclass(frozen=True)
class Contact:
    """A contact's number, or an empty one and why HubSpot keeps none."""

    id: str
    problem: str = ""


class Contacts:
    """Remembers each author for an hour, also those that HubSpot does not take."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._known: Recent[Contact] = Recent(20_000, 3600.0)
        self._gather: Gather[Person, Contact] = Gather(self._save, BATCH)

    def of(self, person: Person) -> Contact:
        """The author's contact, made if there is none. Raises ConnectorError, but an odd address only has a problem."""
        address = person.address.strip()
        if not _ADDRESS.fullmatch(address):
            return Contact("", "it is no address" if address else "")
        name = address.lower()
        known = self._known.get(name)
        if known is None:
            known = self._gather.get(name, person)
            self._known.put(name, known)
        return known

    def forget(self, person: Person) -> None:
        """It turned out to be gone."""
        self._known.forget(person.address.strip().lower())

    def _save(self, people: Mapping[str, Person]) -> dict[str, Contact]:
        """By address alone, so that a contact that exists stays as agents know it; a new one then gets its name."""
        try:
            answer = self._records.ask(self._records.path(CONTACTS, "/batch/upsert"), upsert_body(people))
        except Rejected as error:
            if len(people) == 1:
                return {address: Contact("", str(error)) for address in people}
            return self._one_by_one(people)
        made = _matched(answer.items("results"), people)
        self._name({made[address].id: people[address] for address in made if _is_new(answer, made[address].id)})
        left = {address: person for address, person in people.items() if address not in made}
        if not left:
            return made
        return made | (self._one_by_one(left) if len(people) > 1 else _refused(answer, left))

    def _one_by_one(self, people: Mapping[str, Person]) -> dict[str, Contact]:
        """So that one odd address costs nobody else a contact, and gets words of its own."""
        found: dict[str, Contact] = {}
        for address, person in people.items():
            found |= self._save({address: person})
        return found

    def _name(self, new: Mapping[str, Person]) -> None:
        inputs = [{"id": number, "properties": names} for number, one in new.items() if (names := _names(one))]
        if inputs:
            # A name is a courtesy: mail does not wait for it.
            with suppress(ConnectorError):
                self._records.ask(self._records.path(CONTACTS, "/batch/update"), {"inputs": inputs})


def upsert_body(people: Mapping[str, Person]) -> dict[str, Any]:
    """POST …/contacts/batch/upsert; the trace number says which answer is whose."""
    return {
        "inputs": [
            {"id": address, "idProperty": "email", "objectWriteTraceId": address, "properties": {"email": address}}
            for address in people
        ]
    }


def header_person(person: Person) -> dict[str, str]:
    """As ``hs_email_headers`` wants it; empty when there is no address HubSpot would take."""
    if not _ADDRESS.fullmatch(person.address.strip()):
        return {}
    names = _names(person)
    found = {"email": person.address.strip(), "firstName": names.get("firstname"), "lastName": names.get("lastname")}
    return {name: value for name, value in found.items() if value}


def _names(person: Person) -> dict[str, str]:
    name = one_line(person.name)[:_NAME_CHARS].strip()
    if not name or "@" in name:
        return {}
    last, comma, first = name.partition(", ")
    if not comma:
        first, _, last = name.rpartition(" ")
    names = {"firstname": first.strip() or last, "lastname": last.strip() if first.strip() else ""}
    return {name: value for name, value in names.items() if value}


def _matched(results: list[dict[str, Any]], people: Mapping[str, Person]) -> dict[str, Contact]:
    found: dict[str, Contact] = {}
    for one in results:
        properties = one.get("properties")
        address = one.get("objectWriteTraceId") or (properties.get("email") if isinstance(properties, dict) else None)
        name, number = str(address or "").lower(), str(one.get("id", ""))
        if name in people and is_number(number):
            found[name] = Contact(number)
    # A contact that is known by a second address answers with its first one.
    if not found and len(results) == len(people) == 1 and is_number(str(results[0].get("id", ""))):
        return {address: Contact(str(results[0]["id"])) for address in people}
    return found


def _is_new(answer: Answer, number: str) -> bool:
    return any(one.get("new") is True and str(one.get("id")) == number for one in answer.items("results"))


def _refused(answer: Answer, people: Mapping[str, Person]) -> dict[str, Contact]:
    said = answer.data.get("errors")
    errors = [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []
    words = "; ".join(filter(None, map(describe, errors))) or "HubSpot made none and did not say why"
    if any(one.get("category") in _PASSING for one in errors):
        raise Retryable(f"{answer.call.place}: {words}")
    return {address: Contact("", words[:300]) for address in people}
