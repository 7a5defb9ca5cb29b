"""The requests that a message would cause at a service desk, shown without asking Jira anything."""

from __future__ import annotations

import json
from typing import Any

from connectors.contract import Delivery, Request
from connectors.jira.filenames import safe_name
from connectors.jira.flavour import Flavour
from connectors.jira.preview import requests
from connectors.jira.service_desk.api import ROOT
from connectors.jira.service_desk.asked import Asked
from connectors.jira.service_desk.desk import Desk
from connectors.jira.service_desk.marks import field_text
from connectors.jira.service_desk.writing import DeskWriter, comment_with_files
from connectors.jira.words import Room, summary_of


def desk_requests(flavour: Flavour, desk: Desk, writer: DeskWriter, delivery: Delivery) -> list[Request]:
    """In their order. Names and accounts that are looked up when it comes to it stand as they were given."""
    names = [safe_name(one) for one in writer.enclosures(delivery)]
    laid = _laid(desk, names)
    if delivery.case is None:
        return [*_customer(desk, delivery), *laid, *_request(flavour, desk, writer, delivery)]
    plain = requests(flavour, writer, delivery)
    if not names:
        return plain
    text = writer.wiki(delivery, (), Room(), signed=True).body
    body = comment_with_files(delivery, text, [f"temporary id of {name}" for name in names])
    first = plain[:1] if delivery.public else []
    return [*first, *laid, Request("POST", f"{ROOT}/request/{delivery.case.id}/attachment", _shown(body))]


def _laid(desk: Desk, names: list[str]) -> list[Request]:
    path = f"{ROOT}/servicedesk/{desk.service_desk}/attachTemporaryFile"
    return [Request("POST", path, "\n".join(f"file: {name}" for name in names))] if names else []


def _customer(desk: Desk, delivery: Delivery) -> list[Request]:
    person = delivery.requester
    if not delivery.public or not person.address:
        return []
    body = {"displayName": person.name or person.address, "email": person.address}
    admitted = {"accountIds": [f"account of {person.address}"]}
    return [
        Request("POST", f"{ROOT}/customer?strictConflictStatusCode=true", _shown(body)),
        Request("POST", f"{ROOT}/servicedesk/{desk.service_desk}/customer", _shown(admitted)),
    ]


def _request(flavour: Flavour, desk: Desk, writer: DeskWriter, delivery: Delivery) -> list[Request]:
    asked = {name: text for name, text in delivery.fields.items() if name not in ("labels", "tags")}
    labels = delivery.fields.get("labels", delivery.fields.get("tags", "")).replace(",", " ").split()
    signed = not desk.key_field_name
    filled: dict[str, Any] = {
        **asked,
        "summary": summary_of(delivery),
        "description": writer.wiki(delivery, (), Room(), signed=signed).body,
    }
    if not signed:
        filled[desk.key_field_name] = field_text(delivery)
    if names := [safe_name(one) for one in writer.enclosures(delivery)]:
        filled["attachment"] = [f"temporary id of {name}" for name in names]
    address = delivery.requester.address
    whom = {"raiseOnBehalfOf": f"account of {address}"} if delivery.public and address else {}
    place = {"serviceDeskId": desk.service_desk, "requestTypeId": desk.request_type}
    found = [Request("POST", f"{ROOT}/request", _shown({**place, "requestFieldValues": filled, **whom}))]
    afterwards = Asked({}, {}, tuple(labels))
    if writer.must_mark(afterwards):
        found.append(Request("PUT", f"{flavour.root}/issue/NEW", _shown(writer.marking(delivery, afterwards))))
    return found


def _shown(body: dict[str, Any]) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)
