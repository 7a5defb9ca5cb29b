"""The text of a mail that lies within another, for a mail that has nothing else to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.message.body import choose
from worker.message.header import decoded_headers
from worker.message.texts import compose, prepare
from worker.parsing.octets import InMemory
from worker.parsing.split import leaves, outline
from worker.parsing.transfer import decode_body

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.parsing.split import Part
    from worker.parsing.transfer import Decoded

_MAX_BYTES = 512 * 1024
_SHOWN = ("From", "Date", "Subject", "To")
_SEPARATOR = "---------- Forwarded message ----------"


def enclosed_text(files: Sequence[Part], bodies: dict[int, Decoded]) -> str:
    """What the first attached mail says, under its header; "" when there is none. Never read as who wrote (H60)."""
    for part in files:
        if part.content_type in ("message/rfc822", "message/global"):
            return _told(bodies[id(part)].head(_MAX_BYTES))
    return ""


def _told(mail: bytes) -> str:
    octets = InMemory(mail)
    root = outline(octets).root
    bodies = {id(part): decode_body(octets, part.start, part.stop, part.encoding, None) for part in leaves(root)}
    chosen = choose(root, bodies)
    prepared = prepare(chosen, bodies, [], [])
    read = {found.owner: found.part.octets.decode(found.part.codec) for found in prepared}
    text = compose(chosen.segments, read, []).text
    headers = dict(reversed(decoded_headers(root.block, root.params.get("charset", ""))))
    shown = [f"{name}: {headers[name]}" for name in _SHOWN if headers.get(name)]
    return "\n".join([_SEPARATOR, *shown, "", text]) if text.strip() else ""
