"""Addresses out of header fields that no parser has read: linear in the field's length, and never a guess."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

#: more of a field than this is not looked at
_FIELD_CHARS = 65_536


def address_specs(value: str) -> Iterator[str]:
    """The bare address of each entry, as written; display names, comments and group names are left out (RFC 5322 3.4).

    An entry may turn out to be no address; the caller checks.
    """
    for entry in _entries(value[:_FIELD_CHARS]):
        start, end = entry.rfind("<"), entry.rfind(">")
        spec = entry[start + 1 : end] if -1 < start < end else entry.rpartition(":")[2] if start < 0 else ""
        if spec.strip():
            yield spec.strip()


def _entries(value: str) -> Iterator[str]:
    """Split at commas and semicolons that stand outside quotes, angle brackets and comments, which are dropped."""
    entry: list[str] = []
    quoted = escaped = angled = False
    comments = 0
    for char in value:
        outside = not (quoted or comments)
        if escaped or (char == "\\" and not outside):
            escaped = not escaped
        elif char == '"' and not comments:
            quoted = not quoted
        elif char == "(" and not quoted:
            comments += 1
        elif char == ")" and comments:
            comments -= 1
            continue
        elif char in "<>" and outside:
            angled = char == "<"
        elif char in ",;" and outside and not angled:
            yield "".join(entry)
            entry.clear()
            continue
        if not comments:
            entry.append(char)
    yield "".join(entry)


@lru_cache(maxsize=256)
def by_host(received: str) -> str:
    """The host that wrote a ``Received`` field, the word after ``by`` (RFC 5321 4.4), or "" if there is none.

    The word after ``from`` is what the other side called itself, so it is never taken for ``by``.
    """
    words = next(_entries(received[:2048])).split()
    if words[:1] == ["from"]:
        words = words[2:]
    following = (after for word, after in pairwise(words) if word.lower() == "by")
    return next(following, "").strip("[]").rstrip(".")


def list_id(value: str) -> str:
    """The identifier in a ``List-Id`` field (RFC 2919 section 3), lower case, without angle brackets, or ""."""
    start, end = value.rfind("<"), value.rfind(">")
    return value[start + 1 : end].strip().lower() if -1 < start < end else ""
