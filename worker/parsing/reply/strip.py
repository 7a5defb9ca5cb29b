"""One pass over the lines of a mail: each is new, quoted, old or a signature."""

from __future__ import annotations

from collections.abc import Sequence

from worker.parsing.reply import attribution, copied, separators, tail
from worker.parsing.reply import lines as looks
from worker.parsing.reply.attribution import Proof
from worker.parsing.reply.closings import SENT_ENDS
from worker.parsing.reply.separators import asks_reply_above, separator_of

#: what a line is
NEW, QUOTED, OLD, SIGNATURE = range(4)
# An attribution is folded by mailers over this many lines at most, and this many empty ones may follow it.
_ATTRIBUTION_LINES = 4
_GAP_LINES = 3
# Lines that are looked at closely; a text with more of them is a log or an attack, and costs no more than this.
_MAX_DOUBTS = 500
_MARK_CHARS = frozenset("-_=*#>＞[—–<|+~═━─")
# "e", "道" and their like for attributions that forget the colon.
_MARK_ENDS = frozenset(":：*_-")
_MARK_ENDINGS = ("wrote", "écrit", "写道", "寫道", "작성", "schreef", "skrev", *SENT_ENDS)
_OPENINGS = tail.OPENINGS | separators.OPENINGS
_OPENING_CHARS = 3
_LABEL_CHARS = 40


def marked(lines: Sequence[str]) -> list[int]:
    """Which lines may bear a mark: a few, found in one quick pass, so that no question is asked of the others."""
    return [index for index, line in enumerate(lines) if (bare := line.strip()) and _may_bear(bare)]


def _may_bear(bare: str) -> bool:
    if bare[0] in _MARK_CHARS or bare[-1] in _MARK_ENDS or bare[:_OPENING_CHARS].lower() in _OPENINGS:
        return True
    if bare.endswith(_MARK_ENDINGS):
        return True
    return (":" in bare or "：" in bare) and copied.field_of(bare[:_LABEL_CHARS]) is not None


