"""From parts to what a person reads: which parts are the body, which are files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from worker.message.status import CONTENT_TYPES as STATUS_TYPES

if TYPE_CHECKING:
    from worker.parsing.split import Part
    from worker.parsing.transfer import Decoded

#: octets of one text part that are read as body; a longer part is also attached whole
MAX_TEXT_BYTES = 1024 * 1024
#: octets of all text parts together; further ones are attached
MAX_ALL_TEXT_BYTES = 2 * 1024 * 1024
_BODY_TYPES = frozenset({"text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown", "text"})


_FORMS = frozenset({"text/plain", "text/html"})
_CALENDARS = frozenset({"text/calendar", "application/ics"})


@dataclass(slots=True)
class Segment:
    """A piece of the body: the same text as plain, as HTML, or as both."""

    plain: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)


@dataclass(slots=True)
class Chosen:
    """The body in order, and the files in order; a part may be in both when it is long."""

    segments: list[Segment] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def text_parts(self) -> Iterator[Part]:
        """Every part of the body, in a fixed order."""
        for segment in self.segments:
            yield from segment.plain
            yield from segment.html


def choose(root: Part, bodies: dict[int, Decoded]) -> Chosen:
    """Sort the leaves of a mail into body and files (RFC 2046 section 5.1, RFC 2183)."""
    chooser = _Chooser(bodies)
    chooser.visit(root, is_root=True)
    return _settled(chooser.chosen)


def _settled(chosen: Chosen) -> Chosen:
    """Without any body, named texts that are not attachments are read as well; a calendar is kept once."""
    if not chosen.segments:
        named = [
            part for part in chosen.files if part.content_type == "text/plain" and part.disposition != "attachment"
        ]
        chosen.segments = [Segment(plain=[part]) for part in named]
    calendars = [part for part in chosen.files if part.content_type in _CALENDARS]
    if any(part.file_name for part in calendars):
        # The invitation stands in the mail twice: as an alternative without name, and as a file.
        chosen.files = [part for part in chosen.files if part not in calendars or part.file_name]
    return chosen


class _Chooser:
    def __init__(self, bodies: dict[int, Decoded]) -> None:
        self._bodies = bodies
        self._text_bytes = 0
        self.chosen = Chosen()

    def visit(self, part: Part, *, is_root: bool = False) -> None:
        if part.content_type == "multipart/alternative":
            self._visit_alternatives(part)
        elif part.children:
            for child in part.children:
                self.visit(child)
        elif self._is_body(part, is_root) and self._has_room(part):
            self._add_text(part)
        elif part.file_name or part.content_type != "application/pgp-signature":
            # A detached signature is worth nothing without the exact octets that it signs.
            self.chosen.files.append(part)

    def _visit_alternatives(self, part: Part) -> None:
        """The alternatives say the same: one segment with every form of it."""
        before = len(self.chosen.segments)
        for child in part.children:
            # A form of the text is a form of the text, whatever name its mailer gave it.
            self.visit(child, is_root=child.content_type in _FORMS)
        forms = self.chosen.segments[before:]
        if forms:
            plain = [text for form in forms for text in form.plain]
            self.chosen.segments[before:] = [Segment(plain, [text for form in forms for text in form.html])]

    def _is_body(self, part: Part, is_root: bool) -> bool:
        if part.content_type not in _BODY_TYPES or part.disposition == "attachment":
            return False
        return is_root or not part.file_name

    def _has_room(self, part: Part) -> bool:
        size = min(self._bodies[id(part)].size_bytes, MAX_TEXT_BYTES)
        if self._text_bytes + size > MAX_ALL_TEXT_BYTES:
            self.chosen.notes.append("text beyond the limit is attached, not shown")
            return False
        self._text_bytes += size
        return True

    def _add_text(self, part: Part) -> None:
        segment = Segment(html=[part]) if part.content_type == "text/html" else Segment(plain=[part])
        self.chosen.segments.append(segment)
        if self._bodies[id(part)].size_bytes > MAX_TEXT_BYTES:
            self.chosen.notes.append(f"a text was cut at {MAX_TEXT_BYTES} bytes; the whole is attached")
            self.chosen.files.append(part)


def is_status(part: Part) -> bool:
    """Whether the part is a server's report on a delivery."""
    return part.content_type in STATUS_TYPES
