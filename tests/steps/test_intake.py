"""Groups: bounded by count and size, suspects alone, in order of arrival, and only what is wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from worker.intake import DESCRIBE_AT_ONCE, GROUP_BYTES, GROUP_MESSAGES, STRIKES, Group, enter, groups
from worker.ledger import Agenda, Ledger
from worker.mailbox import Mailbox
from worker.slot import Slot, Waiting

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class _Folder:
    """As much of a mailbox as describes messages: sizes by UID; others are gone."""

    def __init__(self, sizes: dict[int, int]) -> None:
        self.sizes = sizes
        self.asked: list[int] = []

    def describe(self, uids: Sequence[int]) -> tuple[Waiting, ...]:
        self.asked.append(len(uids))
        # Servers answer in any order.
        return tuple(_waiting(uid, self.sizes[uid]) for uid in reversed(uids) if uid in self.sizes)


def _waiting(uid: int, size: int = 100) -> Waiting:
    return Waiting(Slot("support", "INBOX", 1, uid), size, NOW)


def _agenda(fresh: Sequence[int] = (), suspects: Sequence[int] = ()) -> Agenda:
    return Agenda(tuple(fresh), tuple(suspects), (), 0, 0)


def _grouped(folder: _Folder, agenda: Agenda, unwanted: frozenset[int] = frozenset()) -> tuple[list[Group], list[int]]:
    gone: list[int] = []
    found = groups(cast("Mailbox", folder), agenda, gone, lambda uid: uid not in unwanted)
    return list(found), gone


def _uids(group: Group) -> list[int]:
    return [waiting.slot.uid for waiting in group.waiting]


def test_groups_are_bounded_by_count_and_in_order_of_arrival() -> None:
    uids = range(1, 2 * GROUP_MESSAGES + 8)
    found, gone = _grouped(_Folder(dict.fromkeys(uids, 10)), _agenda(fresh=list(uids)))
    assert [len(group.waiting) for group in found] == [GROUP_MESSAGES, GROUP_MESSAGES, 7]
    assert [uid for group in found for uid in _uids(group)] == list(uids)
    assert gone == []


def test_groups_are_bounded_by_size_and_a_giant_goes_alone() -> None:
    third = GROUP_BYTES // 3
    sizes = {1: third, 2: third, 3: third, 4: third, 5: GROUP_BYTES * 30, 6: 10}
    found, _ = _grouped(_Folder(sizes), _agenda(fresh=list(sizes)))
    assert [_uids(group) for group in found] == [[1, 2, 3], [4], [5], [6]]


def test_i13_suspects_are_read_alone_in_their_place() -> None:
    found, _ = _grouped(_Folder(dict.fromkeys(range(1, 7), 10)), _agenda(fresh=[1, 2, 4, 6], suspects=[3, 5]))
    assert [(_uids(group), group.suspect) for group in found] == [
        ([1, 2], False),
        ([3], True),
        ([4], False),
        ([5], True),
        ([6], False),
    ]


def test_m5_what_vanished_is_told_and_nothing_else() -> None:
    found, gone = _grouped(_Folder({1: 10, 3: 10}), _agenda(fresh=[1, 2, 3], suspects=[4]))
    assert [_uids(group) for group in found] == [[1, 3]]
    assert sorted(gone) == [2, 4]


def test_a_large_agenda_is_described_in_slices_and_only_as_far_as_it_is_read() -> None:
    folder = _Folder(dict.fromkeys(range(1, 1201), 10))
    gone: list[int] = []
    first = next(groups(cast("Mailbox", folder), _agenda(fresh=list(range(1, 1201))), gone, lambda _: True))
    assert len(first.waiting) == GROUP_MESSAGES
    assert folder.asked == [DESCRIBE_AT_ONCE]


def test_what_is_not_wanted_is_not_asked_for_and_not_taken_for_gone() -> None:
    folder = _Folder(dict.fromkeys(range(1, 6), 10))
    found, gone = _grouped(folder, _agenda(fresh=[1, 2, 3, 4], suspects=[5]), frozenset({2, 5}))
    assert [_uids(group) for group in found] == [[1, 3, 4]]
    assert folder.asked == [3]
    assert gone == []


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger.open(f"sqlite:///{tmp_path}/ledger.db")) as opened:
        yield opened


def test_i13_the_fourth_entry_is_held_without_being_read(ledger: Ledger) -> None:
    group = Group((_waiting(1),))
    for _ in range(STRIKES):
        assert enter(ledger, group, 1000) == ([_waiting(1)], [])
    readable, unread = enter(ledger, group, 1000)
    assert readable == []
    assert "3 times" in unread[0][1]


def test_what_is_too_large_is_held_without_being_fetched(ledger: Ledger) -> None:
    small, large = _waiting(1, 1000), _waiting(2, 1001)
    readable, unread = enter(ledger, Group((small, large)), 1000)
    assert readable == [small]
    assert unread[0][0] == large
    assert "worker.max_message_mb" in unread[0][1]
