"""The body's texts put together: decoded, cleaned, as plain text and as harmless HTML."""

from __future__ import annotations

import html as html_escapes
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.message.body import MAX_TEXT_BYTES, Chosen, Segment
from worker.message.files import Within
from worker.message.skeleton import TextPart
from worker.parsing import armour, charset
from worker.parsing.flowed import unflowed
from worker.parsing.html import html_to_text
from worker.parsing.inlined import extracted
from worker.parsing.page import cleanable
from worker.parsing.reply.page import old_opening
from worker.parsing.sanitise import sanitised
from worker.parsing.text import clean
from worker.parsing.words import decode_field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.parsing.split import Part
    from worker.parsing.transfer import Decoded

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_HEAD_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Prepared:
    """A text part in a charset that fits, and whose it is."""

    owner: int
    html: bool
    part: TextPart


def prepare(chosen: Chosen, bodies: dict[int, Decoded], notes: list[str], within: list[Within]) -> list[Prepared]:
    """The text parts that are not empty, each with a charset that fits its octets; files in them go to ``within``."""
    prepared: list[Prepared] = []
    for part in chosen.text_parts():
        octets = _head(bodies[id(part)])
        html = part.content_type == "text/html"
        if not html:
            octets = _without_files(octets, notes, within)
        codec, octets, note = charset.settle(octets, _label(part, octets, html))
        if note:
            notes.append(note)
        if octets.strip():
            prepared.append(Prepared(id(part), html, TextPart(octets, codec)))
    return prepared


def _without_files(octets: bytes, notes: list[str], within: list[Within]) -> bytes:
    """A text less the files and the PGP armour that stand in it."""
    armoured = armour.opened(octets)
    notes += armoured.notes
    within += (Within("encrypted.asc", block, "application/pgp-encrypted") for block in armoured.blocks)
    text, files = extracted(armoured.text)
    within += (Within(decode_field(file.name), file.content) for file in files)
    return text


def _head(body: Decoded) -> bytes:
    """The octets that are read; cut at a line end, lest a character is cut."""
    octets = body.head(MAX_TEXT_BYTES)
    return octets if body.size_bytes <= MAX_TEXT_BYTES else octets[: octets.rfind(b"\n") + 1 or len(octets)]


def _label(part: Part, octets: bytes, html: bool) -> str:
    label = part.params.get("charset", "")
    if html and not label:
        found = _META_CHARSET.search(octets[:_HEAD_BYTES])
        label = found[1].decode("ascii") if found else ""
    return label


@dataclass(frozen=True, slots=True)
class Composed:
    """The plain text, the HTML ("" if there was none), and with what the old part opens where HTML says so."""

    text: str
    html: str
    old_opens_with: str = ""


def compose(segments: Sequence[Segment], read: dict[int, str], notes: list[str]) -> Composed:
    """``read`` holds the decoded text of each part by ``id(part)``."""
    plain: list[str] = []
    pages: list[str] = []
    for segment in segments:
        text = "\n".join(_plain(part, read.get(id(part), "")) for part in segment.plain)
        page = "\n".join(clean(read.get(id(part), "")) for part in segment.html)
        plain.append(text if text.strip() or not page else html_to_text(page))
        pages.append(page or _as_html(text))
    whole = "\n\n".join(filter(None, (text.strip("\n") for text in plain)))
    if not any(segment.html for segment in segments):
        return Composed(whole, "")
    page = "\n".join(pages)
    shown = sanitised(page)
    if page.strip() and not shown and not cleanable(page):
        notes.append("the HTML is too deep or too big to be shown; its text is kept")
    return Composed(whole, shown, old_opening(page))


def _as_html(text: str) -> str:
    """Plain text that stands beside HTML, such as the footer of a list."""
    return f"<p>{html_escapes.escape(text, quote=False).replace(chr(10), '<br>')}</p>" if text.strip() else ""


def _plain(part: Part, text: str) -> str:
    cleaned = clean(text)
    if part.params.get("format", "").lower() != "flowed":
        return cleaned
    return unflowed(cleaned, delete_space=part.params.get("delsp", "").lower() == "yes")
