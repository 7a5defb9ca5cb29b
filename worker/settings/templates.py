"""The form of a field's value: text with names in braces, as "{tag}" or "{sender.domain}"; "{{" is a brace."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.settings.patterns import pattern_in
from worker.settings.route import Route

#: conditions whose patterns may capture, in the order in which a bare {1} asks them
CAPTURING = ("subject", "address", "sender")
_PARTS = [f"{who}.{part}" for who in ("sender", "address") for part in ("local", "domain", "detail")]
_NAMES = frozenset(["subject", "tag", "mailbox", "language", "sender", "sender.name", "address", *_PARTS])
_PIECE = re.compile(r"(\{\{|\}\})|\{([a-z0-9_.]{1,60})\}|([{}])|([^{}]+)", re.IGNORECASE)


def pieces(template: str) -> Iterator[tuple[str, bool]]:
    """Text, and whether it is the name of a value. Raises ValueError for a brace that stands alone."""
    for found in _PIECE.finditer(template):
        brace, name, alone, text = found.groups()
        if alone:
            raise ValueError(f"a {alone!r} that belongs to nothing; write {alone * 2} for the character itself")
        yield (name, True) if name else (brace[0] if brace else text, False)


def unknown_name(template: str, route: Route) -> str:
    """The first name that no mail of this route can give a value for, or "". Raises ValueError."""
    known = _NAMES | frozenset(_captured(route))
    return next((text for text, is_name in pieces(template) if is_name and text not in known), "")


def _captured(route: Route) -> Iterator[str]:
    for key in CAPTURING:
        written = getattr(route, key)
        pattern = pattern_in(written) if written else None
        if pattern is not None:
            names = [*map(str, range(1, pattern.groups + 1)), *pattern.groupindex]
            yield from (*names, *(f"{key}.{name}" for name in names))
