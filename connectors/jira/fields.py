"""Fields by the names that people use: which of Jira's they are, and the form their values take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.contract import Rejected
from connectors.jira.flavour import Flavour
from connectors.jira.people import People
from connectors.jira.words import Page, clean, one_line

#: the words of routes and escalations, and Jira's for the same
_ALIASES: Final = {"owner": "assignee", "queue": "components", "component": "components"}
_AS_TEXT: Final = frozenset({"string", "date", "datetime"})
_NAMED: Final = frozenset({"priority", "component", "version", "securitylevel", "resolution", "group"})


@dataclass(frozen=True)
class Field:
    """One field of a screen, as Jira's metadata describes it."""

    id: str
    name: str
    required: bool
    has_default: bool
    type: str
    items: str
    custom: str
    allowed: tuple[dict[str, Any], ...]


def field_of(id_: str, shown: Mapping[str, Any]) -> Field:
    """From createmeta or editmeta."""
    schema, allowed = shown.get("schema"), shown.get("allowedValues")
    kind = schema if isinstance(schema, dict) else {}
    return Field(
        id_,
        str(shown.get("name", id_)),
        bool(shown.get("required")),
        bool(shown.get("hasDefaultValue")),
        str(kind.get("type", "")),
        str(kind.get("items", "")),
        str(kind.get("custom", "")),
        tuple(one for one in allowed if isinstance(one, dict)) if isinstance(allowed, list) else (),
    )


def known(fields: Iterable[Field], asked: str) -> Field:
    """The field with that name or id. Raises Rejected when there is none, or more than one."""
    listed = list(fields)
    found = named(listed, asked)
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(one.id for one in found)
        raise Rejected(f"Jira has more than one field {asked!r}; use the id: {ids}")
    names = ", ".join(sorted(one.name for one in listed))
    raise Rejected(f"Jira's screen has no field {asked!r}; known: {names}")


def named(fields: Iterable[Field], asked: str) -> list[Field]:
    """Those with that id or, if there is none, with that name."""
    wanted = _ALIASES.get(asked.casefold(), asked).casefold()
    listed = list(fields)
    same = [one for one in listed if one.id.casefold() == wanted]
    return same or [one for one in listed if one.name.casefold() == wanted]


class Values:
    """Puts a setting's text into the form that a field takes."""

    def __init__(self, flavour: Flavour, people: People) -> None:
        self._flavour = flavour
        self._people = people

    def of(self, field: Field, text: str) -> Any:
        """The JSON value. Raises Rejected, naming the field, for what it cannot take."""
        if field.type == "array":
            parts = re.split(r"[\s,]+" if field.items == "string" else r"\s*,\s*", text.strip())
            return [self._one(field, field.items, part) for part in parts if part]
        return self._one(field, field.type, text.strip())

    def _one(self, field: Field, kind: str, text: str) -> Any:
        if field.allowed:
            return {"id": str(_choice(field, text)["id"])}
        if kind == "user":
            return self._flavour.user(self._people.assignable(field.name, text))
        if kind == "number":
            return _number(field, text)
        if kind in _AS_TEXT:
            return self._text(field, text)
        if kind in _NAMED:
            return {"name": text}
        if kind == "option":
            return {"value": text}
        raise Rejected(f"field {field.name!r} is of the kind {kind!r}, which cannot be set from here")

    def _text(self, field: Field, text: str) -> Any:
        long = field.custom.endswith(":textarea") or field.id in ("description", "environment")
        return self._flavour.render(Page(clean(text), "")) if long else one_line(text)


def _choice(field: Field, text: str) -> dict[str, Any]:
    for one in field.allowed:
        labels = {str(one.get(name)).casefold() for name in ("name", "value", "id") if one.get(name) is not None}
        if text.casefold() in labels and "id" in one:
            return one
    known_values = ", ".join(str(one.get("name") or one.get("value") or one.get("id")) for one in field.allowed[:50])
    raise Rejected(f"{field.name} {text!r} is none of Jira's: {known_values}")


def _number(field: Field, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if value != value or value in (float("inf"), float("-inf")):
        raise Rejected(f"{field.name} {text!r} is no number")
    return value
