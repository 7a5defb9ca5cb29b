"""Wrappings around a mail taken off before its body is chosen: S/MIME; what stays closed is noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.parsing import smime
from worker.parsing.octets import InMemory
from worker.parsing.split import leaves, outline
from worker.parsing.transfer import decode_body

if TYPE_CHECKING:
    from pathlib import Path

    from worker.parsing.split import Part
    from worker.parsing.transfer import Decoded

_MAX_WRAPPINGS = 5


def unwrap(root: Part, bodies: dict[int, Decoded], spool: Path | None) -> list[str]:
    """Hang what is within each opaquely signed part below it, its bodies among ``bodies``; notes on all wrappings."""
    notes: list[str] = []
    waiting = [part for part in leaves(root) if _is_smime(part)]
    for _ in range(_MAX_WRAPPINGS):
        if not waiting:
            break
        part = waiting.pop()
        note = _open(part, bodies, spool)
        notes.append(note)
        waiting += [inner for inner in leaves(part) if inner is not part and _is_smime(inner)]
    return [*notes, *_closed(root)]


def _is_smime(part: Part) -> bool:
    if part.content_type in smime.CONTENT_TYPES:
        return part.params.get("smime-type", "").lower() != "certs-only"
    return part.content_type == "application/octet-stream" and part.file_name.lower().endswith(".p7m")


def _open(part: Part, bodies: dict[int, Decoded], spool: Path | None) -> str:
    body = bodies[id(part)]
    if body.size_bytes > smime.MAX_SMIME_BYTES:
        return smime.UNREADABLE_NOTE
    wrapping = smime.opened(body.head(smime.MAX_SMIME_BYTES))
    if wrapping.entity is not None:
        octets = InMemory(wrapping.entity)
        inner = outline(octets).root
        part.children.append(inner)
        for leaf in leaves(inner):
            bodies[id(leaf)] = decode_body(octets, leaf.start, leaf.stop, leaf.encoding, spool)
    return wrapping.note


def _closed(part: Part) -> list[str]:
    """What is said of parts that nobody but the recipient, or a person with the other pieces, can read."""
    notes = []
    if part.content_type == "multipart/encrypted":
        notes.append("the mail is encrypted (PGP) and attached as it came")
    elif part.content_type == "message/partial":
        number, total = part.params.get("number", "?")[:9], part.params.get("total", "?")[:9]
        notes.append(f"this is piece {number} of {total} of a mail that was sent in pieces")
    elif part.content_type == "message/external-body":
        notes.append("a part lies elsewhere and is not fetched")
    return [*notes, *(note for child in part.children for note in _closed(child))]
