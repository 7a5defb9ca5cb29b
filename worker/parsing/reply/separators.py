"""Lines by which mail programs and helpdesks part the new from the old."""

from __future__ import annotations

from enum import Enum

from worker.parsing.reply.labels import FORWARDED, ORIGINAL, REPLY_ABOVE

_RULES = " \t-_=*#>＞[]<|~–—─━＝－+:："
_SOLID_RULES = frozenset(_RULES) - frozenset(" \t:：")
_RULED_CHARS = 3
_MAX_CHARS = 160
_ENTRIES = {**dict.fromkeys(ORIGINAL, False), **dict.fromkeys(FORWARDED, True)}
_LONGEST = 80
_REPLY_ABOVE = tuple(REPLY_ABOVE)
#: how such lines may begin where no rule stands before them
OPENING_CHARS = 3
OPENINGS = frozenset(entry[:OPENING_CHARS] for entry in _ENTRIES)


class Separator(Enum):
    """What the line announces."""

    ORIGINAL = "original"
    FORWARD = "forward"
    REPLY_ABOVE = "reply above"


def separator_of(line: str) -> tuple[Separator, bool] | None:
    """(what it announces, whether rules around it make that sure), or None for any other line."""
    # The web mailer of QQ writes the entity into plain text too.
    bare = line.replace("&nbsp;", " ").strip()
    if not bare or len(bare) > _MAX_CHARS:
        return None
    core = bare.strip(_RULES).lower()
    ruled = _is_ruled(bare)
    if ruled and asks_reply_above(core):
        return Separator.REPLY_ABOVE, True
    forwarded = _entry(core, ruled)
    if forwarded is None:
        return None
    return (Separator.FORWARD if forwarded else Separator.ORIGINAL), ruled and bare[0] not in "*<[>"


def _is_ruled(bare: str) -> bool:
    """Whether a rule of two signs begins the line, or one on either side; "- " begins a list, "# " a heading."""
    if bare[0] not in _RULES or len(bare) < _RULED_CHARS:
        return False
    return bare[1] in _SOLID_RULES or bare[-1] in _SOLID_RULES


def asks_reply_above(line: str) -> bool:
    """Whether a helpdesk asks for answers above this line; sure only within rules or below one."""
    lowered = line.lower()
    return len(lowered) <= _MAX_CHARS and any(words in lowered for words in _REPLY_ABOVE)


def _entry(core: str, ruled: bool) -> bool | None:
    """Whether the words are of a forward; None if they are in no table."""
    if len(core) > _LONGEST:
        return None
    if core in _ENTRIES:
        return _ENTRIES[core]
    if not ruled:
        return None
    # "---- Forwarded by Ann/Sales on 01/02/2012 ----", "---- Message transféré par Ann ----"
    return next(
        (forwarded for words, forwarded in _ENTRIES.items() if forwarded and core.startswith(words + " ")), None
    )
