"""The fake HubSpot's batches, which may answer in part, and its search, which lags behind."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from tests.fakes.http_server import Reply, Seen
from tests.fakes.hubspot.portal import Portal
from tests.fakes.hubspot.records import Record, now
from tests.fakes.hubspot.strict import Refusal, envelope, invalid, mapping

_PAGE = 200
_BATCH = 100


class Bulk:
    """``lag_s``: how long after a change a search still knows nothing of the record."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.lag_s = 0.0

    def read(self, seen: Seen, kind: str) -> Reply:
        given = mapping(seen.json, "body", {"properties", "propertiesWithHistory", "inputs", "idProperty"}, {"inputs"})
        found, errors = [], []
        for name in self._inputs(given, {"id"}):
            try:
                found.append(self.portal.one(kind, name["id"], given.get("idProperty", "")))
            except Refusal as refusal:
                if refusal.reply.status != 404:
                    raise
                errors.append(
                    _error("OBJECT_NOT_FOUND", "Could not get some objects, they may be deleted.", name["id"])
                )
        return _answer([one.shown(given.get("properties", [])) for one in found], errors)

    def upsert(self, seen: Seen, kind: str) -> Reply:
        given = mapping(seen.json, "body", {"inputs"}, {"inputs"})
        inputs = self._inputs(given, {"id", "idProperty", "properties", "objectWriteTraceId"})
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for one in inputs:
            if one.get("idProperty") != "email":
                raise invalid("idProperty must be a unique property", name="idProperty")
            if not self.portal.is_address(one["id"]):
                errors.append(_error("VALIDATION_ERROR", f"Email address {one['id']} is invalid", one["id"]))
                continue
            results.append(self._saved(kind, one))
        return _answer(results, errors)

    def _saved(self, kind: str, one: dict[str, Any]) -> dict[str, Any]:
        properties = self.portal.checked(kind, one["properties"])
        record = self.portal.by_value(kind, "email", one["id"])
        new = record is None
        if record is None:
            record = self.portal.add(kind, {"email": one["id"]})
        record.properties |= properties
        trace = {"objectWriteTraceId": one["objectWriteTraceId"]} if "objectWriteTraceId" in one else {}
        return record.shown(["email"]) | {"new": new} | trace

    def update(self, seen: Seen, kind: str) -> Reply:
        given = mapping(seen.json, "body", {"inputs"}, {"inputs"})
        results = []
        for one in self._inputs(given, {"id", "properties"}):
            record = self.portal.one(kind, one["id"])
            record.properties |= self.portal.checked(kind, one["properties"])
            self.portal.touch(record)
            results.append(record.shown([]))
        return _answer(results, [])

    def _inputs(self, given: dict[str, Any], allowed: set[str]) -> list[dict[str, Any]]:
        inputs = [mapping(one, "input", allowed, {"id"}) for one in given["inputs"]]
        if len(inputs) > _BATCH or len({one["id"].lower() for one in inputs}) < len(inputs):
            raise invalid("too many inputs, or one twice")
        return inputs

    def search(self, seen: Seen, kind: str) -> Reply:
        allowed = {"filterGroups", "sorts", "properties", "limit", "after", "query"}
        given = mapping(seen.json, "body", allowed, {"filterGroups"})
        if given.get("limit", 10) > _PAGE:
            raise invalid("limit is over 200")
        hits = [one for one in self.portal.records[kind].values() if self._shows(one, given)]
        hits.sort(key=lambda one: one.updated_at)
        start = int(given.get("after") or 0)
        part = hits[start : start + given["limit"]]
        shown: dict[str, Any] = {"total": len(hits), "results": [one.shown(given["properties"]) for one in part]}
        if start + len(part) < len(hits):
            shown["paging"] = {"next": {"after": str(start + len(part)), "link": "?"}}
        return Reply(200, shown)

    def _shows(self, record: Record, given: dict[str, Any]) -> bool:
        if record.archived or record.indexed_from + self.lag_s > time.monotonic():
            return False
        return all(self._fits(record, one) for group in given["filterGroups"] for one in group["filters"])

    def _fits(self, record: Record, one: dict[str, Any]) -> bool:
        mapping(one, "filter", {"propertyName", "operator", "value"}, {"propertyName", "operator"})
        if not self.portal.knows(record.kind, one["propertyName"]):
            raise invalid("unknown property in a filter", name=one["propertyName"])
        value = record.all_properties().get(one["propertyName"])
        if one["operator"] == "HAS_PROPERTY":
            return value is not None
        since = datetime.fromtimestamp(int(one["value"]) / 1000, UTC)
        return value is not None and datetime.fromisoformat(value) >= since


def _error(category: str, message: str, name: str) -> dict[str, Any]:
    said = envelope(category, message, context={"ids": [name]}, errors=[], links={})
    return {field: value for field, value in said.items() if field != "correlationId"}


def _answer(results: list[dict[str, Any]], errors: list[dict[str, Any]]) -> Reply:
    times = {"status": "COMPLETE", "startedAt": now(), "completedAt": now()}
    body = times | {"results": results}
    return Reply(207, body | {"numErrors": len(errors), "errors": errors}) if errors else Reply(200, body)
