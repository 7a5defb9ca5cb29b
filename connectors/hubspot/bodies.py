"""The bodies that HubSpot gets: a ticket, an incoming e-mail on it, or a note."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.contract import Delivery
from connectors.hubspot.contacts import Contact, header_person
from connectors.hubspot.words import MAX_CHARS, as_html, clean, length, one_line, rich_with_notices, with_notices

TICKET_TO_CONTACT: Final = 16
EMAIL_TO_TICKET: Final = 224
EMAIL_TO_CONTACT: Final = 198
NOTE_TO_TICKET: Final = 228
NOTE_TO_CONTACT: Final = 202
MESSAGE_ID: Final = "e2c_message_id"
_EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Enclosed:
    """Numbers of the uploaded files, and a line for each file that could not be."""

    ids: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def is_cut(delivery: Delivery) -> bool:
    """Whether some of the message will not fit, so that the original should go with it."""
    return length(clean(delivery.text)) > MAX_CHARS


def ticket(delivery: Delivery, stamp: str, contact: Contact, placed: Mapping[str, str]) -> dict[str, Any]:
    """POST …/tickets; ``stamp`` names the unique property, ``placed`` has pipeline, stage and the route's fields."""
    text = delivery.text if delivery.public else "(an internal note, see below)"
    properties = {
        "subject": one_line(delivery.subject) or "(no subject)",
        "content": with_notices(text or "(no text)", _notices(delivery, contact)),
        "source_type": "EMAIL",
        **placed,
        stamp: delivery.key,
    }
    return {"properties": properties, "associations": _hung(contact, TICKET_TO_CONTACT)}


def email(delivery: Delivery, stamp: str, hung: tuple[str, Contact], enclosed: Enclosed) -> dict[str, Any]:
    """POST …/emails, ``hung`` on a ticket and a contact."""
    case, contact = hung
    notices = [*_notices(delivery, contact), *enclosed.notices]
    properties = {
        "hs_timestamp": moment(delivery.sent_at),
        "hs_email_direction": "INCOMING_EMAIL",
        "hs_email_status": "SENT",
        "hs_email_subject": one_line(delivery.subject) or "(no subject)",
        "hs_email_text": with_notices(delivery.text or "(no text)", notices),
        "hs_email_headers": json.dumps(_headers(delivery), separators=(",", ":")),
        stamp: delivery.key,
    }
    if rich := rich_with_notices(delivery.html, notices):
        properties["hs_email_html"] = rich
    if delivery.message_id:
        properties[MESSAGE_ID] = message_digest(delivery.message_id)
    if enclosed.ids:
        properties["hs_attachment_ids"] = ";".join(enclosed.ids)
    hanging = [_association(case, EMAIL_TO_TICKET), *_hung(contact, EMAIL_TO_CONTACT)]
    return {"properties": properties, "associations": hanging}


def note(delivery: Delivery, stamp: str, hung: tuple[str, Contact], enclosed: Enclosed) -> dict[str, Any]:
    """POST …/notes for a message that only agents may see."""
    case, contact = hung
    notices = [*_notices(delivery, contact), *enclosed.notices]
    plain = as_html(with_notices(delivery.text or "(no text)", notices))
    properties = {
        "hs_timestamp": moment(delivery.sent_at),
        "hs_note_body": rich_with_notices(delivery.html, notices) or plain,
        stamp: delivery.key,
    }
    if enclosed.ids:
        properties["hs_attachment_ids"] = ";".join(enclosed.ids)
    hanging = [_association(case, NOTE_TO_TICKET), *_hung(contact, NOTE_TO_CONTACT)]
    return {"properties": properties, "associations": hanging}


def remark(text: str, stamp: str, key: str, case: str) -> dict[str, Any]:
    """POST …/notes for a word of the worker's own."""
    properties = {"hs_timestamp": moment(datetime.now(UTC)), "hs_note_body": as_html(text), stamp: key}
    return {"properties": properties, "associations": [_association(case, NOTE_TO_TICKET)]}


def message_digest(message_id: str) -> str:
    """What stands for a Message-ID: hex, since the sender chooses the Message-ID itself and may choose anything."""
    return hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def moment(sent_at: datetime) -> str:
    """The stated time, unless it is not of this world: a Date header may say anything."""
    latest = datetime.now(UTC) + timedelta(days=1)
    known = sent_at if _EARLIEST <= sent_at <= latest else datetime.now(UTC)
    return known.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _headers(delivery: Delivery) -> dict[str, Any]:
    found: dict[str, Any] = {"from": header_person(delivery.requester)} if header_person(delivery.requester) else {}
    for name, people in (("to", delivery.to), ("cc", delivery.cc)):
        found[name] = [shown for one in people if (shown := header_person(one))]
    if not found["to"] and delivery.recipient:
        found["to"] = [{"email": delivery.recipient}]
    return found


def _notices(delivery: Delivery, contact: Contact) -> list[str]:
    said = []
    if delivery.follows:
        said.append(f"continues case {delivery.follows.number}")
    if not delivery.requester.address:
        said.append("the mail names no sender")
    elif contact.problem:
        name = one_line(f"{delivery.requester.name} <{delivery.requester.address}>")[:400]
        said.append(f"from {name}, of whom HubSpot keeps no contact: {contact.problem}")
    if is_cut(delivery):
        said.append(f"cut here: the text has {len(delivery.text)} characters; the original message has all of it")
    return said


def _hung(contact: Contact, kind: int) -> Sequence[dict[str, Any]]:
    return [_association(contact.id, kind)] if contact.id else []


def _association(number: str, kind: int) -> dict[str, Any]:
    return {
        "to": {"id": number},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}],
    }
