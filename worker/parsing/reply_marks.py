"""How mail programs mark what is old: one-line questions, asked of the lines of a reply."""

from __future__ import annotations

import re
from collections.abc import Sequence

from worker.parsing import reply_words as words

#: lines in which a copied header must show itself, and how many of its fields beside the first
HEADER_LINES = 8
HEADER_MINIMUM = 2

_SEPARATORS = frozenset(words.SEPARATORS)
_DELIMITERS = frozenset({"--", "__", "—"})
_MARK_CHARS = frozenset("-_=*#>＞[—")
# "e" for the attributions that end with "wrote".
_MARK_ENDS = frozenset(":：-_eE")
_COLON = re.compile("[^:：]{0,39}+[:：]")
_OPENING_CHARS = 3
_OPENINGS = frozenset(opening[:_OPENING_CHARS] for opening in (*words.SIGNATURES, *words.SEPARATORS))
_HEADER_START = re.compile(
    rf"^[\s>*_]*+(?:{'|'.join(map(re.escape, words.HEADER_STARTS))})[*_]*+\s?[:：]", re.IGNORECASE
)
_HEADER_LINE = re.compile(rf"^[\s>*_]*+(?:{'|'.join(map(re.escape, words.HEADER_LINES))})[*_]*+\s?[:：]", re.IGNORECASE)
_DATED = re.compile(r"\d{1,2}\s?[:.h時点]\s?\d{2}|\b(?:19|20)\d\d\b|\d年|<[^>\s]{1,200}@|\d{1,2}[./-]\d{1,2}[./-]\d{2}")
_RULE = re.compile(r"^\s*+(?:_{3,}|-{3,}|={3,}|\*{3,})\s*+$")


def marked(lines: Sequence[str]) -> list[int]:
    """Which lines may bear a mark: a few, found in one quick pass, so that no question is asked of the others."""
    return [
        index
        for index, line in enumerate(lines)
        if (bare := line.strip())
        and (
            bare[:1] in _MARK_CHARS
            or bare[-1:] in _MARK_ENDS
            or bare[:_OPENING_CHARS].lower() in _OPENINGS
            or ((":" in bare or "：" in bare) and _COLON.match(bare))
        )
    ]


def is_surely_quoted(line: str) -> bool:
    """A quoted line that is not the folded end of an attribution, ``>:``."""
    return line[:1] == ">" and line[1:2] not in (":", "：")


def is_quoted(line: str) -> bool:
    """A line behind a quote mark."""
    return line.lstrip()[:1] in (">", "＞")


def may_end_attribution(line: str) -> bool:
    """Whether "On … wrote:" could end here."""
    return line.rstrip().endswith((":", "：", " wrote"))


def is_attribution_start(joined: str) -> bool:
    """Its first words, or a date."""
    return joined.lower().startswith(words.ATTRIBUTION_STARTS) or joined[:1].isdigit()


def is_attribution(joined: str) -> bool:
    """Whether somebody wrote something, or an address ends the line."""
    lowered = joined.lower()
    return lowered.endswith((">:", ">：")) or any(verb in lowered for verb in words.VERBS)


def is_dated(joined: str) -> bool:
    """Whether it tells a time, a date or an address, as programs do and people do not."""
    return bool(_DATED.search(joined))


def is_separator(line: str) -> bool:
    """ "-----Original Message-----" and its kin: words of the table within rules, or on a line of their own."""
    bare = line.strip().strip("-_=*#>[] \t:").lower()
    if len(bare) < 160 and any(words in bare for words in words.REPLY_ABOVE):
        return True
    return bare in _SEPARATORS or (bare != line.strip().lower() and bare.endswith(words.SEPARATORS) and len(bare) < 80)


def is_rule(line: str) -> bool:
    """A line drawn across the mail."""
    return bool(_RULE.match(line))


def is_list_footer(rule: str, following: str) -> bool:
    """The footer that Mailman puts under every mail."""
    return is_rule(rule) and "mailing list" in following.lower()


def is_header_start(line: str) -> bool:
    """The From line of a copied header."""
    return bool(_HEADER_START.match(line))


def is_header_line(line: str) -> bool:
    """A further line of it."""
    return bool(_HEADER_LINE.match(line))


def is_signature(line: str) -> bool:
    """The delimiter of RFC 3676 section 4.3, or what telephones write."""
    bare = line.strip()
    return (bare in _DELIMITERS and line[:1] == bare[:1]) or bare.lower().startswith(words.SIGNATURES)
