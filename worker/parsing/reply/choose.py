"""Which of the judged lines are handed on: the new ones, and quotes between answers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from worker.parsing.reply import lines as looks
from worker.parsing.reply import tail
from worker.parsing.reply.strip import NEW, QUOTED, Stripper

#: lines that are looked at; a longer text is not a reply that anybody typed
MAX_LINES = 20_000
# With so many answers below quotes, each answer needs the quote above it to be understood.
_ANSWERS_MINIMUM = 2
# A quoted line of this length was cut by a mailer, and its rest stands alone on the next line.
_CUT_CHARS = 64
_SENTENCE_ENDS = (".", "?", "!", ":", ";", "。", "？", "！")

Run = tuple[int, int, int]


def new_part(text: str, old_opens_with: str = "") -> str:
    """The text without what it quotes; the whole text when nothing else is in it. Linear in the text.

    ``old_opens_with``: the line with which the old begins, as ``old_opening`` read it out of the mail's HTML; or "".
    Every line of the answer is a line of ``text``, in the same order.
    """
    if text.count("\n") >= MAX_LINES:
        return text.strip()
    whole = text.split("\n")
    stripper = Stripper(text, old_opens_with)
    stripper.run()
    kept = _kept(whole, stripper)
    return "\n".join(tail.without_notices(kept)).strip() or text.strip()


def _kept(whole: list[str], stripper: Stripper) -> list[str]:
    runs = _runs(stripper)
    written = [run for run in runs if run[0] == NEW and _is_written(stripper.lines, run)]
    shown = {run: whole[run[1] : run[2]] for run in runs if run[0] == NEW}
    if _answers(runs, written) >= _ANSWERS_MINIMUM:
        shown |= {run: whole[run[1] : run[2]] for run in _context(runs, written)}
    kept = [line for run in runs for line in shown.get(run, ())]
    while kept and (not kept[-1].strip() or looks.is_rule(kept[-1])):
        kept.pop()
    return kept


def _runs(stripper: Stripper) -> list[Run]:
    """(kind, first, end) of lines of one kind; the rests of quoted lines that a mailer cut are quoted."""
    kinds = stripper.kinds
    for index in range(1, len(kinds) - 1):
        if kinds[index] == NEW and kinds[index - 1] == QUOTED == kinds[index + 1]:
            kinds[index] = QUOTED if _is_cut_off(stripper.lines, index) else NEW
    runs: list[Run] = []
    for kind, group in groupby(range(len(kinds)), key=kinds.__getitem__):
        indexes = list(group)
        runs.append((kind, indexes[0], indexes[-1] + 1))
    return runs


def _is_cut_off(lines: Sequence[str], index: int) -> bool:
    """Whether the line is the end of the long quoted line above it and not an answer to it."""
    above, line = lines[index - 1].rstrip(), lines[index]
    return len(above) >= _CUT_CHARS and not above.endswith(_SENTENCE_ENDS) and line[:1].islower()


def _is_written(lines: Sequence[str], run: Run) -> bool:
    return any(line.strip() and not looks.is_rule(line) for line in lines[run[1] : run[2]])


def _answers(runs: Sequence[Run], written: Sequence[Run]) -> int:
    """How many written runs stand below a quote."""
    first = next((run[1] for run in runs if run[0] == QUOTED), None)
    return 0 if first is None else sum(run[1] > first for run in written)


def _context(runs: Sequence[Run], written: Sequence[Run]) -> list[Run]:
    """The quotes above the last answer."""
    last = written[-1][1]
    return [run for run in runs if run[0] == QUOTED and run[1] < last]
