"""The identity of a message: Message-ID *and* content, from raw octets (reliability-security 2.2, I9, I10, I11).

Survives a move, a new UIDVALIDITY, added Received, DKIM or Delivered-To fields, another boundary or transfer encoding.
Each field is preceded by its length, so that no two lists of fields run together to the same octets.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from worker.parsing.octets import CHUNK_BYTES, chunks

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from worker.parsing.fields import Block, Field
    from worker.parsing.octets import Octets
    from worker.parsing.split import Part
    from worker.parsing.transfer import Decoded

_VERSION = b"m1"
_NAMED = ("from", "to", "cc", "date", "subject", "in-reply-to", "references")

_TRANSIT = frozenset({"received", "return-path", "delivered-to", "envelope-to", "authentication-results", "status"})
_TRANSIT_BEGINS = (
    *("arc-", "dkim-", "received-", "resent-", "x-envelope-", "x-forwarded-", "x-gm-", "x-google-", "x-ms-exchange-"),
    *("x-original-", "x-received", "x-spam-", "x-virus-"),
)


def identity_of(octets: Octets, root: Part, bodies: dict[int, Decoded], received_at: datetime) -> str:
    """64 hex digits; ``bodies`` holds the decoded body of each leaf by ``id(part)``."""
    digest = _Digest()
    _add_header(digest, root.block, received_at)
    _add_part(digest, octets, root, bodies)
    return digest.hexdigest()


def raw_identity(octets: Octets, block: Block, received_at: datetime) -> str:
    """64 hex digits for a mail whose parts cannot be told: the body counts as it is on the wire."""
    digest = _Digest()
    _add_header(digest, block, received_at)
    digest.add(b"raw")
    digest.add(_digest_of_range(octets, block.body_start, octets.size))
    return digest.hexdigest()


class _Digest:
    """SHA-256 over length-prefixed fields."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()

    def add(self, *fields: bytes) -> None:
        for value in fields:
            self._sha256.update(len(value).to_bytes(8, "big") + value)

    def hexdigest(self) -> str:
        return self._sha256.hexdigest()


def _add_header(digest: _Digest, block: Block, received_at: datetime) -> None:
    message_id = b"\0".join(block.all("message-id"))
    digest.add(_VERSION, message_id)
    digest.add(*_named_values(block))
    if not message_id and not block.first("date"):
        # Nothing in it was made to tell it from others: when it came, and every field its author's side wrote.
        digest.add(received_at.isoformat().encode("ascii"))
        digest.add(*(part for field in block.fields if not _is_added_on_the_way(field.key) for part in _pair(field)))


def _is_added_on_the_way(key: str) -> bool:
    """Whether servers add such fields while they carry a mail, so that two copies of it may differ in them."""
    return key in _TRANSIT or key.startswith(_TRANSIT_BEGINS)


def _pair(field: Field) -> tuple[bytes, bytes]:
    return field.key.encode("utf-8", "surrogateescape"), field.raw


def _named_values(block: Block) -> Iterable[bytes]:
    wanted: dict[str, list[bytes]] = {name: [] for name in _NAMED}
    for found in block.fields:
        values = wanted.get(found.key)
        if values is not None:
            values.append(found.raw)
    return [b"\0".join(values) for values in wanted.values()]


def _add_part(digest: _Digest, octets: Octets, part: Part, bodies: dict[int, Decoded]) -> None:
    label = f"{part.content_type}; {part.params.get('charset', '').lower()}"
    digest.add(label.encode("utf-8", "surrogateescape"), part.file_name.encode("utf-8", "surrogateescape"))
    digest.add(part.content_id.encode("utf-8", "surrogateescape"))
    body = bodies.get(id(part))
    if body is not None:
        digest.add(body.size_bytes.to_bytes(8, "big"), body.sha256.encode("ascii"), body.surplus.encode("ascii"))
    unseen = [seen for start, stop in part.unseen if (seen := _unseen(octets, start, stop))]
    # The counts keep a nested multipart apart from a flat one with the same leaves.
    digest.add(len(unseen).to_bytes(4, "big"), *unseen, len(part.children).to_bytes(4, "big"))
    for child in part.children:
        _add_part(digest, octets, child, bodies)


def _unseen(octets: Octets, start: int, stop: int) -> bytes:
    """Digest of a preamble or epilogue; nothing when it is blank, since gateways add and drop empty lines there."""
    if stop - start <= CHUNK_BYTES and not octets.read(start, stop).strip():
        return b""
    return _digest_of_range(octets, start, stop)


def _digest_of_range(octets: Octets, start: int, stop: int) -> bytes:
    digest = hashlib.sha256()
    for piece in chunks(octets, start, stop):
        digest.update(piece)
    return digest.digest()
