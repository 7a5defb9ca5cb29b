"""The bodies that Zendesk gets: the same delivery and tokens give the same bytes."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.contract import CaseRef, Change, Delivery, Person
from connectors.zendesk.uploads import Enclosed

#: names our entry among an audit's custom metadata, where the marker of a comment is read back
MARKER: Final = "mail_to_case"
TAG: Final = "mail-to-case"
MAX_TEXT_CHARS: Final = 64_000
_UNSENDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Placement:
    """Where a new ticket goes: from the connector's settings and the route's fields, names already looked up."""

    tags: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


def is_cut(delivery: Delivery) -> bool:
    """Whether some of the message will not fit, so that the original should go with it."""
    return len(delivery.text) > MAX_TEXT_CHARS


def new_ticket(delivery: Delivery, enclosed: Enclosed, placement: Placement) -> dict[str, Any]:
    """POST /api/v2/tickets."""
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
    return {"ticket": ticket | dict(placement.values)}


def follow_up_ticket(delivery: Delivery, enclosed: Enclosed, placement: Placement, closed: CaseRef) -> dict[str, Any]:
    """POST /api/v2/tickets in place of a comment that a closed ticket no longer takes."""
    body = new_ticket(delivery, enclosed, placement)
    body["ticket"]["via_followup_source_id"] = int(closed.id)
    return body


def further_comment(delivery: Delivery, enclosed: Enclosed, author_id: int | None) -> dict[str, Any]:
    """The ticket of PUT /api/v2/tickets/ID: comment, marker and status in one. What an agent set stays as it is."""
    comment = _comment(delivery, enclosed)
    if author_id is not None:
        comment["author_id"] = author_id
    ticket: dict[str, Any] = {"comment": comment, "metadata": {MARKER: delivery.key}}
    # A customer's word opens a pending or solved ticket, as Zendesk's own mail channel does; a note does not.
    if delivery.public:
        ticket["status"] = "open"
    return ticket


def changed(change: Change, values: Mapping[str, Any]) -> dict[str, Any]:
    """The ticket of PUT /api/v2/tickets/ID that an escalation makes; the marker is kept even without a note."""
    ticket: dict[str, Any] = {**values, "metadata": {MARKER: change.key}}
    if change.note:
        ticket["comment"] = {"public": False, "body": clean(change.note)[:MAX_TEXT_CHARS] or "(no text)"}
    return ticket


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
