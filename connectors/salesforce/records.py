"""The records that Salesforce gets for a message: the same delivery gives the same ones."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from connectors.contract import Delivery, Rejected
from connectors.salesforce.names import Lookup
from connectors.salesforce.schema import Kind
from connectors.salesforce.words import addresses, clean, cut_bytes, is_address, one_line, units, with_notices

#: of a CaseComment's body, which counts bytes
COMMENT_BYTES: Final = 4_000
#: lengths in an org that does not say
DESCRIPTION_CHARS, TEXT_CHARS = 32_000, 131_072
_ALIASES: Final = {"priority": "Priority", "status": "Status", "type": "Type", "reason": "Reason", "origin": "Origin"}
_PLACES: Final = ("queue", "owner", "record_type")
#: what the message itself says, and a route must not
_TAKEN: Final = {"subject", "description", "suppliedemail", "suppliedname", "contactid", "ownerid", "recordtypeid"}


@dataclass(frozen=True, kw_only=True)
class Form:
    """What the org's records look like, and where new cases go unless the route says otherwise."""

    key_field: str
    case: Kind
    #: None: the org has no EmailMessage, and messages become the case's description and comments
    message: Kind | None
    queue: str = ""
    record_type: str = ""
    origin: str = ""
    notices: tuple[str, ...] = field(default=())

    def noting(self, *notices: str) -> Form:
        """The same, with more to say in the message's text."""
        return replace(self, notices=(*self.notices, *notices))

    @property
    def text_room(self) -> int:
        """Characters that the first message's text may have."""
        return self.message.room("TextBody", TEXT_CHARS) if self.message else self.case.room("Description", 32_000)

    def cuts(self, delivery: Delivery) -> bool:
        """Whether some of the message will not fit, so that the original should go with it."""
        text, rich = units(clean(delivery.text)), units(clean(delivery.html))
        if self.message:
            return text > self.text_room or rich > self.message.room("HtmlBody", TEXT_CHARS)
        if delivery.case:
            return len(clean(delivery.text).encode()) > COMMENT_BYTES - 600
        return text > self.text_room


def new_case(delivery: Delivery, form: Form, lookup: Lookup) -> dict[str, Any]:
    """A Case. Raises Rejected for a field or a name that Salesforce has not."""
    room = form.case.room
    made: dict[str, Any] = {
        "Subject": one_line(delivery.subject, room("Subject", 255)),
        "Description": _description(delivery, form),
        "Origin": form.origin,
        form.key_field: delivery.key,
    }
    made |= {"SuppliedName": one_line(delivery.requester.name, room("SuppliedName", 80))}
    address = delivery.requester.address
    if is_address(address) and len(address) <= room("SuppliedEmail", 80):
        made["SuppliedEmail"] = address
    if contact := lookup.contact(address):
        made["ContactId"] = contact
    made |= _placement(delivery.fields, form, lookup) | case_fields(delivery.fields, form.case)
    return {name: value for name, value in made.items() if value != ""}


def _placement(fields: Mapping[str, str], form: Form, lookup: Lookup) -> dict[str, str]:
    placed = owner_of(fields, lookup)
    if not placed and form.queue:
        placed = {"OwnerId": lookup.queue(form.queue)}
    if record_type := fields.get("record_type") or form.record_type:
        placed["RecordTypeId"] = lookup.record_type(record_type)
    return placed


def owner_of(fields: Mapping[str, str], lookup: Lookup) -> dict[str, str]:
    """The owner that the fields name, or nothing; an owner goes before a queue."""
    if fields.get("owner"):
        return {"OwnerId": lookup.owner(fields["owner"])}
    return {"OwnerId": lookup.queue(fields["queue"])} if fields.get("queue") else {}