class Stripper:
    """Says of each line what it is."""

    def __init__(self, text: str, hint: str = "") -> None:
        """``hint``: the line with which the old begins, as the HTML of the mail tells; or ""."""
        self.lines = looks.viewed(text)
        self.kinds = bytearray(len(self.lines))
        #: where all that follows is old, or -1
        self.old_from = -1
        #: where a forward begins that nothing new stands above, or -1
        self.forwarded_at = -1
        self._hint = hint
        self._signed_from = -1
        self._doubts = _MAX_DOUBTS

    def run(self) -> None:
        """Fill ``kinds``."""
        position = self._skip_forward_header()
        for index in self._marked():
            if index < position:
                continue
            position = self._judge(index)
        self._sign(len(self.lines))

    def _marked(self) -> list[int]:
        found = marked(self.lines)
        if self._hint:
            found = sorted({*found, *self._hinted()})
        return found

    def _hinted(self) -> list[int]:
        """The first line, below something new, that reads as the hint does."""
        seen = False
        for index, line in enumerate(self.lines):
            if seen and line.strip(" \t>*") == self._hint:
                return [index]
            seen = seen or bool(line.strip())
        return []

    def _judge(self, index: int) -> int:
        """Mark the line, and others that go with it; where to go on."""
        line = self.lines[index]
        if self._is_quote(index, line):
            self._sign(index)
            self.kinds[index] = QUOTED
            return index + 1
        if self._doubts <= 0:
            return index + 1
        self._doubts -= 1
        if self._begins_old(index, line):
            return self._end(index)
        if self._is_announced(index, line) or (attribution.may_end(line) and self._is_attributed(index)):
            return index + 1 if self._quote_follows(index) else self._end(index)
        if self._signed_from < 0 and self._is_signature(index, line):
            self._signed_from = index
        return index + 1

    def _is_announced(self, index: int, line: str) -> bool:
        """Mark the line if the mail's HTML says that the old begins with it."""
        if not self._hint or line.strip(" \t>*") != self._hint or NEW not in self.kinds[:index]:
            return False
        self._sign(index)
        self.kinds[index] = OLD
        return True

    def _end(self, index: int) -> int:
        """All from ``index`` on is old."""
        self._sign(index)
        self.old_from = index
        count = len(self.lines)
        self.kinds[index:] = bytes([OLD]) * (count - index)
        return count

    def _sign(self, end: int) -> None:
        """What stands between a signature's first line and ``end`` belongs to it."""
        begin, self._signed_from = self._signed_from, -1
        if begin >= 0:
            self.kinds[begin:end] = bytes([SIGNATURE]) * (end - begin)

    def _is_quote(self, index: int, line: str) -> bool:
        """A quoted line; ``>:`` ends an attribution, and a lone ``>From`` is how mbox files write From."""
        if not looks.is_quoted(line):
            return False
        if line.startswith((">:", ">：")):
            return False
        return not (line.startswith(">From ") and not self._quoted_beside(index))

    def _quoted_beside(self, index: int) -> bool:
        return looks.is_quoted(self._line(index - 1)) or looks.is_quoted(self._line(index + 1))

    def _line(self, index: int) -> str:
        return self.lines[index] if 0 <= index < len(self.lines) else ""

    def _skip_forward_header(self) -> int:
        """A mail that begins with a copied header is a forward: what follows the header is its text."""
        first = self._next_written(0)
        announced = self._line(first) != "" and separator_of(self.lines[first]) is not None
        head = self._next_written(first + 1) if announced else first
        found = copied.copied_header(self.lines, head, announced)
        if found is None:
            return 0
        self.forwarded_at = first
        self.kinds[: found.end] = bytes([OLD]) * found.end
        return found.end

    def _next_written(self, index: int) -> int:
        """The first line from ``index`` on that is not empty; the number of lines if there is none."""
        count = len(self.lines)
        while index < count and not self.lines[index].strip():
            index += 1
        return index

    def _begins_old(self, index: int, line: str) -> bool:
        """Whether all that follows is old, or a list's footer."""
        if copied.copied_header(self.lines, index) is not None:
            return True
        found = separator_of(line)
        if found is not None:
            return found[1] or self._header_near(index)
        if not looks.is_rule(line):
            return False
        after = self._next_written(index + 1)
        if after - index > _GAP_LINES + 1 or after == len(self.lines):
            return False
        if asks_reply_above(self.lines[after]):
            return True
        return tail.is_footer(self.lines, index) or copied.is_unknown_header(self.lines, after)

    def _header_near(self, index: int) -> bool:
        """Whether a copied header or a quote stands right below the words "original message" without rules."""
        after = self._next_written(index + 1)
        if after - index > _GAP_LINES or after == len(self.lines):
            return False
        return looks.is_quoted(self.lines[after]) or copied.copied_header(self.lines, after, True) is not None

    def _is_attributed(self, index: int) -> bool:
        """Mark the lines of "On … wrote:" that ends at ``index``; False when it is the author's own sentence."""
        first = self._attribution_start(index)
        if first < 0:
            return False
        self._sign(first)
        self.kinds[first : index + 1] = bytes([OLD]) * (index + 1 - first)
        return True

    def _attribution_start(self, index: int) -> int:
        """The first line of the attribution that ends at ``index``, or -1: the nearest that is sure, else likely."""
        likely = self._quote_follows(index)
        best, first, joined = (0, -1), index, ""
        while first > index - _ATTRIBUTION_LINES and self._is_open(first):
            joined = f"{self.lines[first].strip()} {joined}".strip()
            proof = attribution.weigh(joined)
            if proof is Proof.SURE or (likely and proof is Proof.LIKELY):
                best = max(best, (self._rank(first, proof is Proof.SURE), first))
            first -= 1
        first = best[1]
        if first > 0 and self._is_open(first - 1) and not _has_address(self.lines[first : index + 1]):
            return first - attribution.is_person(self.lines[first - 1])
        return first

    def _rank(self, first: int, sure: bool) -> int:
        """How well an attribution begins with this line; of equals the nearer is taken."""
        line = self.lines[first].strip()
        if line.startswith(("<", ">")):
            return 1
        return 2 + 3 * sure + attribution.start_of(line).value

    def _is_open(self, index: int) -> bool:
        """Whether the line is written upon and not judged yet."""
        return index >= 0 and bool(self.lines[index].strip()) and self.kinds[index] == NEW

    def _quote_follows(self, index: int) -> bool:
        after = self._next_written(index + 1)
        if after - index > _GAP_LINES + 1:
            return False
        return looks.is_quoted(self._line(after)) or looks.is_oddly_quoted(self._line(after))

    def _is_signature(self, index: int, line: str) -> bool:
        if tail.is_delimiter(line):
            return True
        return tail.is_sent_from(line) and self._stands_apart(index)

    def _stands_apart(self, index: int) -> bool:
        """Whether the line begins or ends its paragraph, as a sentence in one does not."""
        return not self._line(index - 1).strip() or not self._line(index + 1).strip()


def _has_address(lines: Sequence[str]) -> bool:
    return any(map(looks.has_address, lines))
