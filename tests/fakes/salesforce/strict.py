"""The fake Salesforce's refusals, and the fields that its records have and no others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class Refusal(Exception):
    """Answer with this code; ``status`` is that of the answer, or of the subrequest."""

    def __init__(self, status: int, code: str, message: str, *fields: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.body = [{"message": message, "errorCode": code, "fields": list(fields)}]


@dataclass
class Column:
    """One field: its type, its length, what may be done with it."""

    kind: str = "string"
    length: int = 0
    createable: bool = True
    updateable: bool = True
    unique: bool = False
    external_id: bool = False
    choices: tuple[str, ...] = ()
    restricted: bool = False

    def described(self, name: str) -> dict[str, Any]:
        values = [{"active": True, "defaultValue": False, "label": one, "value": one} for one in self.choices]
        shown = {"name": name, "label": name, "type": self.kind, "length": self.length, "unique": self.unique}
        shown |= {"createable": self.createable, "updateable": self.updateable, "externalId": self.external_id}
        return shown | {"nillable": True, "custom": name.endswith("__c"), "picklistValues": values}


def _text(length: int, **more: Any) -> Column:
    return Column("string", length, **more)


def _set_by_us(kind: str = "string") -> Column:
    return Column(kind, 0, False, False)


def _id() -> Column:
    return Column("reference", 18)


def _once(kind: str = "string", length: int = 0) -> Column:
    """Cannot be changed once the record is there."""
    return Column(kind, length, True, False)


STATUSES = ("New", "Working", "Escalated", "Closed")
CLOSED = {"Closed"}
_SYSTEM = {"Id", "CreatedDate", "SystemModstamp", "LastModifiedDate", "IsDeleted"}


def _case() -> dict[str, Column]:
    return {
        "Subject": _text(255),
        "Description": Column("textarea", 32_000),
        "Status": Column("picklist", 255, choices=STATUSES),
        "Priority": Column("picklist", 255, choices=("High", "Medium", "Low")),
        "Type": Column("picklist", 255, choices=("Mechanical", "Electrical"), restricted=True),
        "Reason": Column("picklist", 255, choices=("Installation", "Other")),
        "Origin": Column("picklist", 255, choices=("Phone", "Email", "Web")),
        "SuppliedName": _text(80),
        "SuppliedEmail": Column("email", 80),
        "ContactId": _id(),
        "OwnerId": _id(),
        "RecordTypeId": _id(),
        "Region__c": _text(20),
        "Urgent__c": Column("boolean"),
        "Amount__c": Column("double"),
        "CaseNumber": _set_by_us(),
        "IsClosed": _set_by_us("boolean"),
        "ClosedDate": _set_by_us("datetime"),
    }


def _email_message() -> dict[str, Column]:
    return {
        "ParentId": _once("reference", 18),
        "Incoming": _once("boolean"),
        "Status": Column("picklist", 255, choices=("0", "1", "2", "3", "4", "5"), restricted=True),
        "Subject": _once("string", 4_000),
        "TextBody": _once("textarea", 131_072),
        "HtmlBody": _once("textarea", 131_072),
        "FromName": _once("string", 3_000),
        "FromAddress": _once("email", 3_000),
        "ToAddress": _once("string", 4_000),
        "CcAddress": _once("string", 4_000),
        "MessageDate": _once("datetime"),
        "MessageIdentifier": _once("string", 765),
        "ThreadIdentifier": _once("string", 765),
        "IsExternallyVisible": Column("boolean"),
        "IsClientManaged": _once("boolean"),
    }


@dataclass
class Table:
    """One kind of record."""

    prefix: str
    columns: dict[str, Column]
    required: tuple[str, ...] = ()
    createable: bool = True
    #: which kind each reference points to
    points: dict[str, str] = field(default_factory=dict)


def tables(key_field: str) -> dict[str, Table]:
    """An org as it should be: the key field unique and an external id, on Case and EmailMessage."""
    made = {
        "Case": Table("500", _case(), points={"ContactId": "Contact", "RecordTypeId": "RecordType"}),
        "EmailMessage": Table("02s", _email_message(), ("ParentId",), points={"ParentId": "Case"}),
        "CaseComment": Table(
            "00a",
            {
                "ParentId": _once("reference", 18),
                "CommentBody": Column("textarea", 4_000),
                "IsPublished": Column("boolean"),
            },
            ("ParentId",),
            points={"ParentId": "Case"},
        ),
        "ContentVersion": Table(
            "068",
            {
                "Title": _text(255),
                "PathOnClient": _once("string", 500),
                "VersionData": Column("base64"),
                "FirstPublishLocationId": _once("reference", 18),
                "ContentSize": _set_by_us("int"),
                "ContentDocumentId": _set_by_us("reference"),
            },
            ("PathOnClient", "VersionData"),
        ),
        "ContentDocumentLink": Table("06A", {"LinkedEntityId": _id(), "ContentDocumentId": _id()}),
        "Contact": Table("003", {"Email": Column("email", 80), "LastName": _text(80)}),
        "User": Table(
            "005", {"Name": _text(121), "Username": _text(80), "Email": _text(128), "IsActive": Column("boolean")}
        ),
        "Group": Table("00G", {"Name": _text(40), "DeveloperName": _text(80), "Type": _text(40)}),
        "QueueSobject": Table("03g", {"QueueId": _id(), "SobjectType": _text(40)}),
        "RecordType": Table(
            "012",
            {"Name": _text(80), "DeveloperName": _text(80), "SobjectType": _text(40), "IsActive": Column("boolean")},
        ),
    }
    for name in ("Case", "EmailMessage"):
        made[name].columns[key_field] = _text(64, unique=True, external_id=True)
    for table in made.values():
        table.columns |= {name: _set_by_us("boolean" if name == "IsDeleted" else "string") for name in _SYSTEM}
    return made
