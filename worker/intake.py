"""Taking messages in: bounded groups, counted before their bodies are touched, suspects alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from worker.ledger import Agenda, Ledger
from worker.mailbox import Mailbox
from worker.slot import Waiting

GROUP_MESSAGES = 50
GROUP_BYTES = 4 * 1024 * 1024
DESCRIBE_AT_ONCE = 500
#: A message that was entered this often and never came out is held without being touched again.
STRIKES = 3


@dataclass(frozen=True)
class Group:
    """Messages that are entered and fetched together."""

    waiting: tuple[Waiting, ...]
    #: it was being read when a worker died, so it is read alone: it may be the reason
    suspect: bool = False


def groups(mailbox: Mailbox, agenda: Agenda, gone: list[int], wanted: Callable[[int], bool]) -> Iterator[Group]:
    """The agenda in order of arrival, in groups bounded by count and size; UIDs that vanished go to ``gone``.

    ``wanted`` is asked before anything is asked of the server, and again when a group's turn has come.
    """
    suspects = frozenset(agenda.suspects)
    uids = sorted({*agenda.fresh, *agenda.suspects})
    for start in range(0, len(uids), DESCRIBE_AT_ONCE):
        slice_ = [uid for uid in uids[start : start + DESCRIBE_AT_ONCE] if wanted(uid)]
        described = sorted(mailbox.describe(slice_), key=lambda waiting: waiting.slot.uid)
        gone.extend(set(slice_) - {waiting.slot.uid for waiting in described})
        for group in _grouped(described, suspects):
            if left := tuple(waiting for waiting in group.waiting if wanted(waiting.slot.uid)):
                yield replace(group, waiting=left)


def _grouped(described: Sequence[Waiting], suspects: frozenset[int]) -> Iterator[Group]:
    group: list[Waiting] = []
    size_bytes = 0
    for waiting in described:
        alone = waiting.slot.uid in suspects
        if group and (alone or len(group) == GROUP_MESSAGES or size_bytes + waiting.size_bytes > GROUP_BYTES):
            yield Group(tuple(group))
            group, size_bytes = [], 0
        if alone:
            yield Group((waiting,), suspect=True)
        else:
            group.append(waiting)
            size_bytes += waiting.size_bytes
    if group:
        yield Group(tuple(group))


def enter(ledger: Ledger, group: Group, max_bytes: int) -> tuple[list[Waiting], list[tuple[Waiting, str]]]:
    """Count the try of each message, then part those that may be read from those to be held unread, with why."""
    strikes = ledger.enter(group.waiting)
    readable: list[Waiting] = []
    unread: list[tuple[Waiting, str]] = []
    for waiting in group.waiting:
        if strikes[waiting.slot] > STRIKES:
            unread.append(
                (
                    waiting,
                    f"reading it failed {STRIKES} times (the worker died, or lost the server); it was not read again",
                )
            )
        elif waiting.size_bytes > max_bytes:
            unread.append((waiting, too_large(waiting)))
        else:
            readable.append(waiting)
    return readable, unread


def too_large(waiting: Waiting) -> str:
    """Why a message is held without having been read to its end."""
    return f"larger than worker.max_message_mb ({waiting.size_bytes >> 20} MiB)"
