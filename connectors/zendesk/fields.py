"""A route's fields as Zendesk takes them: every name looked up, every unknown one refused by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from connectors.contract import Rejected
from connectors.zendesk.catalogue import Catalogue, CustomField
from connectors.zendesk.people import People

_CHOICES: Final = {
    "priority": ("low", "normal", "high", "urgent"),
    "status": ("new", "open", "pending", "hold", "solved"),
    "type": ("problem", "incident", "question", "task"),
}
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")
_NUMERIC = {"integer": re.compile(r"-?\d{1,18}\Z"), "decimal": re.compile(r"-?\d{1,18}(\.\d{1,18})?\Z")}


class Fields:
    """Of one connection. The names are those of ``Delivery.fields`` and ``Change.fields``."""

    def __init__(self, people: People, catalogue: Catalogue) -> None:
        self._people = people
        self._catalogue = catalogue

    def values(self, fields: Mapping[str, str]) -> dict[str, Any]:
        """The part of a ticket that they are; tags are left to the caller. Raises Rejected for what Zendesk has not."""
        found: dict[str, Any] = {}
        custom = []
        for name, value in fields.items():
            if name in _CHOICES:
                found[name] = _choice(name, value)
            elif name in ("group", "queue"):
                found["group_id"] = self._people.group(value)
            elif name in ("owner", "assignee"):
                found |= self._owner(value)
            elif name == "brand":
                found["brand_id"] = self._catalogue.brand(value)
            elif name != "tags":
                custom.append(self._custom(name, value))
        return found | ({"custom_fields": custom} if custom else {})

    def _owner(self, value: str) -> dict[str, Any]:
        # Zendesk itself refuses an address that is no agent's, so that only names have to be looked up.
        return {"assignee_email": value} if "@" in value else {"assignee_id": self._people.agent(value)}

    def _custom(self, name: str, value: str) -> dict[str, Any]:
        if name.isascii() and name.isdigit():
            return {"id": int(name), "value": value}
        known = self._catalogue.custom(name)
        if known is None:
            raise Rejected(f"Zendesk has no field {name!r}; known: {_known()}")
        return {"id": known.id, "value": _custom_value(known, value)}


def shown(fields: Mapping[str, str]) -> dict[str, Any]:
    """As ``values``, for people to look at: names stay names, since nothing may be asked."""
    return {
        name: _choice(name, value) if name in _CHOICES else f"{value} (looked up when it is sent)"
        for name, value in fields.items()
        if name != "tags"
    }


def _choice(name: str, value: str) -> str:
    if value.lower() not in _CHOICES[name]:
        raise Rejected(f"{name} {value!r} is none of Zendesk's: {', '.join(_CHOICES[name])}")
    return value.lower()


def _custom_value(known: CustomField, value: str) -> object:
    if known.kind == "checkbox":
        if value.lower() not in (*_YES, *_NO):
            raise Rejected(f"the field {known.title!r} is a checkbox; {value!r} is neither true nor false")
        return value.lower() in _YES
    if known.kind in _NUMERIC and not _NUMERIC[known.kind].match(value):
        raise Rejected(f"the field {known.title!r} takes a number; {value!r} is none")
    if known.kind == "multiselect":
        return [_option(known, one.strip()) for one in value.split(",")]
    return _option(known, value) if known.kind == "tagger" else value


def _option(known: CustomField, value: str) -> str:
    """By the option's tag, or by the name that agents see."""
    found = known.options.get(value.casefold())
    if found is None:
        offered = ", ".join(sorted(set(known.options.values()))[:20])
        raise Rejected(f"the field {known.title!r} has no option {value!r}; known: {offered}")
    return found


def _known() -> str:
    return ", ".join([*_CHOICES, "owner", "queue", "tags", "brand", "or the title or the number of a custom field"])
