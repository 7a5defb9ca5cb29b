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
    return "\n".join(_Stripper(lines).run()).strip() or text.strip()


class _Stripper:
    """Copies line by line; what ends the new part stops it, what is quoted is skipped."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = [line[:_MAX_LINE_CHARS].replace("\u00a0", " ") for line in lines]
        self._whole = lines
        self._kept: list[str] = []

    def run(self) -> list[str]:
        for index in range(self._forward_header(), len(self._lines)):
            line = self._lines[index]
            if marks.is_surely_quoted(line):
                continue
            if marks.is_plain(line):
                self._kept.append(self._whole[index])
                continue
            if self._ends_here(index, line):
                break
            attribution = marks.may_end_attribution(line) and self._drop_attribution(index)
            if attribution and not self._quote_follows(index):
                break
            if not attribution and not marks.is_quoted(line):
                self._kept.append(self._whole[index])
        while self._kept and (not self._kept[-1].strip() or marks.is_rule(self._kept[-1])):
            self._kept.pop()
        return self._kept

    def _forward_header(self) -> int:
        """Where a mail that begins with a copied header goes on: it is a forward, and what follows is its text."""
        first = next((index for index, line in enumerate(self._lines) if line.strip()), 0)
        head = first + 1 if marks.is_separator(self._lines[first]) else first
        if not self._header_follows(head):
            return 0
        return next((index for index in range(head + 1, len(self._lines)) if not self._lines[index].strip()), 0)

    def _ends_here(self, index: int, line: str) -> bool:
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