def case_fields(fields: Mapping[str, str], case: Kind) -> dict[str, Any]:
    """The other fields by Salesforce's names. Raises Rejected for one that the org has not, or a value it has not."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if name in _PLACES:
            continue
        known = case.field(_ALIASES.get(name, name))
        if name.lower() in _TAKEN or (case.fields and not (known and known.updateable)):
            raise Rejected(f"Salesforce's Case has no field {name!r} to be set; known: {_known()}")
        found[known.name if known else _ALIASES.get(name, name)] = known.fitted(value) if known else value
    return found


def _known() -> str:
    return ", ".join((*_ALIASES, *_PLACES, "or a field's API name"))


def _description(delivery: Delivery, form: Form) -> str:
    room = form.case.room("Description", DESCRIPTION_CHARS)
    if form.message is None:
        return with_notices(clean(delivery.text), _notices(delivery, form), room)
    text = clean(delivery.text)
    said = ["cut here: the e-mail message of this case has more of it"] if units(text) > room else []
    return with_notices(text, said, room)


def message(delivery: Delivery, form: Form, kind: Kind, parent: str) -> dict[str, Any]:
    """An EmailMessage within the case that ``parent`` names."""
    room = kind.room
    notices = _notices(delivery, form)
    made: dict[str, Any] = {
        "ParentId": parent,
        "Incoming": True,
        "Status": "0",
        "Subject": one_line(delivery.subject, room("Subject", 3_000)),
        "TextBody": with_notices(clean(delivery.text), notices, form.text_room) or "(no text)",
        "FromName": one_line(delivery.requester.name, room("FromName", 1_000)),
        "ToAddress": addresses(delivery.to, room("ToAddress", 4_000)) or _plain(delivery.recipient),
        "CcAddress": addresses(delivery.cc, room("CcAddress", 4_000)),
        "FromAddress": _plain(delivery.requester.address),
        "HtmlBody": _html(delivery, notices, room("HtmlBody", TEXT_CHARS)),
        "MessageDate": _moment(delivery.sent_at),
        "MessageIdentifier": _identifier(delivery.message_id, room("MessageIdentifier", 765)),
        "ThreadIdentifier": _identifier(_root(delivery), room("ThreadIdentifier", 765)),
        "IsExternallyVisible": delivery.public,
        "IsClientManaged": True,
        form.key_field: delivery.key,
    }
    return {name: value for name, value in made.items() if value != "" and kind.has(name)}


def comment(delivery: Delivery, form: Form, parent: str) -> dict[str, Any]:
    """A CaseComment, in an org without EmailMessage; the stamp in its last line is how it is found again."""
    author = one_line(f"{delivery.requester.name} <{delivery.requester.address}>", 200)
    text = f"From: {author}\n\n{clean(delivery.text)}"
    return case_comment(parent, text, _notices(delivery, form), delivery.key, public=delivery.public)


def case_comment(parent: str, text: str, notices: list[str], key: str, *, public: bool) -> dict[str, Any]:
    """Cut to what a comment holds, with notices and stamp whole."""
    below = "\n\n".join([*(f"[{clean(cut_bytes(one, 300))}]" for one in notices), stamp(key)])
    room = COMMENT_BYTES - len(below.encode()) - 2
    body = cut_bytes(clean(text), room)
    return {"ParentId": parent, "IsPublished": public, "CommentBody": f"{body}\n\n{below}".strip()}


def stamp(key: str) -> str:
    """The mark of a comment, which has no field for a key."""
    return f"[mail-to-case {key}]"


def _html(delivery: Delivery, notices: list[str], room: int) -> str:
    """The HTML with the notices below; nothing when it does not fit, since half a page is none."""
    rich = clean(delivery.html)
    whole = rich + "".join(f"<p>[{html.escape(clean(one))}]</p>" for one in notices)
    return whole if rich and units(whole) <= room else ""


def _notices(delivery: Delivery, form: Form) -> list[str]:
    said = list(form.notices)
    if delivery.follows:
        said.append(f"continues case {delivery.follows.number}")
    address = delivery.requester.address
    if not is_address(address):
        said.append(f"the mail's sender is no address: {address[:200]}" if address else "the mail names no sender")
    if form.cuts(delivery):
        held = "the original message has all of it" if delivery.source else "the original stays in the mailbox"
        said.append(f"cut: the text has {len(delivery.text)} characters; {held}")
    return said


def _plain(address: str) -> str:
    return address if is_address(address) else ""


def _identifier(message_id: str, room: int) -> str:
    """In its brackets, as it is asked for later; a cut one would be another's."""
    whole = f"<{message_id}>"
    return whole if message_id and message_id.isprintable() and units(whole) <= room and "@{" not in whole else ""


def _root(delivery: Delivery) -> str:
    return next(iter((*delivery.references, *delivery.in_reply_to, delivery.message_id)), "")


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
