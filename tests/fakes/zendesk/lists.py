"""What the fake Zendesk's admins have named: groups, brands, custom fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fakes.http_server import Reply, Seen
from tests.fakes.zendesk.strict import invalid

_OPTIONS = [{"name": "Ink jet", "value": "printer_ink"}, {"name": "Laser", "value": "printer_laser"}]


class Lists:
    """Tests add to them."""

    def __init__(self) -> None:
        self.group_names: dict[int, str] = {11: "Support", 12: "Billing"}
        self.brand_names: dict[int, str] = {21: "Main", 22: "Second Brand"}
        self.fields: list[dict[str, Any]] = [
            {"id": 31, "title": "Order number", "type": "text", "active": True},
            {"id": 32, "title": "Printer", "type": "tagger", "active": True, "custom_field_options": _OPTIONS},
            {"id": 33, "title": "Urgent?", "type": "checkbox", "active": True},
            {"id": 34, "title": "Pages", "type": "integer", "active": True},
            {"id": 35, "title": "Kinds", "type": "multiselect", "active": True, "custom_field_options": _OPTIONS},
            {"id": 36, "title": "Retired", "type": "text", "active": False},
        ]

    def groups(self, seen: Seen) -> Reply:
        return _page("groups", [{"id": id_, "name": name, "deleted": False} for id_, name in self.group_names.items()])

    def brands(self, seen: Seen) -> Reply:
        shown = [{"id": id_, "name": name, "subdomain": f"b{id_}"} for id_, name in self.brand_names.items()]
        return _page("brands", [{**one, "active": True} for one in shown])

    def ticket_fields(self, seen: Seen) -> Reply:
        return _page("ticket_fields", self.fields)

    def checked(self, given: Any) -> list[Mapping[str, Any]]:
        """Values of custom fields, or a refusal that names the field; an unknown number is ignored by Zendesk."""
        kinds = {one["id"]: one for one in self.fields}
        for one in given:
            field = kinds.get(one["id"], {"type": "text"})
            if not _fits(field, one["value"]):
                raise invalid(str(one["id"]), f"{one['value']!r} is invalid")
        return list(given)


def _fits(field: Mapping[str, Any], value: Any) -> bool:
    tags = [option["value"] for option in field.get("custom_field_options", [])]
    if field["type"] == "checkbox":
        return isinstance(value, bool)
    if field["type"] == "integer":
        return str(value).lstrip("-").isdigit()
    if field["type"] == "multiselect":
        return isinstance(value, list) and set(value) <= set(tags)
    return value in tags if field["type"] == "tagger" else isinstance(value, str)


def _page(name: str, shown: list[dict[str, Any]]) -> Reply:
    return Reply(200, {name: shown, "next_page": None, "count": len(shown)})
