"""The requests that a message would cause, shown without asking Jira anything."""

from __future__ import annotations

import json
from typing import Any

from connectors.contract import Delivery, Request
from connectors.jira.filenames import safe_name
from connectors.jira.flavour import Flavour
from connectors.jira.words import Room
from connectors.jira.writing import Writer


def requests(flavour: Flavour, writer: Writer, delivery: Delivery) -> list[Request]:
    """In their order. Names that are looked up when it comes to it stand as they were given."""
    fitted = writer.fitted(delivery, (), Room()).body
    if delivery.case:
        path = f"{flavour.root}/issue/{delivery.case.id}"
        found = [Request("POST", f"{path}/comment", _shown(writer.comment(delivery, fitted)))]
        if delivery.public:
            found.insert(0, Request("GET", f"{path}?fields=status,issuetype,project"))
    else:
        path = f"{flavour.root}/issue/NEW"
        asked = {name: value for name, value in delivery.fields.items() if name not in ("labels", "tags")}
        labels = delivery.fields.get("labels", delivery.fields.get("tags", "")).replace(",", " ").split()
        body = writer.issue(delivery, fitted, {**asked, "labels": labels})
        found = [Request("POST", f"{flavour.root}/issue", _shown(body))]
    if names := [safe_name(one) for one in writer.enclosures(delivery)]:
        found.append(Request("POST", f"{path}/attachments", "\n".join(f"file: {name}" for name in names)))
    return found


def _shown(body: dict[str, Any]) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)
