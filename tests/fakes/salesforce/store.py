"""What the fake Salesforce holds: records by id, unique indexes, and a way back for a transaction that fails."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.fakes.salesforce.strict import Column, Refusal, Table

Row = dict[str, Any]
_DOUBLE = {
    "en": "duplicate value found: {field} duplicates value on record with id: {id}",
    "de": "Doppelter Wert gefunden: {field} dupliziert Wert in Datensatz mit der ID: {id}",
}


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class Store:
    """Called under the server's lock, one request at a time."""

    def __init__(self, tables: dict[str, Table]) -> None:
        self.tables = tables
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in (*tables, "ContentDocument")}
        self.language = "en"
        self._numbers = itertools.count(1)
        self._undo: list[Callable[[], object]] = []
        self._taken: dict[tuple[str, str, str], str] = {}

    def new_id(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers):012d}AAA"

    def add(self, kind: str, row: Row, prefix: str = "") -> str:
        """Put it there, whole."""
        record_id = self.new_id(prefix or self.tables[kind].prefix)
        for name in self._unique(kind):
            if row.get(name):
                self._take(kind, name, row[name], record_id)
        stamps = {"CreatedDate": now(), "SystemModstamp": now(), "LastModifiedDate": now(), "IsDeleted": False}
        self.rows[kind][record_id] = {"Id": record_id, **stamps, **row}
        self._undo.append(lambda: self.rows[kind].pop(record_id))
        return record_id

    def change(self, kind: str, record_id: str, values: Row) -> None:
        before = self.rows[kind][record_id]
        self.rows[kind][record_id] = {**before, **values, "SystemModstamp": now()}
        self._undo.append(lambda: self.rows[kind].__setitem__(record_id, before))

    def _unique(self, kind: str) -> list[str]:
        columns = self.tables[kind].columns if kind in self.tables else {}
        return [name for name, column in columns.items() if column.unique]

    def _take(self, kind: str, name: str, value: str, record_id: str) -> None:
        place = (kind, name, str(value).lower())
        holder = self._taken.get(place)
        if holder is not None and not self.rows[kind].get(holder, {"IsDeleted": True})["IsDeleted"]:
            raise Refusal(400, "DUPLICATE_VALUE", _DOUBLE[self.language].format(field=name, id=holder[:15]))
        self._taken[place] = record_id
        self._undo.append(lambda: self._taken.pop(place, None))

    def transaction(self) -> None:
        """From here on ``roll_back`` goes back to."""
        self._undo.clear()

    def roll_back(self) -> None:
        for one in reversed(self._undo):
            one()
        self._undo.clear()

    def get(self, kind: str, record_id: str) -> Row:
        """The record. 404 when there is none, or no more."""
        row = self.rows.get(kind, {}).get(_long(record_id))
        if row is None:
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
        if row["IsDeleted"]:
            raise Refusal(404, "ENTITY_IS_DELETED", "entity is deleted")
        return row

    def living(self, kind: str) -> list[Row]:
        return [one for one in self.rows[kind].values() if not one["IsDeleted"]]

    def column(self, kind: str, name: str) -> Column:
        table = self.tables.get(kind)
        if table is None:
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
        found = {known.lower(): column for known, column in table.columns.items()}.get(name.lower())
        if found is None:
            raise Refusal(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind}")
        return found


def _long(record_id: str) -> str:
    return record_id if len(record_id) == 18 else f"{record_id}AAA"
