"""The files of a mail: named, typed, winmail.dat unpacked, what the HTML shows marked as inline."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.contract import Attachment
from worker.parsing.fields import read_block
from worker.parsing.names import safe_name, type_of
from worker.parsing.octets import InMemory
from worker.parsing.text import one_line
from worker.parsing.tnef import CONTENT_TYPES as TNEF_TYPES
from worker.parsing.tnef import FILE_NAMES as TNEF_NAMES
from worker.parsing.tnef import MAX_TNEF_BYTES, Unpacked, unpack
from worker.parsing.words import decode_field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.parsing.split import Part
    from worker.parsing.transfer import Decoded

_OPAQUE = "application/octet-stream"
_MAX_TYPE_CHARS = 100
_MESSAGES = frozenset({"message/rfc822", "message/global"})
_MAX_HEADER_BYTES = 8 * 1024
_MAX_NAME_CHARS = 100
# What readers of winmail.dat call a file of which it holds the bytes alone.
_UNNAMED = "unknown.dat"


@dataclass(frozen=True, slots=True)
class Within:
    """A file that stood within a text."""

    name: str
    content: bytes
    content_type: str = ""


@dataclass(slots=True)
class Files:
    """The attachments, and the text that was within a winmail.dat."""

    attachments: list[Attachment] = field(default_factory=list)
    unpacked_tnef: bool = False
    text: str = ""
    html: str = ""
    notes: list[str] = field(default_factory=list)


def attach(parts: Sequence[Part], bodies: dict[int, Decoded], within: Sequence[Within] = ()) -> Files:
    """Every part as an attachment, in order; then the files that stood ``within`` texts."""
    files = Files()
    for index, part in enumerate(parts, 1):
        body = bodies[id(part)]
        if part.encoding == "base64" and body.surplus:
            files.notes.append(f"part {index} holds octets that are no base64; they were left out")
        inside = unpack(body.head(MAX_TNEF_BYTES + 1)) if _is_tnef(part) else None
        if inside is None:
            files.attachments.append(_attachment(part, body, index))
        else:
            _add_unpacked(files, inside)
    for file in within:
        files.attachments.append(_held(file.name, file.content, file.content_type, len(files.attachments) + 1))
    return files


def mark_inline(attachments: Sequence[Attachment], html: str) -> tuple[Attachment, ...]:
    """The attachments, those marked inline that the HTML shows by Content-ID; SVG is never shown (H11)."""
    return tuple(
        _inline(found) if found.content_id and f"cid:{found.content_id}" in html else found for found in attachments
    )


def _inline(found: Attachment) -> Attachment:
    return Attachment(
        name=found.name,
        content_type=found.content_type,
        size_bytes=found.size_bytes,
        sha256=found.sha256,
        content=found.content,
        inline=found.content_type.startswith("image/") and "svg" not in found.content_type,
        content_id=found.content_id,
    )


def _attachment(part: Part, body: Decoded, index: int) -> Attachment:
    content_type = part.content_type if len(part.content_type) <= _MAX_TYPE_CHARS else _OPAQUE
    sent = part.file_name
    if not sent and content_type in _MESSAGES:
        subject = subject_of(body.head(_MAX_HEADER_BYTES))
        sent = f"{subject[:_MAX_NAME_CHARS]}.eml" if subject else ""
    return Attachment(
        name=safe_name(sent, content_type, index),
        content_type=content_type,
        size_bytes=body.size_bytes,
        sha256=body.sha256,
        content=body.content,
        content_id=one_line(part.content_id)[:200],
    )


def subject_of(mail: bytes) -> str:
    """The subject of a mail, on one line."""
    return decode_field(read_block(InMemory(mail), 0, len(mail)).first("subject")[:_MAX_HEADER_BYTES])


def _held(name: str, content: bytes, content_type: str, index: int) -> Attachment:
    settled = content_type or type_of(name)
    return Attachment(
        name=safe_name(name, settled, index),
        content_type=settled,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )


def _is_tnef(part: Part) -> bool:
    return part.content_type in TNEF_TYPES or part.file_name.lower() in TNEF_NAMES


def _add_unpacked(files: Files, inside: Unpacked) -> None:
    files.unpacked_tnef = True
    files.text = files.text or inside.text
    files.html = files.html or inside.html
    for name, content in inside.files:
        files.attachments.append(_held(name or _UNNAMED, content, "", len(files.attachments) + 1))
