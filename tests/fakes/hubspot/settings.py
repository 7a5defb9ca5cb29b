"""The fake HubSpot's settings: properties and their groups, pipelines, owners, the account, the day's calls."""

from __future__ import annotations

from typing import Any

from tests.fakes.http_server import Reply, Seen
from tests.fakes.hubspot.portal import Portal, definition
from tests.fakes.hubspot.records import now
from tests.fakes.hubspot.strict import STANDARD, Refusal, envelope, mapping, not_found

_PROPERTY = {
    "name", "label", "type", "fieldType", "groupName", "hasUniqueValue", "description", "formField", "displayOrder",
    "hidden", "options",
}  # fmt: skip
_SUPPORT = (("1", "New", "OPEN"), ("2", "Waiting on contact", "OPEN"), ("3", "Waiting on us", "OPEN"))
_SUPPORT += (("4", "Closed", "CLOSED"),)
_BILLING = (("701", "Arrived", "OPEN"), ("702", "Looked at", "OPEN"), ("703", "Done", "CLOSED"))
_PIPELINES = (("0", "Support Pipeline", _SUPPORT), ("77", "Billing", _BILLING))
_OWNERS = (("501", "ada@example.com", "Ada", "Agent"), ("502", "tier2@example.com", "Tier", "2"))


class Settings:
    """``used``: calls of this day as the account's meter shows them."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.used = 10
        self.daily_limit = 650_000
        self.zone = "Europe/Berlin"

    def property(self, seen: Seen, kind: str, name: str) -> Reply:
        if name in STANDARD[kind]:
            return Reply(200, definition(name, unique=(kind, name) == ("contacts", "email")))
        if name not in self.portal.properties[kind]:
            raise not_found(f"property {name} does not exist")
        return Reply(200, self.portal.properties[kind][name])

    def add_property(self, seen: Seen, kind: str) -> Reply:
        given = mapping(seen.json, "body", _PROPERTY, {"name", "label", "type", "fieldType", "groupName"})
        if (kind, given["groupName"]) not in self.portal.groups:
            raise Refusal(Reply(400, envelope("VALIDATION_ERROR", "the property group does not exist")), lawful=False)
        if given["name"] in self.portal.properties[kind] or given["name"] in STANDARD[kind]:
            raise Refusal(Reply(409, envelope("CONFLICT", f"A property named '{given['name']}' already exists.")))
        self.portal.properties[kind][given["name"]] = definition(given["name"]) | given | {"hidden": False}
        return Reply(201, self.portal.properties[kind][given["name"]])

    def add_group(self, seen: Seen, kind: str) -> Reply:
        given = mapping(seen.json, "body", {"name", "label", "displayOrder"}, {"name", "label"})
        if (kind, given["name"]) in self.portal.groups:
            raise Refusal(Reply(409, envelope("CONFLICT", "A property group with that name already exists.")))
        self.portal.groups.add((kind, given["name"]))
        return Reply(201, {"displayOrder": -1, "archived": False, **given})

    def pipelines(self, seen: Seen) -> Reply:
        return Reply(200, {"results": [_pipeline(place, *one) for place, one in enumerate(_PIPELINES)]})

    def owners(self, seen: Seen) -> Reply:
        after = int(seen.first("after") or 0)
        number, email, first, last = _OWNERS[after]
        dates = {"createdAt": now(), "updatedAt": now(), "archived": False, "teams": []}
        one = {"id": number, "email": email, "type": "PERSON", "firstName": first, "lastName": last, "userId": 9}
        # One a page, so that whoever reads only the first page is found out.
        more = {"paging": {"next": {"after": str(after + 1), "link": "?"}}} if after + 1 < len(_OWNERS) else {}
        return Reply(200, {"results": [one | dates], **more})

    def details(self, seen: Seen) -> Reply:
        shown = {"portalId": 4711, "accountType": "STANDARD", "timeZone": self.zone, "uiDomain": "app-eu1.hubspot.com"}
        return Reply(200, shown | {"companyCurrency": "EUR", "utcOffset": "+01:00", "dataHostingLocation": "eu1"})

    def usage(self, seen: Seen) -> Reply:
        meter = {"name": "private-apps-api-calls-daily", "usageLimit": self.daily_limit, "currentUsage": self.used}
        return Reply(200, {"results": [meter | {"collectedAt": now(), "fetchStatus": "SUCCESS", "resetsAt": now()}]})


def _pipeline(place: int, number: str, label: str, stages: tuple[tuple[str, str, str], ...]) -> dict[str, Any]:
    dates = {"createdAt": now(), "updatedAt": now(), "archived": False}
    shown = [_stage(order, *one) | dates for order, one in enumerate(stages)]
    return {"id": number, "label": label, "displayOrder": place, "stages": shown} | dates


def _stage(order: int, number: str, label: str, state: str) -> dict[str, Any]:
    metadata = {"ticketState": state, "isClosed": str(state == "CLOSED").lower()}
    shown = {"id": number, "label": label, "displayOrder": order, "metadata": metadata}
    return shown | {"writePermissions": "CRM_PERMISSIONS_ENFORCEMENT"}
