"""A mail cut into its parts by position: linear, bounded, nothing copied and nothing decoded (RFC 2046)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from worker.parsing.fields import Block, read_block
from worker.parsing.params import media_type, split_params
from worker.parsing.words import decode_words, from_octets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.parsing.octets import Octets

MAX_DEPTH = 50
MAX_PARTS = 500
#: header block of a part, not of the message
PART_HEADER_BYTES = 64 * 1024
# Lines that begin like a boundary and are none; beyond so many the mail is an attack on this loop.
MAX_NEAR_MISSES = 20_000
_LINE_REST_BYTES = 80
OPAQUE = "application/octet-stream"


@dataclass(slots=True)
class Part:
    """One part by position: [start, stop) is its body, still in its transfer encoding."""

    block: Block
    content_type: str
    params: dict[str, str]
    disposition: str
    #: file name as sent, decoded; "" if none
    file_name: str
    encoding: str
    content_id: str
    start: int
    stop: int
    children: list[Part] = field(default_factory=list)
    #: ranges outside the children that a reader never sees: preamble and epilogue
    unseen: list[tuple[int, int]] = field(default_factory=list)

    @property
    def is_multipart(self) -> bool:
        """Whether its content is its children."""
        return bool(self.children)

    @property
    def main_type(self) -> str:
        """The type before the slash."""
        return self.content_type.partition("/")[0]


@dataclass(slots=True)
class Outline:
    """The parts of a mail and what was odd about them."""

    root: Part
    notes: list[str]


def outline(octets: Octets) -> Outline:
    """Cut a mail into its parts. Raises OSError only (spool file)."""
    return _Splitter(octets).run()


def leaves(part: Part) -> Iterator[Part]:
    """Every part without children, in order of appearance."""
    if not part.children:
        yield part
    for child in part.children:
        yield from leaves(child)


class _Splitter:
    """Counts parts and near misses over one whole mail."""

    def __init__(self, octets: Octets) -> None:
        self._octets = octets
        self._notes: list[str] = []
        self._parts = 0
        self._near_misses = 0

    def run(self) -> Outline:
        block = read_block(self._octets, 0, self._octets.size)
        self._notes += block.notes
        root = _part(block, self._octets.size, "text/plain")
        self._descend(root, 1)
        return Outline(root, list(dict.fromkeys(self._notes)))

    def _note(self, note: str) -> None:
        self._notes.append(note)

    def _descend(self, part: Part, depth: int) -> None:
        if part.main_type != "multipart":
            return
        if depth > MAX_DEPTH:
            self._note(f"mime_depth: parts nested deeper than {MAX_DEPTH} are kept as one attachment")
            part.content_type = OPAQUE
            return
        ranges = self._ranges(part)
        if not ranges:
            self._note("a multipart without its boundary was read as text")
            part.content_type = "text/plain"
            return
        default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
        for start, stop in ranges:
            part.children.append(self._child(start, stop, default))
        for child in part.children:
            self._descend(child, depth + 1)

    def _child(self, start: int, stop: int, default: str) -> Part:
        self._parts += 1
        if self._parts > MAX_PARTS:
            return _part(Block((), start), stop, OPAQUE)
        block = read_block(self._octets, start, stop, PART_HEADER_BYTES)
        self._notes += block.notes
        return _part(block, stop, default)

    def _ranges(self, part: Part) -> list[tuple[int, int]]:
        """The ranges of the children; empty when the boundary is missing or never appears."""
        for boundary in _boundaries(part.params.get("boundary", "")):
            ranges = self._cut(part, boundary)
            if ranges:
                return ranges
        return []

    def _cut(self, part: Part, boundary: bytes) -> list[tuple[int, int]]:
        needle = b"--" + boundary
        ranges: list[tuple[int, int]] = []
        begun = -1
        unseen = part.start
        for line_start, content_start, closing in self._delimiters(needle, part.start, part.stop):
            if begun >= 0:
                ranges.append((begun, self._before(begun, line_start)))
            else:
                part.unseen.append((unseen, line_start))
            # Broken mailers go on after the closing delimiter; what follows is read as well.
            begun, unseen = (-1, content_start) if closing else (content_start, part.stop)
            if self._parts + len(ranges) >= MAX_PARTS:
                self._note(f"parts beyond {MAX_PARTS} are kept as one attachment")
                return [*ranges, (content_start, part.stop)]
        part.unseen.append((unseen, part.stop))
        if begun >= 0:
            self._note("the closing boundary is missing")
            ranges.append((begun, part.stop))
        return ranges

    def _delimiters(self, needle: bytes, start: int, stop: int) -> Iterator[tuple[int, int, bool]]:
        """(start of line, start of what follows, is it the closing one) of each delimiter line."""
        position = start
        while (found := self._octets.find(needle, position, stop)) >= 0:
            after = found + len(needle)
            kind = self._kind(found, after, start, stop)
            if kind is None:
                self._near_misses += 1
                if self._near_misses > MAX_NEAR_MISSES:
                    self._note("too many lines that look like a boundary")
                    return
                position = found + 2
                continue
            line_end = self._octets.find(b"\n", after, stop)
            position = line_end + 1 if line_end >= 0 else stop
            yield found, position, kind

    def _kind(self, found: int, after: int, start: int, stop: int) -> bool | None:
        """True for a closing delimiter, False for one that opens a part, None for neither."""
        if found > start and self._octets.read(found - 1, found) != b"\n":
            return None
        rest = self._octets.read(after, min(stop, after + _LINE_REST_BYTES)).partition(b"\n")[0]
        if not rest.strip():
            return False
        return True if rest.startswith(b"--") else None

    def _before(self, start: int, line_start: int) -> int:
        """Where a part ends: the line end before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1)."""
        tail = self._octets.read(max(start, line_start - 2), line_start)
        if tail.endswith(b"\r\n"):
            return line_start - 2
        return line_start - 1 if tail.endswith(b"\n") else line_start


def _boundaries(boundary: str) -> list[bytes]:
    """The boundary as written and, when it was folded, without the space that folding brought in."""
    written = boundary.encode("utf-8", "surrogateescape")
    tight = b"".join(written.split())
    return [candidate for candidate in dict.fromkeys((written, tight)) if candidate]


def _part(block: Block, stop: int, default: str) -> Part:
    content_type, params = media_type(_raw(block, "content-type"), default)
    disposition, more = split_params(_raw(block, "content-disposition"))
    name = more.get("filename") or params.get("name") or more.get("name") or params.get("filename") or ""
    return Part(
        block=block,
        content_type=content_type,
        params=params,
        disposition=disposition,
        file_name=name,
        encoding=_raw(block, "content-transfer-encoding").strip().strip(";\"'").lower(),
        content_id=decode_words(_raw(block, "content-id")).strip().strip("<>").strip(),
        start=min(block.body_start, stop),
        stop=stop,
    )


def _raw(block: Block, name: str) -> str:
    return from_octets(block.first(name))
