"""Sequence sets: ``1:4,7,9:*`` (RFC 3501 §9), read and written."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from worker.demo.imap.errors import Malformed
from worker.demo.imap.grammar import Atom, Value

#: First and last number of each range, both included; 0 stands for ``*``.
Ranges: TypeAlias = tuple[tuple[int, int], ...]

_RANGE = re.compile(rb"(\*|[1-9]\d{0,9})(?::(\*|[1-9]\d{0,9}))?")


def ranges(value: Value) -> Ranges:
    """Raises Malformed."""
    if not isinstance(value, Atom):
        raise Malformed("A sequence set was expected")
    return tuple(_range(piece) for piece in value.split(b","))


def _range(piece: bytes) -> tuple[int, int]:
    match = _RANGE.fullmatch(piece)
    if not match:
        raise Malformed("Invalid sequence set")
    first, last = (0 if edge == b"*" else int(edge) for edge in (match[1], match[2] or match[1]))
    return first, last


def looks_like_set(value: Value) -> bool:
    """Whether a search key is a sequence set."""
    return isinstance(value, Atom) and (value[:1].isdigit() or value[:1] == b"*")


def among(wanted: Ranges, numbers: Sequence[int]) -> list[int]:
    """Those of ``numbers`` (ascending) that the set names, ascending; ``*`` is the last of them."""
    highest = numbers[-1] if numbers else 0
    found: set[int] = set()
    for first, last in wanted:
        low, high = sorted((first or highest, last or highest))
        found.update(numbers[bisect_left(numbers, low) : bisect_right(numbers, high)])
    return sorted(found)


def highest_named(wanted: Ranges) -> int:
    """The highest number the set spells out; 0 when it only says ``*``."""
    return max(max(pair) for pair in wanted)


def compact(numbers: Iterable[int]) -> str:
    """``1:4,7`` for 1, 2, 3, 4, 7. The order is kept; only neighbours are joined."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and runs[-1][1] == n - 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in runs)
