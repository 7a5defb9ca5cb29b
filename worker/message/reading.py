"""parse: a Source becomes an InboundMessage. Pure, bounded, and never raises for a mail's fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from worker.message.body import choose, is_status
from worker.message.enclosed import enclosed_text
from worker.message.files import Files, Within, attach, mark_inline
from worker.message.header import decoded_headers, doubled, moment
from worker.message.identity import identity_of
from worker.message.model import InboundMessage, Source
from worker.message.people import cast, message_ids
from worker.message.skeleton import Skeleton, read_skeleton
from worker.message.status import delivery_status
from worker.message.texts import compose, prepare
from worker.message.unreadable import unreadable
from worker.message.wrapped import unwrap
from worker.parsing import calendar
from worker.parsing.fields import MAX_FIELD_BYTES
from worker.parsing.html import html_to_text
from worker.parsing.octets import Octets, opened
from worker.parsing.sanitise import sanitised
from worker.parsing.split import Outline, leaves, outline
from worker.parsing.text import one_line, visible
from worker.parsing.transfer import Decoded, decode_body
from worker.parsing.words import decode_words, from_octets, reencode_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from worker.parsing.fields import Block
    from worker.parsing.split import Part

_SINGLE = ("from", "reply-to", "subject", "date")
_JOINED = ("to", "cc")
_MAX_SUBJECT_BYTES = 8 * 1024
MAX_SUBJECT_CHARS = 4096
_MAX_CALENDARS = 3


def parse(source: Source, spool: Path | None = None) -> InboundMessage:
    """Read one mail; when it is beyond reading, ``error`` is set and the source attached. Raises nothing but OSError,
    when a file that holds the mail or its bodies cannot be read or written: that is not the mail's fault.

    ``spool``: a folder of the caller's. Bodies beyond 1 MiB become files there, which are the caller's to remove;
    without it they are held in memory.
    """
    return parse_and_tell(source, spool, lambda _: None)


def parse_and_tell(source: Source, spool: Path | None, tell: Callable[[str], None]) -> InboundMessage:
    """As ``parse``; ``tell`` hears the identity as soon as it is known, before anything difficult is tried."""
    known = ""
    try:
        with opened(_with_line_feeds(source.content)) as octets:
            cut = _cut(octets, source, spool)
            known = cut.identity
            tell(known)
            return _message(source, cut)
    except OSError:
        raise
    # Whatever a stranger's mail makes the libraries raise, RecursionError and MemoryError too, is the mail's fault.
    except Exception as error:
        return unreadable(source, f"{type(error).__name__}: {error}", known)


def _with_line_feeds(content: bytes | Path) -> bytes | Path:
    """Old Macintosh mailers end lines with CR alone."""
    if isinstance(content, bytes) and b"\n" not in content:
        return content.replace(b"\r", b"\n")
    return content


@dataclass(frozen=True, slots=True)
class _Cut:
    """A mail in parts, each leaf decoded; bodies by ``id(part)``."""

    outline: Outline
    bodies: dict[int, Decoded]
    identity: str
    #: what was said of wrappings, such as a signature
    notes: list[str]

    @property
    def block(self) -> Block:
        return self.outline.root.block


def _cut(octets: Octets, source: Source, spool: Path | None) -> _Cut:
    found = outline(octets)
    bodies = {id(part): decode_body(octets, part.start, part.stop, part.encoding, spool) for part in leaves(found.root)}
    identity = identity_of(octets, found.root, bodies, source.received_at)
    # The identity is that of the mail as it came; what is taken out of a wrapping does not change it.
    return _Cut(found, bodies, identity, unwrap(found.root, bodies, spool))


@dataclass(slots=True)
class _Body:
    """What is read beside the header."""

    skeleton: Skeleton
    text: str
    html: str
    files: Files
    notes: list[str] = field(default_factory=list)
    old_opens_with: str = ""


def _message(source: Source, cut: _Cut) -> InboundMessage:
    block = cut.block
    hint = cut.outline.root.params.get("charset", "")
    body = _body(cut, hint)
    headers = decoded_headers(block, hint)
    first = {name.lower(): value for name, value in reversed(headers)}
    people = cast(body.skeleton, first, body.notes)
    return InboundMessage(
        identity=cut.identity,
        message_id=next(iter(message_ids(first.get("message-id", ""))), ""),
        in_reply_to=message_ids(first.get("in-reply-to", "")),
        references=message_ids(first.get("references", "")),
        author=people.author,
        reply_to=people.reply_to,
        to=people.to,
        cc=people.cc,
        subject=_subject(body.skeleton.subject, first.get("subject", "")),
        sent_at=moment(block, body.skeleton.sent_at, source.received_at, body.notes),
        received_at=source.received_at,
        text=body.text,
        html=body.html,
        attachments=mark_inline(body.files.attachments, body.html),
        headers=headers,
        size_bytes=source.size_bytes,
        defects=tuple(dict.fromkeys([*cut.outline.notes, *doubled(block), *cut.notes, *body.notes, *body.files.notes])),
        unpacked_tnef=body.files.unpacked_tnef,
        old_opens_with=body.old_opens_with,
        delivery_status=_status(cut),
    )


def _body(cut: _Cut, hint: str) -> _Body:
    chosen = choose(cut.outline.root, cut.bodies)
    notes = list(chosen.notes)
    within: list[Within] = []
    prepared = prepare(chosen, cut.bodies, notes, within)
    plain = [found for found in prepared if not found.html]
    skeleton = read_skeleton(_skeleton_fields(cut.block, hint), [found.part for found in plain])
    read = {found.owner: found.part.octets.decode(found.part.codec) for found in prepared if found.html}
    read |= zip((found.owner for found in plain), skeleton.texts, strict=True)
    composed = compose(chosen.segments, read, notes)
    files = attach(chosen.files, cut.bodies, within)
    text, html = _with_tnef(composed.text, composed.html, files)
    text = _with_calendars(text or enclosed_text(chosen.files, cut.bodies), chosen.files, cut.bodies)
    return _Body(skeleton, text, html, files, notes, composed.old_opens_with)


def _skeleton_fields(block: Block, hint: str) -> dict[str, str]:
    """The fields that mail-parser reads, each once: To and Cc joined when doubled, of the others the first (H39)."""
    fields: dict[str, str] = {}
    for name in (*_SINGLE, *_JOINED):
        raws = block.all(name)
        raw = b", ".join(raws)[:MAX_FIELD_BYTES] if name in _JOINED else _first(name, raws)
        if raw:
            raw = raw[:_MAX_SUBJECT_BYTES] if name == "subject" else raw
            value = one_line(reencode_words(from_octets(raw, hint)))
            fields[name] = _with_commas(value) if name in _JOINED else value
    return fields


def _with_commas(field: str) -> str:
    """Some mailers put semicolons between recipients, as Outlook shows them; of a group they are the end."""
    return field.replace(";", ",") if ";" in field and ":" not in field and '"' not in field else field


def _first(name: str, raws: list[bytes]) -> bytes:
    """The first of doubled fields; of From the first with an address in it."""
    usable = [raw for raw in raws if b"@" in raw] if name == "from" else raws
    return next(iter(usable or raws), b"")


def _with_tnef(text: str, html: str, files: Files) -> tuple[str, str]:
    """The text within a winmail.dat stands in when the mail has none of its own."""
    if text.strip() or not (files.text or files.html):
        return text, html
    return files.text or html_to_text(files.html), html or sanitised(files.html)


def _with_calendars(text: str, files: Sequence[Part], bodies: dict[int, Decoded]) -> str:
    """The text, and below it each invitation in words."""
    invitations = [part for part in files if part.content_type in calendar.CONTENT_TYPES][:_MAX_CALENDARS]
    told = [calendar.summary(bodies[id(part)].head(calendar.MAX_CALENDAR_BYTES)) for part in invitations]
    return "\n\n".join(filter(None, (text, *told)))


def _subject(read: str, written: str) -> str:
    """mail-parser's reading, or ours when a double field made a list of it."""
    return visible(decode_words(read) or written)[:MAX_SUBJECT_CHARS]


def _status(cut: _Cut) -> tuple[dict[str, str], ...]:
    return tuple(
        recipient
        for part in leaves(cut.outline.root)
        if is_status(part)
        for recipient in delivery_status(cut.bodies[id(part)])
    )
