"""What parent and child say to each other: length-prefixed frames of plain values; no class is ever looked up."""

from __future__ import annotations

import io
import pickle
import struct
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from connectors.contract import Attachment, Person
from worker.message.model import InboundMessage, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

#: the child is up; the mail; why the mail could not be read; why no mail can be read
READY, MESSAGE, ERROR, TROUBLE = b"r", b"m", b"e", b"t"
#: kind of frame and length of what follows
HEAD = struct.Struct(">cQ")
#: what the child notes of the mail it is at: the number of its request, and its identity
NOTE = struct.Struct(">Q64s")


@dataclass(frozen=True, slots=True)
class Request:
    """A mail to be parsed; bytes travel behind the frame, a spool file by its path."""

    number: int
    source: Source
    spool: Path | None
    #: seconds of processor time
    cpu_limit_s: int


class NoMessageError(Exception):
    """What came is no message; tells the kind of flaw."""


class _Unpickler(pickle.Unpickler):
    """Rebuilds plain values and nothing else: a child that a mail took over gains nothing (H40)."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} has no place here")


def frame(kind: bytes, payload: bytes) -> bytes:
    """One frame."""
    return HEAD.pack(kind, len(payload)) + payload


def pack_request(request: Request) -> tuple[bytes, bytes]:
    """What goes down the pipe; the mail's octets are not copied into the request."""
    source = request.source
    held = isinstance(source.content, bytes)
    content = source.content if isinstance(source.content, bytes) else b""
    path = "" if held else str(source.content)
    spool = "" if request.spool is None else str(request.spool)
    told = (request.number, path, source.size_bytes, source.received_at.isoformat(), spool, request.cpu_limit_s)
    return frame(b"q", _packed((*told, len(content)))), content


def read_request(stream: BinaryIO) -> Request | None:
    """The next request; None at the end of the stream."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    number, path, size_bytes, received_at, spool, cpu_limit_s, follow_bytes = _unpacked(
        stream.read(HEAD.unpack(head)[1])
    )
    content = Path(path) if path else stream.read(follow_bytes)
    source = Source(content=content, size_bytes=size_bytes, received_at=datetime.fromisoformat(received_at))
    return Request(number, source, Path(spool) if spool else None, cpu_limit_s)


def pack_message(message: InboundMessage) -> bytes:
    """A message as octets, without what its source tells. Only for a message without error."""
    return _packed(
        (
            message.identity,
            message.message_id,
            message.in_reply_to,
            message.references,
            [[(one.name, one.address) for one in group] for group in _groups(message)],
            message.subject,
            message.sent_at and message.sent_at.isoformat(),
            message.text,
            message.html,
            [_told(one) for one in message.attachments],
            message.headers,
            message.defects,
            message.unpacked_tnef,
            message.old_opens_with,
            message.delivery_status,
        )
    )


def unpack_message(octets: bytes, source: Source, spool: Path | None) -> InboundMessage:
    """Raises NoMessageError for anything else than a message."""
    try:
        return _message(_unpacked(octets), source, spool)
    # Octets of a child that a mail took over can make this raise anything.
    except Exception as error:
        raise NoMessageError(type(error).__name__) from error


def _message(told: Sequence[Any], source: Source, spool: Path | None) -> InboundMessage:
    identity, message_id, in_reply_to, references, groups, subject, sent_at, *rest = told
    text, html, files, headers, defects, unpacked_tnef, old_opens_with, delivery_status = rest
    author, reply_to, to, cc = (tuple(Person(name, address) for name, address in group) for group in groups)
    return InboundMessage(
        identity=identity,
        message_id=message_id,
        in_reply_to=in_reply_to,
        references=references,
        author=author[0],
        reply_to=reply_to,
        to=to,
        cc=cc,
        subject=subject,
        sent_at=datetime.fromisoformat(sent_at) if sent_at else None,
        received_at=source.received_at,
        text=text,
        html=html,
        attachments=tuple(_attachment(told, spool) for told in files),
        headers=headers,
        size_bytes=source.size_bytes,
        defects=defects,
        unpacked_tnef=unpacked_tnef,
        old_opens_with=old_opens_with,
        delivery_status=delivery_status,
    )


def _groups(message: InboundMessage) -> Sequence[Sequence[Person]]:
    return (message.author,), message.reply_to, message.to, message.cc


def _told(file: Attachment) -> tuple[object, ...]:
    content = file.content if isinstance(file.content, bytes) else file.content.name
    return file.name, file.content_type, file.size_bytes, file.sha256, content, file.inline, file.content_id


def _attachment(told: tuple[Any, ...], spool: Path | None) -> Attachment:
    """A file of the spool is told by its bare name, so that the child cannot point at any other."""
    name, content_type, size_bytes, sha256, content, inline, content_id = told
    if isinstance(content, str):
        if spool is None or "/" in content or content in ("", ".", ".."):
            raise ValueError("no file of the spool")
        content = spool / content
    return Attachment(
        name=name,
        content_type=content_type,
        size_bytes=size_bytes,
        sha256=sha256,
        content=content,
        inline=inline,
        content_id=content_id,
    )


def _packed(values: tuple[object, ...]) -> bytes:
    return pickle.dumps(values, protocol=5)


def _unpacked(octets: bytes) -> Any:
    return _Unpickler(io.BytesIO(octets)).load()
