"""What may be shown of an answer: no secret, no control character, not much of it."""

from __future__ import annotations

import re
from collections.abc import Iterable

_EXCERPT_CHARS = 300
_UNSEEN = "…"
#: forms in which a secret that we do not know by value may be echoed
_CREDENTIAL = re.compile(
    r"""(?ix) (?: \b(?:bearer|basic) \s+ | (?:token|secret|password) ["']? \s* [:=] \s* ["']? )
        ([^\s"',;&}]{6,})"""
)


class Secrets:
    """The values that must never be shown, and the excerpt that leaves them out."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values = {value for value in values if value}

    def add(self, value: str) -> None:
        """Remember one more, such as a token just received."""
        if value:
            self._values = {*self._values, value}

    def excerpt(self, text: str) -> str:
        """One line of at most 300 characters that is safe to log."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, _UNSEEN)
        text = _CREDENTIAL.sub(lambda found: found[0].replace(found[1], _UNSEEN), text)
        line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
        return line if len(line) <= _EXCERPT_CHARS else line[: _EXCERPT_CHARS - 1] + _UNSEEN
