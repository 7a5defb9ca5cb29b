"""What a CRM is told of a message: plain values, no MIME, no IMAP."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from connectors.contract import Attachment, Capabilities, Connector, Delivery
from worker.message import InboundMessage, Source
from worker.slot import Slot

NO_SUBJECT = "(no subject)"
_KEY_HEX_DIGITS = 40
_WHOLE = "the whole message is attached as original.eml"
_NOWHERE = "the whole message is in the mailbox"


def key_of(identity: str, name: str, connector: Connector) -> str:
    """The unchanging identity of a delivery: 40 hex digits.

    Of the message, the connector's instance and its target only: no route, no template, no time, so that
    editing a rule between two attempts cannot make a second case.
    """
    parts = ("delivery-1", identity, name, connector.target)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_KEY_HEX_DIGITS]


def unread_key(slot: Slot) -> str:
    """The name of a message that has no delivery, since it was not read or no route wants it."""
    return hashlib.sha256(f"slot-1\0{slot}".encode()).hexdigest()[:_KEY_HEX_DIGITS]


def compose(message: InboundMessage, source: Source, key: str, recipient: str, fields: Mapping[str, str]) -> Delivery:
    """The delivery of one message, complete; ``fitted`` cuts it to what one CRM can hold."""
    return Delivery(
        key=key,
        subject=" ".join(message.subject.split()) or NO_SUBJECT,
        text=_text_of(message),
        html=message.html,
        requester=message.author,
        recipient=recipient,
        to=message.to,
        cc=message.cc,
        sent_at=message.sent_at or message.received_at,
        message_id=message.message_id,
        in_reply_to=message.in_reply_to,
        references=message.references,
        attachments=message.attachments,
        source=_original(source),
        fields=dict(fields),
    )


def fitted(delivery: Delivery, capabilities: Capabilities) -> Delivery:
    """The same delivery within a CRM's limits: what is cut is said in the text, and the original is attached."""
    limit = capabilities.max_text_chars
    if len(delivery.text) <= limit:
        return delivery
    original = delivery.source
    if original and original.size_bytes > capabilities.max_attachment_bytes:
        original = None
    notice = f"\n\n[mail-to-case: the text was cut here; {_WHOLE if original else _NOWHERE}]"
    text = (delivery.text[: max(0, limit - len(notice))] + notice)[:limit]
    return replace(delivery, text=text, attachments=(*delivery.attachments, *([original] if original else ())))


def _text_of(message: InboundMessage) -> str:
    if not message.error:
        return message.text
    notice = f"[mail-to-case: this message could not be read ({message.error}); the original is attached]"
    return f"{notice}\n\n{message.text}".rstrip()


def _original(source: Source) -> Attachment:
    return Attachment(
        name="original.eml",
        content_type="message/rfc822",
        size_bytes=source.size_bytes,
        sha256=_sha256_of(source),
        content=source.content,
    )


def _sha256_of(source: Source) -> str:
    if isinstance(source.content, bytes):
        return hashlib.sha256(source.content).hexdigest()
    with source.content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
