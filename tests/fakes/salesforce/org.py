"""What the fake Salesforce does with records: strict saves, rules that run by default, files and their links."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import time
from typing import Any

from tests.fakes.salesforce.store import Row, Store, now
from tests.fakes.salesforce.strict import CLOSED, Column, Refusal, Table, tables

_ADDRESS = re.compile(r"[^@\s;,<>]+@[^@\s;,<>]+\.[A-Za-z]{2,}\Z")


class Org:
    """Called under the server's lock, one request at a time."""

    def __init__(self, key_field: str) -> None:
        self.key_field = key_field
        self.store = Store(tables(key_field))
        self.us = self._seed(
            "User", Name="Integration", Username="us@example.com", Email="us@example.com", IsActive=True
        )
        self.agent = self._seed(
            "User", Name="Ada Agent", Username="ada@example.com.org", Email="ada@example.com", IsActive=True
        )
        self._seed("User", Name="Gone Agent", Username="gone@example.com", Email="gone@example.com", IsActive=False)
        self.queues = {name: self._queue(name) for name in ("Support", "Billing", "Tier 2")}
        self.lead_queue = self._seed("Group", Name="Leads only", DeveloperName="Leads_only", Type="Queue")
        self.record_type = self._seed(
            "RecordType", Name="Question", DeveloperName="Question_RT", SobjectType="Case", IsActive=True
        )
        #: an active assignment rule, which runs unless it is told not to
        self.rule_owner = self._seed("Group", Name="Rule", DeveloperName="Rule", Type="Queue")
        #: case id → until when another transaction holds its lock
        self.locked: dict[str, float] = {}
        self.refuse_empty_files = False
        self.full = False
        self._case_numbers = 1000

    def _seed(self, kind: str, **row: Any) -> str:
        return self.store.add(kind, row)

    def _queue(self, name: str) -> str:
        made = self._seed("Group", Name=name, DeveloperName=name.replace(" ", "_"), Type="Queue")
        self._seed("QueueSobject", QueueId=made, SobjectType="Case")
        return made

    def insert(self, kind: str, given: Any, headers: dict[str, str]) -> str:
        table = self._table(kind, given)
        if not table.createable:
            raise Refusal(403, "INSUFFICIENT_ACCESS_OR_READONLY", f"entity type cannot be inserted: {kind}")
        if self.full:
            raise Refusal(400, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")
        row = {self._known(kind, name): value for name, value in given.items()}
        missing = [name for name in table.required if row.get(name) in (None, "")]
        if kind == "ContentVersion" and row.get("VersionData") == "" and not self.refuse_empty_files:
            missing.remove("VersionData")
        if missing:
            raise Refusal(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: {missing}", *missing)
        for name, value in row.items():
            self._check(kind, name, value, creating=True)
        return self._insert(kind, row, headers)

    def _insert(self, kind: str, row: Row, headers: dict[str, str]) -> str:
        if kind == "Case":
            return self._insert_case(row, headers)
        if kind == "ContentVersion":
            return self._insert_file(row)
        if kind in ("EmailMessage", "CaseComment"):
            case = self._parent(row["ParentId"])
            if kind == "CaseComment" and len(str(row.get("CommentBody", "")).encode()) > 4_000:
                raise Refusal(
                    400, "STRING_TOO_LONG", "Comment Body: data value too large (max length=4000)", "CommentBody"
                )
            made = self.store.add(kind, row)
            self._assign(case["Id"], headers)
            return made
        return self.store.add(kind, row)

    def _insert_case(self, row: Row, headers: dict[str, str]) -> str:
        self._case_numbers += 1
        made = {"Status": "New", "Priority": "Medium", "OwnerId": self.us, "CaseNumber": f"{self._case_numbers:08d}"}
        record_id = self.store.add("Case", made | row | self._closing(row.get("Status", "New")))
        self._assign(record_id, headers)
        return record_id

    def _closing(self, status: str) -> Row:
        closed = status in CLOSED
        return {"Status": status, "IsClosed": closed, "ClosedDate": now() if closed else None}

    def _assign(self, case_id: str, headers: dict[str, str]) -> None:
        """The rule runs on every save of a case, also through a child, unless the caller says FALSE."""
        if headers.get("sforce-auto-assign", "TRUE").upper() != "FALSE":
            self.store.change("Case", case_id, {"OwnerId": self.rule_owner})

    def _parent(self, case_id: str) -> Row:
        try:
            case = self.store.get("Case", case_id)
        except Refusal as refusal:
            code = "ENTITY_IS_DELETED" if refusal.code == "ENTITY_IS_DELETED" else "INVALID_CROSS_REFERENCE_KEY"
            raise Refusal(400, code, "invalid cross reference id", "ParentId") from refusal
        if self.locked.get(case["Id"], 0.0) > time.monotonic():
            said = f"unable to obtain exclusive access to this record or 1 records: {case['Id']}"
            raise Refusal(400, "UNABLE_TO_LOCK_ROW", said)
        return case

    def patch(self, kind: str, record_id: str, given: Any, headers: dict[str, str]) -> None:
        self._table(kind, given)
        row = {self._known(kind, name): value for name, value in given.items()}
        self.store.get(kind, record_id)
        for name, value in row.items():
            self._check(kind, name, value, creating=False)
        if kind == "Case":
            self._parent(record_id)
            row |= self._closing(row["Status"]) if "Status" in row else {}
        self.store.change(kind, record_id, row)
        if kind == "Case":
            self._assign(record_id, headers)

    def _table(self, kind: str, given: Any) -> Table:
        table = self.store.tables.get(kind)
        if table is None:
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
        if not isinstance(given, dict):
            raise Refusal(400, "JSON_PARSER_ERROR", "Can not deserialize: an object is expected")
        return table

    def _known(self, kind: str, name: str) -> str:
        found = next((one for one in self.store.tables[kind].columns if one.lower() == name.lower()), None)
        if found is None:
            raise Refusal(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind}")
        return found

    def _check(self, kind: str, name: str, value: Any, *, creating: bool) -> None:
        column = self.store.column(kind, name)
        if not (column.createable if creating else column.updateable):
            said = f"Unable to create/update fields: {name}. Please check the security settings of this field"
            raise Refusal(400, "INVALID_FIELD_FOR_INSERT_UPDATE", said, name)
        self._check_value(name, value, column)
        if column.kind == "reference" and name in ("OwnerId", "ContactId", "RecordTypeId") and value:
            self._check_reference(name, value)

    def _check_value(self, name: str, value: Any, column: Column) -> None:
        if column.kind == "boolean" and not isinstance(value, bool):
            raise Refusal(
                400, "JSON_PARSER_ERROR", f"Cannot deserialize instance of boolean from {type(value).__name__}"
            )
        if not isinstance(value, str):
            return
        if any(one < " " and one not in "\t\n\r" for one in value) or any("\ud800" <= one <= "\udfff" for one in value):
            raise Refusal(400, "INVALID_FIELD", f"{name}: illegal character", name)
        if column.length and len(value.encode("utf-16-le")) // 2 > column.length:
            said = f"{name}: data value too large: {value[:20]} (max length={column.length})"
            raise Refusal(400, "STRING_TOO_LONG", said, name)
        if column.kind == "email" and value and not _ADDRESS.match(value):
            raise Refusal(400, "INVALID_EMAIL_ADDRESS", f"{name}: invalid email address: {value[:40]}", name)
        if column.restricted and value not in column.choices:
            said = f"{name}: bad value for restricted picklist field: {value[:40]}"
            raise Refusal(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", said, name)

    def _check_reference(self, name: str, value: str) -> None:
        kinds = {"OwnerId": ("User", "Group"), "ContactId": ("Contact",), "RecordTypeId": ("RecordType",)}[name]
        row = next((self.store.rows[kind][value] for kind in kinds if value in self.store.rows[kind]), None)
        if row is None or row["IsDeleted"]:
            raise Refusal(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", name)
        if row.get("IsActive") is False:
            raise Refusal(400, "INACTIVE_OWNER_OR_USER", "operation performed with inactive user", name)

    def _insert_file(self, row: Row) -> str:
        try:
            content = base64.b64decode(row.pop("VersionData"), validate=True)
        except (binascii.Error, ValueError) as error:
            raise Refusal(400, "JSON_PARSER_ERROR", "VersionData is not base64") from error
        return self.keep_file(row, len(content), hashlib.sha256(content).hexdigest())

    def keep_file(self, row: Row, size: int, sha256: str) -> str:
        """Also for one that came as a form."""
        place = row.get("FirstPublishLocationId", self.us)
        if not any(place in rows and not rows[place]["IsDeleted"] for rows in self.store.rows.values()):
            raise Refusal(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", "FirstPublishLocationId")
        shown = {"Title": row.get("Title", row["PathOnClient"]), "ContentSize": size, "sha256": sha256}
        document = self.store.add("ContentDocument", shown, "069")
        self.store.add("ContentDocumentLink", {"LinkedEntityId": place, "ContentDocumentId": document})
        return self.store.add("ContentVersion", {**row, **shown, "ContentDocumentId": document})

    def files(self, record_id: str) -> list[Row]:
        """Those that hang on a record, oldest first."""
        links = [one for one in self.store.living("ContentDocumentLink") if one["LinkedEntityId"] == record_id]
        return [self.store.rows["ContentDocument"][one["ContentDocumentId"]] for one in links]

    def delete_case(self, case_id: str) -> None:
        self.store.change("Case", case_id, {"IsDeleted": True})
        for kind in ("EmailMessage", "CaseComment"):
            for row in self.store.living(kind):
                if row["ParentId"] == case_id:
                    self.store.change(kind, row["Id"], {"IsDeleted": True})
