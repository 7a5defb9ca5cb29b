"""Reads of the fake Salesforce: queries in pages, descriptions, single records."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from tests.fakes.salesforce.org import Org
from tests.fakes.salesforce.soql import Query, parse
from tests.fakes.salesforce.store import Row
from tests.fakes.salesforce.strict import Refusal


def described(org: Org, kind: str) -> dict[str, Any]:
    table = org.store.tables.get(kind)
    if table is None:
        raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
    fields = [column.described(name) for name, column in table.columns.items()]
    shown = {"name": kind, "label": kind, "keyPrefix": table.prefix, "createable": table.createable, "custom": False}
    return shown | {"queryable": True, "updateable": True, "retrieveable": True, "fields": fields}


def one_record(org: Org, base: str, kind: str, row: Row, fields: str) -> dict[str, Any]:
    names = fields.split(",") if fields else [*org.store.tables[kind].columns]
    for name in names:
        org.store.column(kind, name)
    shown = {name: row.get(name) for name in names}
    return {"attributes": {"type": kind, "url": f"{base}sobjects/{kind}/{row['Id']}"}, **shown, "Id": row["Id"]}


def by_external_id(org: Org, kind: str, field: str, value: str) -> Row:
    columns = org.store.tables[kind].columns if kind in org.store.tables else {}
    if field not in columns or not columns[field].external_id:
        said = f"Provided external ID field does not exist or is not accessible: {field}"
        raise Refusal(404, "NOT_FOUND", said)
    found = [one for one in org.store.living(kind) if str(one.get(field) or "").lower() == value.lower()]
    if not found:
        raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
    return found[0]


class Queries:
    """Results longer than a page wait under a name for who asks for more."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self.page = 2_000
        self.asked: list[str] = []
        self._waiting: dict[str, list[dict[str, Any]]] = {}
        self._names = itertools.count(1)

    def run(self, base: str, text: str) -> dict[str, Any]:
        self.asked.append(text)
        query = parse(text)
        if query.kind not in self._org.store.tables:
            raise Refusal(400, "INVALID_TYPE", f"sObject type '{query.kind}' is not supported.")
        rows = [one for one in self._org.store.living(query.kind) if self._fits(query, one)]
        for name in reversed(query.order):
            rows.sort(key=lambda one: str(one.get(name) or ""))
        shown = [self._shown(base, query, one) for one in rows[: query.limit]]
        name = f"0r8xx{next(self._names):06d}"
        self._waiting[name] = shown
        return self.more(base, f"{name}-0")

    def more(self, base: str, locator: str) -> dict[str, Any]:
        name, _, start = locator.partition("-")
        if name not in self._waiting:
            raise Refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        whole, end = self._waiting[name], int(start) + self.page
        result: dict[str, Any] = {
            "totalSize": len(whole),
            "done": end >= len(whole),
            "records": whole[int(start) : end],
        }
        return result if result["done"] else result | {"nextRecordsUrl": f"{base}query/{name}-{end}"}

    def _shown(self, base: str, query: Query, row: Row) -> dict[str, Any]:
        shown: dict[str, Any] = {"attributes": {"type": query.kind, "url": f"{base}sobjects/{query.kind}/{row['Id']}"}}
        for name in query.fields:
            parent, dot, field = name.partition(".")
            if not dot:
                self._org.store.column(query.kind, name)
                shown[name] = row.get(name)
            elif (query.kind, parent) == ("ContentDocumentLink", "ContentDocument"):
                document = self._org.store.rows["ContentDocument"][row["ContentDocumentId"]]
                shown.setdefault(parent, {})[field] = document[field]
            else:
                raise Refusal(400, "INVALID_FIELD", f"Didn't understand relationship '{parent}' in field path")
        return shown

    def _fits(self, query: Query, row: Row) -> bool:
        for name, sign, value in query.conditions:
            column = self._org.store.column(query.kind, name)
            if column.kind == "textarea":
                raise Refusal(400, "INVALID_FIELD", f"field '{name}' can not be filtered in a query call")
            if not _holds(row.get(name), sign, value):
                return False
        return True


def _holds(found: Any, sign: str, value: Any) -> bool:
    if sign == "IN":
        return any(_same(found, one) for one in value)
    if sign in ("=", "!="):
        return _same(found, value) is (sign == "=")
    if sign != ">=":
        raise Refusal(400, "MALFORMED_QUERY", f"unexpected token: {sign}")
    return found is not None and _moment(found) >= _moment(value)


def _same(found: Any, value: Any) -> bool:
    if isinstance(found, str) and isinstance(value, str):
        return found.lower() == value.lower()
    return bool((found or None) == (value or None)) if value is None or found is None else bool(found == value)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)
