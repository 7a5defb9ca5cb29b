"""What a mail server says of a delivery: message/delivery-status (RFC 3464)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.parsing.fields import read_block
from worker.parsing.octets import InMemory
from worker.parsing.split import leaves, outline
from worker.parsing.transfer import decode_body
from worker.parsing.words import decode_field

if TYPE_CHECKING:
    from worker.parsing.transfer import Decoded

CONTENT_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
MAX_RECIPIENTS = 100
_MAX_BYTES = 256 * 1024


def delivery_status(body: Decoded) -> tuple[dict[str, str], ...]:
    """One mapping per recipient, field names in lower case; the fields of the message are in each of them."""
    octets = InMemory(body.head(_MAX_BYTES))
    common: dict[str, str] = {}
    recipients: list[dict[str, str]] = []
    position = 0
    while position < octets.size and len(recipients) < MAX_RECIPIENTS:
        block = read_block(octets, position, octets.size)
        fields = {found.key: decode_field(found.raw) for found in block.fields}
        if "final-recipient" in fields or "original-recipient" in fields or "action" in fields:
            recipients.append({**common, **fields})
        else:
            common |= fields
        if block.body_start <= position:
            break
        position = block.body_start
    return tuple(recipients)


def statuses_within(mail: bytes) -> tuple[dict[str, str], ...]:
    """The delivery status of a mail that lies within another; its bodies are held in memory."""
    octets = InMemory(mail)
    reports = (part for part in leaves(outline(octets).root) if part.content_type in CONTENT_TYPES)
    bodies = (decode_body(octets, part.start, part.stop, part.encoding, None) for part in reports)
    return tuple(recipient for body in bodies for recipient in delivery_status(body))[:MAX_RECIPIENTS]
