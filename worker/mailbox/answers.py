"""What a server answered, as plain values: never merged by sequence number, never trusted to be complete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from imapclient.datetime_util import parse_to_datetime
from imapclient.exceptions import ProtocolError
from imapclient.imap_utf7 import decode
from imapclient.response_parser import parse_response

EPOCH = datetime.fromtimestamp(0, UTC)


def uid_set(uids: Iterable[int]) -> str:
    """``1:3,7``: runs are shortened, no number is added (RFC 3501 sequence-set)."""
    runs: list[list[int]] = []
    for uid in sorted(set(uids)):
        if runs and runs[-1][1] == uid - 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in runs)


def batches(uids: Sequence[int], size: int) -> Iterator[list[int]]:
    """Explicit UIDs, ``size`` at a time: no ``1:*``, no command line that a server would refuse for its length."""
    for start in range(0, len(uids), size):
        yield list(uids[start : start + size])


def searched(data: Sequence[object]) -> list[int]:
    """The numbers of all SEARCH lines, ascending. Raises ProtocolError for anything but numbers and MODSEQ."""
    numbers: set[int] = set()
    for line in data:
        words = line.partition(b"(")[0].split() if isinstance(line, bytes) else ()
        if not all(word.isdigit() for word in words):
            raise ProtocolError("a SEARCH answer with something else than numbers")
        numbers.update(map(int, words))
    return sorted(numbers)


def fetched(data: Sequence[object]) -> Iterator[dict[bytes, object]]:
    """Each FETCH response by itself, item name (upper case) to value; those that name no UID are left out.

    A server may slip in responses for other messages, and may renumber in between: merging by sequence number,
    as imapclient's own fetch does, could give one message another's flags or body.
    """
    if list(data) == [None]:
        return
    answer = iter(parse_response(list(data)))
    for _ in answer:
        items = next(answer, None)
        if not isinstance(items, tuple) or len(items) % 2:
            raise ProtocolError("a FETCH answer that is no list of pairs")
        pairs = {_name(items[i]): items[i + 1] for i in range(0, len(items), 2)}
        if isinstance(pairs.get(b"UID"), int):
            yield pairs


def _name(item: object) -> bytes:
    if not isinstance(item, bytes):
        raise ProtocolError("a FETCH item without a name")
    return item.upper()


def words(value: object) -> frozenset[str]:
    """A list of flags, or of labels in modified UTF-7, as text; a label of digits arrives as a number."""
    items = value if isinstance(value, tuple) else ()
    return frozenset(decode(item) if isinstance(item, bytes) else str(item) for item in items)


def internal_date(value: object) -> datetime:
    """INTERNALDATE as aware UTC; one that is no date becomes 1970, so that it is at least the same every time."""
    if not isinstance(value, bytes):
        return EPOCH
    try:
        moment: datetime = parse_to_datetime(value, normalise=False)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return EPOCH
