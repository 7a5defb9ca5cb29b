"""The bodies that Zendesk gets: the same delivery and tokens give the same bytes."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any, Final

from connectors.contract import CaseRef, Delivery, Person, Rejected
from connectors.zendesk.uploads import Enclosed

#: names our entry among an audit's custom metadata, where the marker of a comment is read back
MARKER: Final = "mail_to_case"
TAG: Final = "mail-to-case"
MAX_TEXT_CHARS: Final = 64_000
_CHOICES: Final = {
    "priority": ("low", "normal", "high", "urgent"),
    "status": ("new", "open", "pending", "hold", "solved"),
    "type": ("problem", "incident", "question", "task"),
}
_UNSENDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Placement:
    """Where a new ticket goes: from the connector's settings and the route's fields, names already looked up."""

    group_id: int | None = None
    tags: tuple[str, ...] = ()


def is_cut(delivery: Delivery) -> bool:
    """Whether some of the message will not fit, so that the original should go with it."""
    return len(delivery.text) > MAX_TEXT_CHARS


def new_ticket(delivery: Delivery, enclosed: Enclosed, placement: Placement) -> dict[str, Any]:
    """POST /api/v2/tickets. Raises Rejected for a field that Zendesk has not."""
    ticket: dict[str, Any] = {
        "subject": clean(delivery.subject),
        "comment": _comment(delivery, enclosed),
        "external_id": delivery.key,
        "metadata": {MARKER: delivery.key},
        "tags": list(dict.fromkeys((TAG, *placement.tags, *delivery.fields.get("tags", "").split()))),
    }
    if delivery.requester.address:
        ticket["requester"] = user(delivery.requester)
    if delivery.recipient:
        ticket["recipient"] = delivery.recipient
    if placement.group_id is not None:
        ticket["group_id"] = placement.group_id
    return {"ticket": ticket | _fields(delivery)}


def follow_up_ticket(delivery: Delivery, enclosed: Enclosed, placement: Placement, closed: CaseRef) -> dict[str, Any]:
    """POST /api/v2/tickets in place of a comment that a closed ticket no longer takes."""
    body = new_ticket(delivery, enclosed, placement)
    body["ticket"]["via_followup_source_id"] = int(closed.id)
    return body


def further_comment(delivery: Delivery, enclosed: Enclosed, author_id: int | None) -> dict[str, Any]:
    """PUT /api/v2/tickets/ID: one call for comment, marker and status. What an agent set stays as it is."""
    comment = _comment(delivery, enclosed)
    if author_id is not None:
        comment["author_id"] = author_id
    ticket: dict[str, Any] = {"comment": comment, "metadata": {MARKER: delivery.key}}
    # A customer's word opens a pending or solved ticket, as Zendesk's own mail channel does; a note does not.
    if delivery.public:
        ticket["status"] = "open"
    return {"ticket": ticket}


def user(person: Person) -> dict[str, str]:
    """A name is a must; the address stands in for it."""
    return {"name": clean(person.name).strip()[:255] or person.address, "email": person.address}


def clean(text: str) -> str:
    """Without the characters that no ticket can show; tab and line feed stay."""
    return _UNSENDABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _comment(delivery: Delivery, enclosed: Enclosed) -> dict[str, Any]:
    notices = _notices(delivery, enclosed)
    comment: dict[str, Any] = {"public": delivery.public, **_body(delivery, notices)}
    if enclosed.tokens:
        comment["uploads"] = list(enclosed.tokens)
    return comment


def _body(delivery: Delivery, notices: list[str]) -> dict[str, str]:
    rich = clean(delivery.html)
    room = MAX_TEXT_CHARS - sum(len(html.escape(notice)) + 20 for notice in notices)
    if rich and len(rich) <= room:
        return {"html_body": rich + "".join(f"<p>[{html.escape(notice)}]</p>" for notice in notices)}
    text = clean(delivery.text)[: max(room, 0)] or ("" if notices else "(no text)")
    return {"body": "\n\n".join([text, *(f"[{notice}]" for notice in notices)]).strip("\n")}


def _notices(delivery: Delivery, enclosed: Enclosed) -> list[str]:
    said = [clean(notice) for notice in enclosed.notices]
    if delivery.follows:
        said.append(f"continues case {delivery.follows.number}")
    if not delivery.requester.address:
        said.append("the mail names no sender")
    if is_cut(delivery):
        said.append(f"cut here: the text has {len(delivery.text)} characters; the original message has all of it")
    return said


def _fields(delivery: Delivery) -> dict[str, Any]:
    found: dict[str, Any] = {}
    custom = []
    for name, value in delivery.fields.items():
        if name in _CHOICES:
            found[name] = _choice(name, value)
        elif name in ("owner", "assignee"):
            found["assignee_email"] = _address(name, value)
        elif name.isascii() and name.isdigit():
            custom.append({"id": int(name), "value": value})
        elif name not in ("group", "queue", "tags"):
            raise Rejected(f"Zendesk has no field {name!r}; known: {_known()}")
    return found | ({"custom_fields": custom} if custom else {})


def _choice(name: str, value: str) -> str:
    if value.lower() not in _CHOICES[name]:
        raise Rejected(f"{name} {value!r} is none of Zendesk's: {', '.join(_CHOICES[name])}")
    return value.lower()


def _address(name: str, value: str) -> str:
    if "@" not in value:
        raise Rejected(f"{name} {value!r} must be the e-mail address of an agent; for a group use queue")
    return value


def _known() -> str:
    return ", ".join([*_CHOICES, "owner", "queue", "tags", "or the number of a custom field"])
