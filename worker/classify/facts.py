"""What was read out of a mail, as the ``parse`` verb prints it."""

from __future__ import annotations

from datetime import datetime

from connectors.contract import Person
from worker.classify.model import Verdict
from worker.message import InboundMessage


def as_json(file: str, message: InboundMessage, verdict: Verdict) -> dict[str, object]:
    """The object of one line of ``mail-to-case parse``; keys as in the operator's contract."""
    return {
        "file": file,
        "from": message.author.address,
        "from_name": message.author.name,
        "to": _addresses(message.to),
        "cc": _addresses(message.cc),
        "reply_to": next(iter(_addresses(message.reply_to)), None),
        "subject": message.subject,
        "date": _utc(message.sent_at),
        "message_id": message.message_id,
        "in_reply_to": next(iter(message.in_reply_to), ""),
        "references": list(message.references),
        "text": message.text,
        "html": message.html,
        "reply_text": message.reply_text,
        "attachments": [
            {"name": file.name, "size": file.size_bytes, "type": file.content_type, "inline": file.inline}
            for file in message.attachments
        ],
        "classification": verdict.kind.value,
        "reasons": list(verdict.reasons),
        "may_auto_respond": verdict.may_auto_respond,
        "bounce_recipients": list(verdict.bounce_recipients),
        "bounce_status": verdict.bounce_status,
        "unpacked_tnef": message.unpacked_tnef,
        "error": message.error,
    }


def _addresses(persons: tuple[Person, ...]) -> list[str]:
    return [person.address for person in persons if person.address]


def _utc(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
