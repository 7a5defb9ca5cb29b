"""The copied header of an older mail: "From: … Sent: … To: … Subject: …" in any language of the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from worker.parsing.reply import lines as looks
from worker.parsing.reply.labels import LABELS, SENT_NAMES, Label

_LABEL_CHARS = 40
_MAX_BLOCK_LINES = 40
# Lines in a row that continue a field, such as a long list of recipients.
_MAX_FOLDED = 6
_DECOR = " \t>＞*_|•·-"
_MAIN = {Label.DATE, Label.TO, Label.SUBJECT}
# A rule, and under it fields of a language that is not in the tables.
_UNKNOWN_FIELDS = 3


@dataclass(frozen=True, slots=True)
class CopiedHeader:
    """The fields as written, and the first line behind them."""

    fields: dict[Label, str]
    end: int


def field_of(line: str) -> tuple[Label, str, str] | None:
    """(what it tells, its name in lower case, its value) of a line that is a field, else None."""
    bare = line.lstrip(_DECOR)
    cut = _colon(bare)
    if cut <= 0:
        return None
    name = bare[:cut].strip(_DECOR).lower()
    label = LABELS.get(name)
    if label is None:
        return None
    return label, name, bare[cut + 1 :].strip(_DECOR + ":：")


def _colon(bare: str) -> int:
    """Where a field's name ends: at a colon of either width or, in tables, at a bar."""
    ends = [at for mark in (":", "：", "|") if (at := bare.find(mark, 0, _LABEL_CHARS)) > 0]
    return min(ends, default=-1)


def copied_header(lines: Sequence[str], first: int, announced: bool = False) -> CopiedHeader | None:
    """The copied header that begins at ``first``; ``announced``: a separator stands above it."""
    if first >= len(lines) or field_of(lines[first]) is None:
        return None
    reader = _Reader(lines, first)
    reader.read()
    if not reader.is_copied(announced):
        return None
    return CopiedHeader(reader.fields, reader.end)


class _Reader:
    """Walks over the fields, folded lines and the empty lines that HTML leaves between them."""

    def __init__(self, lines: Sequence[str], first: int) -> None:
        self._lines = lines
        self._last = min(len(lines), first + _MAX_BLOCK_LINES)
        self._first = first
        self._sent = False
        self._current: Label | None = None
        self.fields: dict[Label, str] = {}
        self.end = first

    def read(self) -> None:
        """Collect the fields; the end is behind the last line that belongs to one."""
        index, folded = self._first, 0
        while index < self._last and folded <= _MAX_FOLDED:
            line = self._lines[index]
            found = field_of(line)
            if found is not None and not (found[0] in self.fields and found[0] is Label.FROM):
                self._add(found)
                self.end, folded = index + 1, 0
            elif not line.strip(_DECOR):
                if not self._goes_on(index):
                    break
            elif not self._continues(index, line):
                break
            else:
                folded += 1
            index += 1

    def _add(self, found: tuple[Label, str, str]) -> None:
        label, name, value = found
        self.fields.setdefault(label, value)
        self._sent = self._sent or name in SENT_NAMES
        self._current = label

    def _goes_on(self, index: int) -> bool:
        """Whether a field follows the empty line at ``index``, as where each field is a paragraph of HTML."""
        return index + 1 < self._last and field_of(self._lines[index + 1]) is not None

    def _continues(self, index: int, line: str) -> bool:
        """Whether the line is the folded rest of a field: recipients, or text with a further field below it."""
        if self._current is None:
            return False
        value = self.fields[self._current]
        before = self._lines[index - 1].rstrip()
        if not value or before.endswith((",", ";")) or line.startswith(("\t", "        ")):
            self.fields[self._current] = f"{value} {line.strip(_DECOR)}".strip()
            self.end = index + 1
            return True
        return index + 1 < self._last and field_of(self._lines[index + 1]) is not None

    def is_copied(self, announced: bool) -> bool:
        """Whether what was read is a header and not a form that somebody filled in."""
        found = self.fields.keys() & _MAIN
        if Label.FROM not in self.fields:
            return announced and len(found) > 1
        if announced:
            return bool(found)
        return len(found) > 1 and (Label.SUBJECT in found or self._sent or self._is_written_by_program())

    def _is_written_by_program(self) -> bool:
        when = self.fields.get(Label.DATE, "")
        return any(map(looks.has_address, self.fields.values())) or (looks.has_date(when) and looks.has_time(when))


def is_unknown_header(lines: Sequence[str], first: int) -> bool:
    """Whether behind a rule stand fields of any language: short names, an address and a time among their values."""
    names = 0
    block: list[str] = []
    for line in lines[first : first + 8]:
        bare = line.strip(_DECOR)
        if not bare:
            if names or block:
                break
            continue
        cut = _colon(bare)
        if cut <= 0 or len(bare[:cut].split()) > 3:
            break
        names += 1
        block.append(bare)
    joined = " ".join(block)
    return names >= _UNKNOWN_FIELDS and looks.has_address(joined) and looks.has_time(joined)
