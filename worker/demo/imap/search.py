"""SEARCH: keys read into one test of a message (RFC 3501 §6.4.4, MODSEQ of RFC 7162 §3.1.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from worker.demo.imap import sets
from worker.demo.imap.errors import Malformed, Refused
from worker.demo.imap.flags import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN
from worker.demo.imap.grammar import Value, number, string, word
from worker.demo.imap.headers import decoded, split, values
from worker.demo.imap.session import Session
from worker.demo.imap.state import Message
from worker.demo.imap.view import View

MAX_NESTING = 50
_CHARSETS = {"UTF-8": "utf-8", "US-ASCII": "ascii"}

#: (sequence number, message) → whether it is found. Raises FileNotFoundError when the message is gone.
Test = Callable[[int, Message], bool]


class Query:
    """Keys of one SEARCH, read from left to right."""

    def __init__(self, session: Session, keys: Sequence[Value]) -> None:
        self._session = session
        self._view: View = session.selected
        self._keys = list(keys)
        self._encoding = "utf-8"
        self.uses_modseq = False
        if self._keys and self._is_next("CHARSET"):
            self._take_charset()
        if not self._keys:
            raise Malformed("SEARCH needs a key")

    def _is_next(self, name: str) -> bool:
        return isinstance(self._keys[0], bytes) and self._keys[0].upper() == name.encode()

    def _take_charset(self) -> None:
        self._take()
        name = string(self._take()).decode("ascii", "replace").upper()
        if name not in _CHARSETS:
            raise Refused("[BADCHARSET (UTF-8 US-ASCII)] Unknown charset")
        self._encoding = _CHARSETS[name]

    def _take(self) -> Value:
        if not self._keys:
            raise Malformed("A search key is not complete")
        return self._keys.pop(0)

    def test(self) -> Test:
        """All keys hold. Raises Malformed, Refused."""
        tests = []
        while self._keys:
            tests.append(self._one(0))
        return _all(tests)

    def _one(self, depth: int) -> Test:
        if depth > MAX_NESTING:
            raise Malformed("Search keys too deep")
        key = self._take()
        if isinstance(key, tuple):
            return self._group(key, depth)
        if sets.looks_like_set(key):
            return self._members(key, by_uid=False)
        name = word(key)
        if name in _FLAG_TESTS:
            return _FLAG_TESTS[name]
        return self._named(name, depth)

    def _group(self, keys: tuple[Value, ...], depth: int) -> Test:
        if not keys:
            raise Malformed("An empty group of search keys")
        outside, self._keys = self._keys, list(keys)
        tests = []
        while self._keys:
            tests.append(self._one(depth + 1))
        self._keys = outside
        return _all(tests)

    def _named(self, name: str, depth: int) -> Test:
        if name == "NOT":
            inner = self._one(depth + 1)
            return lambda n, message: not inner(n, message)
        if name == "OR":
            one, other = self._one(depth + 1), self._one(depth + 1)
            return lambda n, message: one(n, message) or other(n, message)
        if name == "UID":
            return self._members(self._take(), by_uid=True)
        if name in ("KEYWORD", "UNKEYWORD"):
            return self._keyword(present=name == "KEYWORD")
        if name in ("LARGER", "SMALLER"):
            return self._size(larger=name == "LARGER")
        if name in _DATE_TESTS:
            return self._date(name)
        return self._modseq() if name == "MODSEQ" else self._content(name)

    def _members(self, value: Value, *, by_uid: bool) -> Test:
        wanted = sets.ranges(value)
        if by_uid:
            uids = frozenset(sets.among(wanted, self._view.uids))
            return lambda _n, message: message.uid in uids
        numbers = frozenset(sets.among(wanted, range(1, len(self._view.uids) + 1)))
        return lambda n, _message: n in numbers

    def _keyword(self, *, present: bool) -> Test:
        wanted = string(self._take()).decode("ascii", "replace")
        (spelled,) = self._view.folder.keywords.known([wanted])
        return lambda _n, message: (spelled in message.flags) == present

    def _size(self, *, larger: bool) -> Test:
        limit = number(self._take())
        measure = self._view.folder.measure
        if larger:
            return lambda _n, message: measure(message).size_bytes > limit
        return lambda _n, message: measure(message).size_bytes < limit

    def _date(self, name: str) -> Test:
        day = _day(string(self._take()))
        compare = _DATE_TESTS[name]
        if not name.startswith("SENT"):
            return lambda _n, message: compare(message.received_at.date().toordinal(), day)
        return lambda _n, message: compare(_sent_day(self._header(message)), day)

    def _modseq(self) -> Test:
        self._session.use_condstore()
        self.uses_modseq = True
        # An entry name and its type may stand before the number; we keep one MODSEQ for all flags of a message.
        if self._keys and not _is_number(self._keys[0]):
            self._take()
            self._take()
        least = number(self._take())
        return lambda _n, message: message.modseq >= least

    def _content(self, name: str) -> Test:
        if name == "HEADER":
            field = string(self._take()).upper()
            return self._in_field(field, self._words())
        if name in ("FROM", "TO", "CC", "BCC", "SUBJECT"):
            return self._in_field(name.encode(), self._words())
        if name not in ("TEXT", "BODY"):
            raise Malformed("Unknown search key")
        wanted = self._words().encode("utf-8")
        at = 0 if name == "TEXT" else 1
        return lambda _n, message: wanted in b"".join(split(self._read(message))[at:]).lower()

    def _words(self) -> str:
        try:
            return string(self._take()).decode(self._encoding).lower()
        except UnicodeDecodeError as error:
            raise Malformed("Not in the charset named") from error

    def _in_field(self, field: bytes, wanted: str) -> Test:
        def test(_n: int, message: Message) -> bool:
            return any(wanted in decoded(value).lower() for value in values(self._header(message), field))

        return test

    def _read(self, message: Message) -> bytes:
        return self._view.folder.read(message)

    def _header(self, message: Message) -> bytes:
        return split(self._read(message))[0]


def _all(tests: Sequence[Test]) -> Test:
    return lambda n, message: all(test(n, message) for test in tests)


def _flag(name: str, *, present: bool = True) -> Test:
    return lambda _n, message: (name in message.flags) == present


_FLAG_TESTS: dict[str, Test] = {
    "ALL": lambda _n, _message: True,
    # \Recent is never set here, so all mail is old and none new.
    "OLD": lambda _n, _message: True,
    "NEW": lambda _n, _message: False,
    "RECENT": lambda _n, _message: False,
}
for _name in (ANSWERED, DELETED, DRAFT, FLAGGED, SEEN):
    _FLAG_TESTS[_name[1:].upper()] = _flag(_name)
    _FLAG_TESTS["UN" + _name[1:].upper()] = _flag(_name, present=False)

_DATE_TESTS: dict[str, Callable[[int, int], bool]] = {
    "BEFORE": lambda found, day: found < day,
    "ON": lambda found, day: found == day,
    "SINCE": lambda found, day: found >= day,
    # Mail without a readable Date (0) was not sent at any time.
    "SENTBEFORE": lambda found, day: 0 < found < day,
    "SENTON": lambda found, day: found == day,
    "SENTSINCE": lambda found, day: found >= day,
}


def _is_number(value: Value) -> bool:
    return isinstance(value, bytes) and value.isdigit()


def _day(raw: bytes) -> int:
    """The day's ordinal. Raises Malformed."""
    text = raw.decode("ascii", "replace")
    try:
        if not re.fullmatch(r"\d{1,2}-[A-Za-z]{3}-\d{4}", text):
            raise ValueError(text)
        return datetime.strptime(text, "%d-%b-%Y").replace(tzinfo=UTC).toordinal()
    except ValueError as error:
        raise Malformed("Invalid date") from error


def _sent_day(header: bytes) -> int:
    """The ordinal of the Date field's day as its author wrote it (time zone ignored); 0 when there is none."""
    for value in values(header, b"DATE")[:1]:
        try:
            return parsedate_to_datetime(value.decode("ascii", "replace")).toordinal()
        except (ValueError, OverflowError, IndexError, TypeError):
            return 0
    return 0
