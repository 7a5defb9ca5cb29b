"""Flags: five that the protocol knows, and keywords of the clients' own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from worker.demo.imap.errors import Malformed, Refused
from worker.demo.imap.grammar import Atom, Value

SEEN = "\\Seen"
DELETED = "\\Deleted"
FLAGGED = "\\Flagged"
ANSWERED = "\\Answered"
DRAFT = "\\Draft"
SYSTEM = (ANSWERED, FLAGGED, DELETED, SEEN, DRAFT)

#: Real servers have such a limit too (128 in Cyrus).
MAX_KEYWORDS = 100
MAX_KEYWORD_CHARS = 100

_SYSTEM_BY_NAME = {flag.lower(): flag for flag in SYSTEM}
_FORBIDDEN = frozenset('(){%*"\\]')


@dataclass
class Keywords:
    """The keywords one folder has seen. Case does not matter (RFC 9051 §2.3.2); the first spelling stays."""

    _spelled: dict[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._spelled.values()))

    def __len__(self) -> int:
        return len(self._spelled)

    def learn(self, flags: Iterable[str]) -> None:
        """Keep their spelling."""
        for flag in flags:
            if not flag.startswith("\\"):
                self._spelled.setdefault(flag.lower(), flag)

    def admit(self, flags: Iterable[str]) -> frozenset[str]:
        """The same flags as this folder spells them. Raises Refused when it can hold no more keywords."""
        wanted = {flag.lower(): flag for flag in flags if not flag.startswith("\\")}
        if len(self._spelled.keys() | wanted.keys()) > MAX_KEYWORDS:
            raise Refused("[LIMIT] Too many user flags in mailbox")
        self.learn(wanted.values())
        return self.known(flags)

    def known(self, flags: Iterable[str]) -> frozenset[str]:
        """The same flags as this folder spells them; unknown keywords as they are."""
        return frozenset(self._spelled.get(flag.lower(), flag) for flag in flags)


def flag(value: Value) -> str:
    """A flag that may be stored. Raises Malformed."""
    if not isinstance(value, Atom) or not value.isascii():
        raise Malformed("A flag was expected")
    name = value.decode("ascii")
    if name.startswith("\\"):
        known = _SYSTEM_BY_NAME.get(name.lower())
        if known is None:
            raise Malformed("Unknown system flag")
        return known
    if len(name) > MAX_KEYWORD_CHARS or _FORBIDDEN.intersection(name):
        raise Malformed("Not a keyword")
    return name


def flags(values: Iterable[Value]) -> frozenset[str]:
    """Raises Malformed."""
    return frozenset(flag(value) for value in values)


def is_keyword(name: str) -> bool:
    """Whether the flag is a client's own."""
    return not name.startswith("\\")


def written(names: Iterable[str]) -> str:
    """``(\\Seen Keyword)``, in a steady order."""
    return "(" + " ".join(sorted(names)) + ")"


@dataclass(frozen=True)
class FlagChange:
    """What STORE does: ``mode`` is ``+``, ``-`` or empty (replace); RFC 7162 §3.1.3 for ``unchanged_since``."""

    mode: str
    flags: frozenset[str]
    unchanged_since: int | None = None

    def applied(self, current: frozenset[str]) -> frozenset[str]:
        """The flags afterwards."""
        if self.mode == "+":
            return current | self.flags
        return current - self.flags if self.mode == "-" else self.flags
