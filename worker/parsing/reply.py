"""The new part of a reply: quotes, attributions, copied headers and signatures left out. One pass over the lines."""

from __future__ import annotations

from worker.parsing import reply_marks as marks

#: lines that are looked at; a longer text is not a reply that anybody typed
MAX_LINES = 20_000
_MAX_LINE_CHARS = 500
# An attribution is folded by mailers over this many lines at most.
_ATTRIBUTION_LINES = 4


def new_part(text: str) -> str:
    """The text without what it quotes; the whole text when nothing else is in it. Linear in the text."""
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        return text.strip()
    return "\n".join(_Stripper(text, lines).run()).strip() or text.strip()


class _Stripper:
    """Copies line by line; what ends the new part stops it, what is quoted is skipped."""

    def __init__(self, text: str, lines: list[str]) -> None:
        spaced = text.replace("\u00a0", " ").split("\n") if "\u00a0" in text else lines
        self._lines = [line if len(line) <= _MAX_LINE_CHARS else line[:_MAX_LINE_CHARS] for line in spaced]
        self._whole = lines
        self._kept: list[str] = []

    def run(self) -> list[str]:
        position = self._forward_header()
        stop = len(self._lines)
        for index in marks.marked(self._lines):
            if index < position:
                continue
            self._kept += self._whole[position:index]
            position = index + 1
            if self._ends_at(index):
                stop = position
                break
        self._kept += self._whole[position:stop]
        while self._kept and (not self._kept[-1].strip() or marks.is_rule(self._kept[-1])):
            self._kept.pop()
        return self._kept

    def _ends_at(self, index: int) -> bool:
        """Keep or drop a line that may bear a mark; True when nothing new follows it."""
        line = self._lines[index]
        if marks.is_surely_quoted(line):
            return False
        if self._all_old_from(index, line):
            return True
        if marks.may_end_attribution(line) and self._drop_attribution(index):
            return not self._quote_follows(index)
        if not marks.is_quoted(line):
            self._kept.append(self._whole[index])
        return False

    def _forward_header(self) -> int:
        """Where a mail that begins with a copied header goes on: it is a forward, and what follows is its text."""
        first = next((index for index, line in enumerate(self._lines) if line.strip()), 0)
        head = first + 1 if marks.is_separator(self._lines[first]) else first
        if not self._header_follows(head):
            return 0
        return next((index for index in range(head + 1, len(self._lines)) if not self._lines[index].strip()), 0)

    def _all_old_from(self, index: int, line: str) -> bool:
        """Whether all that follows is old, a signature or a list's footer."""
        if marks.is_signature(line) or marks.is_separator(line) or self._header_follows(index):
            return True
        return index + 1 < len(self._lines) and marks.is_list_footer(line, self._lines[index + 1])

    def _header_follows(self, index: int) -> bool:
        """Whether the lines from ``index`` on are the copied header of an older mail."""
        if index >= len(self._lines) or not marks.is_header_start(self._lines[index]):
            return False
        block = self._lines[index + 1 : index + marks.HEADER_LINES]
        return sum(map(marks.is_header_line, block)) >= marks.HEADER_MINIMUM

    def _drop_attribution(self, index: int) -> bool:
        """Take back the lines of "On … wrote:" that ends at ``index``; False when it is the author's own sentence."""
        joined, taken = self._joined(index)
        started = marks.is_attribution_start(joined)
        sure = started and marks.is_dated(joined)
        if not marks.is_attribution(joined) or not (sure or self._quote_follows(index)):
            return False
        if started and taken:
            del self._kept[-taken:]
        return True

    def _joined(self, index: int) -> tuple[str, int]:
        """The line with those before it that it continues, and how many these are."""
        joined, taken = self._lines[index].strip(), 0
        while not marks.is_attribution_start(joined) and taken < _ATTRIBUTION_LINES - 1:
            if taken >= len(self._kept) or not self._kept[-1 - taken].strip():
                break
            taken += 1
            joined = self._kept[-taken][:_MAX_LINE_CHARS].strip() + " " + joined
        return joined, taken

    def _quote_follows(self, index: int) -> bool:
        following = (line for line in self._lines[index + 1 : index + 4] if line.strip())
        return marks.is_quoted(next(following, ""))
