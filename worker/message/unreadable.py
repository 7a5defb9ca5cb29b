"""A mail that could not be read: still a message, from the header alone, with the mail itself attached."""

from __future__ import annotations

import hashlib

from connectors.contract import Attachment
from worker.message.header import decoded_headers, moment
from worker.message.identity import raw_identity
from worker.message.model import InboundMessage, Source
from worker.message.people import NOBODY, message_ids, second_look
from worker.parsing.fields import Block, read_block
from worker.parsing.octets import Octets, chunks, opened

MAX_ERROR_CHARS = 200


def unreadable(source: Source, error: str, identity: str = "") -> InboundMessage:
    """What can be said without the libraries; ``identity`` if it was known before they failed.

    Raises OSError when the file that holds the mail cannot be read: that says nothing of the mail.
    """
    with opened(source.content) as octets:
        block = read_block(octets, 0, octets.size)
        known = identity or raw_identity(octets, block, source.received_at)
        return _from_header(source, block, error, known, _sha256(octets))


def _from_header(source: Source, block: Block, error: str, identity: str, sha256: str) -> InboundMessage:
    headers = decoded_headers(block, "")
    first = {name.lower(): value for name, value in reversed(headers)}
    author = second_look(first.get("from", "")) or second_look(first.get("reply-to", "")) or (NOBODY,)
    return InboundMessage(
        identity=identity,
        message_id=next(iter(message_ids(first.get("message-id", ""))), ""),
        in_reply_to=message_ids(first.get("in-reply-to", "")),
        references=message_ids(first.get("references", "")),
        author=author[0],
        reply_to=second_look(first.get("reply-to", "")),
        to=second_look(first.get("to", "")),
        cc=second_look(first.get("cc", "")),
        subject=first.get("subject", ""),
        sent_at=moment(block, None, source.received_at, []),
        received_at=source.received_at,
        text="",
        html="",
        attachments=(_whole(source, sha256),) if sha256 else (),
        headers=headers,
        size_bytes=source.size_bytes,
        defects=("the mail could not be read; it is attached as it came", *block.notes),
        error=error[:MAX_ERROR_CHARS],
    )


def _whole(source: Source, sha256: str) -> Attachment:
    return Attachment(
        name="message.eml",
        content_type="message/rfc822",
        size_bytes=source.size_bytes,
        sha256=sha256,
        content=source.content,
    )


def _sha256(octets: Octets) -> str:
    digest = hashlib.sha256()
    for piece in chunks(octets, 0, octets.size):
        digest.update(piece)
    return digest.hexdigest()
