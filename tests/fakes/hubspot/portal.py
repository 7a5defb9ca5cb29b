"""The fake HubSpot's records: strict about properties and links, unique where a property says so."""

from __future__ import annotations

import itertools
import re
import time
from typing import Any

from tests.fakes.http_server import Reply, Seen
from tests.fakes.hubspot.records import Record, now
from tests.fakes.hubspot.strict import (
    ALWAYS,
    CHOICES,
    LINKS,
    MAX_CHARS,
    REQUIRED,
    STANDARD,
    Refusal,
    envelope,
    invalid,
    mapping,
    missing_required,
    not_found,
)

OURS = (("tickets", "e2c_key"), ("emails", "e2c_key"), ("emails", "e2c_message_id"), ("notes", "e2c_key"))
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}")


class Portal:
    """Called under the server's lock, one request at a time."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Record]] = {kind: {} for kind in STANDARD}
        #: own properties: kind → name → definition
        self.properties: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in STANDARD}
        for kind, name in OURS:
            self.properties[kind][name] = definition(name)
        self.groups: set[tuple[str, str]] = set()
        #: what an admin has made a must, by kind
        self.required: dict[str, set[str]] = {}
        #: what a doubled unique value is answered with: 409, or 400
        self.double_status = 409
        self.stages: dict[str, set[str]] = {"0": {"1", "2", "3", "4"}, "77": {"701", "702", "703"}}
        self.owners = {"501", "502"}
        self.numbers = itertools.count(1001)

    def create(self, seen: Seen, kind: str) -> Reply:
        given = mapping(seen.json, "body", {"properties", "associations"}, {"properties"})
        properties = self.checked(kind, given["properties"])
        lacking = REQUIRED.get(kind, set()) - set(properties)
        if lacking:
            raise missing_required(kind, lacking, lawful=False)
        if lacking := self.required.get(kind, set()) - set(properties):
            raise missing_required(kind, lacking, lawful=True)
        links = self._links(kind, given.get("associations", []))
        self.refuse_doubles(kind, properties, None)
        record = self.add(kind, properties)
        for other, numbers in links.items():
            for number in numbers:
                self.link(record, self.records[other][number])
        return Reply(201, record.shown(list(properties)))

    def add(self, kind: str, properties: dict[str, str]) -> Record:
        record = Record(str(next(self.numbers)), kind, properties)
        record.indexed_from = time.monotonic()
        if kind == "tickets":
            record.properties.setdefault("hs_pipeline", "0")
        self.records[kind][record.id] = record
        return record

    def link(self, one: Record, other: Record) -> None:
        for near, far in ((one, other), (other, one)):
            numbers = near.links.setdefault(far.kind, [])
            if far.id not in numbers:
                numbers.append(far.id)

    def touch(self, record: Record) -> None:
        record.updated_at = now()
        record.indexed_from = time.monotonic()

    def checked(self, kind: str, given: Any) -> dict[str, str]:
        """The properties, all of them known, with values that their kind can have."""
        properties = mapping(given, "properties", set(given) if isinstance(given, dict) else set())
        for name, value in properties.items():
            if name not in STANDARD[kind] and name not in self.properties[kind]:
                raise invalid(f'Property "{name}" does not exist', "PROPERTY_DOESNT_EXIST", name=name)
            if not isinstance(value, str) or len(value) > MAX_CHARS or "\x00" in value:
                raise invalid(f'"{name}" is no text, or too long', "INVALID_STRING", name=name)
            if name in CHOICES and value not in CHOICES[name]:
                raise invalid(f"{value} was not one of the allowed options", "INVALID_OPTION", name=name)
        self._check_place(properties)
        return properties

    def _check_place(self, properties: dict[str, str]) -> None:
        stage, pipeline = properties.get("hs_pipeline_stage"), properties.get("hs_pipeline")
        if pipeline is not None and pipeline not in self.stages:
            raise invalid(f"{pipeline} is not a valid pipeline ID", name="hs_pipeline")
        allowed = self.stages[pipeline] if pipeline else set().union(*self.stages.values())
        if stage is not None and stage not in allowed:
            raise invalid(f"{stage} is not a valid pipeline stage ID", name="hs_pipeline_stage")
        if properties.get("hubspot_owner_id", "501") not in self.owners:
            raise invalid("no such owner", "INVALID_OWNER_ID", name="hubspot_owner_id")

    def refuse_doubles(self, kind: str, properties: dict[str, str], itself: Record | None) -> None:
        for name, value in properties.items():
            if not self.is_unique(kind, name):
                continue
            found = self.by_value(kind, name, value)
            if found is not None and found is not itself:
                raise self._double(kind, name, found.id)

    def _double(self, kind: str, name: str, number: str) -> Refusal:
        if self.double_status == 409:
            text = f"{kind.capitalize()[:-1]} already exists. Existing ID: {number}"
            return Refusal(Reply(409, envelope("CONFLICT", text)))
        return invalid(f"{number} already has that value.", "CONFLICTING_UNIQUE_VALUE", name=name, lawful=True)

    def is_unique(self, kind: str, name: str) -> bool:
        own = self.properties[kind].get(name)
        return (kind, name) == ("contacts", "email") or bool(own and own["hasUniqueValue"])

    def by_value(self, kind: str, name: str, value: str) -> Record | None:
        live = (one for one in self.records[kind].values() if not one.archived)
        return next((one for one in live if one.properties.get(name, "").lower() == value.lower()), None)

    def _links(self, kind: str, given: Any) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for one in given:
            mapping(one, "association", {"to", "types"}, {"to", "types"})
            number = mapping(one["to"], "to", {"id"}, {"id"})["id"]
            for each in one["types"]:
                mapping(each, "type", {"associationCategory", "associationTypeId"}, {"associationCategory"})
                other = next(
                    (far for (near, far), n in LINKS.items() if (near, n) == (kind, each["associationTypeId"])), ""
                )
                record = self.records.get(other, {}).get(number)
                if record is None or record.archived:
                    message = f"The following associations could not be made: {kind} to {other or '?'} {number}"
                    raise Refusal(Reply(400, envelope("VALIDATION_ERROR", message)))
                found.setdefault(other, []).append(number)
        return found

    def one(self, kind: str, number: str, by: str = "") -> Record:
        """Raises the refusal that HubSpot gives for a record that is not there, or a property that is not unique."""
        if by and not self.is_unique(kind, by):
            raise Refusal(
                Reply(400, envelope("VALIDATION_ERROR", f"Property {by} is not a unique identifier")), lawful=False
            )
        found = self.by_value(kind, by, number) if by else self.records[kind].get(number)
        if found is None or found.archived:
            raise not_found()
        return found

    def show(self, seen: Seen, kind: str, number: str) -> Reply:
        if set(seen.query) - {"idProperty", "properties", "associations"}:
            raise invalid("unknown query parameter")
        record = self.one(kind, number, seen.first("idProperty"))
        shown = record.shown([name for name in seen.first("properties").split(",") if name])
        if other := seen.first("associations"):
            live = [one for one in record.links.get(other, []) if not self.records[other][one].archived]
            listed = [{"id": one, "type": f"{kind[:-1]}_to_{other[:-1]}"} for one in live]
            shown["associations"] = {other: {"results": listed}} if listed else {}
        return Reply(200, shown)

    def page(self, seen: Seen, kind: str) -> Reply:
        live = [one for one in self.records[kind].values() if not one.archived]
        return Reply(200, {"results": [one.shown([]) for one in live[: int(seen.first("limit") or 10)]]})

    def patch(self, seen: Seen, kind: str, number: str) -> Reply:
        given = self.checked(kind, mapping(seen.json, "body", {"properties"}, {"properties"})["properties"])
        record = self.one(kind, number)
        self.refuse_doubles(kind, given, record)
        stage = given.get("hs_pipeline_stage", record.properties.get("hs_pipeline_stage"))
        pipeline = given.get("hs_pipeline", record.properties.get("hs_pipeline", "0"))
        if kind == "tickets" and stage not in self.stages[pipeline]:
            raise invalid(f"{stage} is not a stage of the pipeline {pipeline}", name="hs_pipeline_stage")
        record.properties |= given
        self.touch(record)
        return Reply(200, record.shown(list(given)))

    def hang(self, seen: Seen, near: str, number: str, far: str, other: str) -> Reply:
        self.link(self.one(near, number), self.one(far, other))
        spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": LINKS[near, far]}
        link = {"from": {"id": number}, "to": {"id": other}, "associationSpec": spec}
        return Reply(200, {"status": "COMPLETE", "results": [link], "startedAt": now(), "completedAt": now()})

    def is_address(self, text: str) -> bool:
        return bool(_ADDRESS.fullmatch(text))

    def knows(self, kind: str, name: str) -> bool:
        return name in STANDARD[kind] or name in self.properties[kind] or name in ALWAYS


def definition(name: str, *, unique: bool = True) -> dict[str, Any]:
    shape = {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "mail_to_case"}
    return shape | {"hasUniqueValue": unique, "description": "", "options": [], "archived": False}
