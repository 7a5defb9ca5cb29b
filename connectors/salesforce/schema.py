"""What the org's records look like: field lengths, choices, and whether the key field keeps its promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.contract import Rejected, Unusable
from connectors.recent import Recent
from connectors.salesforce.org import Org
from connectors.salesforce.rules import Refused

#: also how soon we notice that somebody has taken the key field's uniqueness away
_KNOWN_FOR_S = 3600.0
KEY_CHARS: Final = 40
_NUMBERS = {"int", "double", "currency", "percent"}


@dataclass(frozen=True)
class Field:
    """One field of a kind of record."""

    name: str
    kind: str = "string"
    length: int = 0
    createable: bool = True
    updateable: bool = True
    unique: bool = False
    external_id: bool = False
    #: the values of a picklist that may be chosen now
    choices: tuple[str, ...] = ()

    def fitted(self, value: str) -> str | bool | float:
        """A setting's text as the field takes it. Raises Rejected, with what would be right."""
        if self.kind == "boolean":
            return self._boolean(value)
        if self.kind in _NUMBERS:
            return self._number(value)
        return self._choice(value) if self.choices else value

    def _boolean(self, value: str) -> bool:
        if value.casefold() not in ("true", "false"):
            raise Rejected(f"{self.name} {value!r} must be true or false")
        return value.casefold() == "true"

    def _number(self, value: str) -> float:
        try:
            return int(value) if self.kind == "int" else float(value)
        except ValueError as error:
            raise Rejected(f"{self.name} {value!r} must be a number") from error

    def _choice(self, value: str) -> str:
        # Most picklists of Salesforce take any word, so that a misspelling would go unnoticed.
        same = {one.casefold(): one for one in self.choices}
        if self.kind == "picklist" and value.casefold() not in same:
            raise Rejected(f"{self.name} {value!r} is none of Salesforce's: {', '.join(self.choices)}")
        return same.get(value.casefold(), value)


@dataclass(frozen=True)
class Kind:
    """A kind of record, as far as we may use it."""

    name: str
    fields: Mapping[str, Field] = field(default_factory=dict)
    createable: bool = True

    def room(self, name: str, usual: int) -> int:
        """How long the field's text may be; ``usual`` when the org does not say."""
        known = self.fields.get(name.lower())
        return known.length if known and known.length else usual

    def has(self, name: str) -> bool:
        """Whether we may write the field; so of every field while nothing is known."""
        known = self.fields.get(name.lower())
        return known.createable if known else not self.fields

    def field(self, name: str) -> Field | None:
        """By its API name, in any case."""
        return self.fields.get(name.lower())

    def key_problem(self, key_field: str) -> str:
        """Why the field cannot keep a message from becoming two records, or ""."""
        known = self.fields.get(key_field.lower())
        if known is None:
            return f"{self.name} has no field {key_field}, or our user may not see it"
        lacking = [
            word for word, there in (("unique", known.unique), ("an external ID", known.external_id)) if not there
        ]
        if lacking:
            return f"{self.name}.{key_field} is not {' and not '.join(lacking)}"
        if not known.createable:
            return f"{self.name}.{key_field} cannot be written by our user"
        return f"{self.name}.{key_field} is shorter than {KEY_CHARS} characters" if 0 < known.length < KEY_CHARS else ""


class Schema:
    """Read when first needed and once an hour."""

    def __init__(self, org: Org, key_field: str) -> None:
        self._org = org
        self._key_field = key_field
        self._kinds: Recent[Kind | None] = Recent(10_000, _KNOWN_FOR_S)

    def case(self) -> Kind:
        """Case. Raises Unusable when it is not to be had, or cannot hold our key safely."""
        found = self.kind("Case")
        if found is None or not found.createable:
            raise Unusable("our user may not create Cases; give it a permission set with create, read and edit on Case")
        return self._keyed(found)

    def message(self) -> Kind | None:
        """EmailMessage, or None in an org without. Raises Unusable when it cannot hold our key safely."""
        found = self.kind("EmailMessage")
        return self._keyed(found) if found and found.createable else None

    def _keyed(self, kind: Kind) -> Kind:
        if problem := kind.key_problem(self._key_field):
            # Asked again next time, so that the cure works at once.
            self._kinds.forget_all()
            raise Unusable(f"{problem}; {cure(self._key_field)}")
        return kind

    def kind(self, name: str) -> Kind | None:
        """Whatever the org says of it; None when the org, or our user, has none."""
        return self._kinds.asked(name, lambda: self._read(name))

    def _read(self, name: str) -> Kind | None:
        try:
            return _kind(name, self._org.describe(name))
        except Refused as refused:
            if refused.code in ("NOT_FOUND", "INVALID_TYPE", "INSUFFICIENT_ACCESS"):
                return None
            raise

    def forget(self) -> None:
        """Ask afresh."""
        self._kinds.forget_all()


def cure(key_field: str) -> str:
    """For a key field that does not keep its promise."""
    return (
        f"make {key_field} a Text({KEY_CHARS} or more) field, External ID and Unique, on Case and EmailMessage, "
        "with read and edit for our user (check --fix makes what is missing)"
    )


def _kind(name: str, told: Mapping[str, Any]) -> Kind:
    fields = (_field(one) for one in told["fields"] if isinstance(one, dict) and one.get("name"))
    return Kind(name, {one.name.lower(): one for one in fields}, told.get("createable") is not False)


def _field(told: Mapping[str, Any]) -> Field:
    length, values = told.get("length"), told.get("picklistValues")
    return Field(
        name=str(told["name"]),
        kind=str(told.get("type", "string")),
        length=length if isinstance(length, int) else 0,
        createable=told.get("createable") is not False,
        updateable=told.get("updateable") is not False,
        unique=told.get("unique") is True,
        external_id=told.get("externalId") is True,
        choices=tuple(
            str(one["value"])
            for one in (values if isinstance(values, list) else ())
            if isinstance(one, dict) and one.get("value") and one.get("active") is not False
        ),
    )
