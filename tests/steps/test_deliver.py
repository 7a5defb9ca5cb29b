"""One delivery, safely: every row of the error table, every doubt, on a real ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.contract import (
    AuthFailed,
    Capabilities,
    CaseRef,
    Dedupe,
    Delivery,
    InDoubt,
    Person,
    Rejected,
    Retryable,
    Throttled,
    Unusable,
)
from tests.fakes.rigged import RiggedCrm, Script
from worker.deliver import Taken, backoff_s, deliver, refuse, settle, take
from worker.doors import Door
from worker.ledger import TAKEN_S, Ledger, Link, MessageFacts, Planned, Recorded
from worker.outcome import Deferred, Delivered, Discarded, Held
from worker.slot import Slot, Waiting

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KEY = "ab" * 20
SEARCH = Capabilities(dedupe=Dedupe.SEARCH)
LAGGING = Capabilities(dedupe=Dedupe.SEARCH, visible_after_s=60.0)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    yield ledger
    ledger.close()


def _door(ledger: Ledger, crm: RiggedCrm, max_attempts: int = 3) -> Door:
    slot = Slot("support", "INBOX", 1, 1)
    ledger.enter([Waiting(slot, 10, NOW)])
    facts = MessageFacts(
        identity="1" * 64,
        message_id="m@x",
        author="a@x",
        subject="s",
        received_at=NOW,
        size_bytes=10,
        kind="customer",
        mailbox="support",
    )
    ledger.record(slot, facts, [Planned(KEY, "crm", "", "route 1", "")])
    return Door("crm", crm, ledger, max_attempts)


def _delivery(case: CaseRef | None = None) -> Delivery:
    return Delivery(key=KEY, subject="s", text="t", requester=Person("A", "a@x"), sent_at=NOW, case=case)


def _link(case: CaseRef) -> Link:
    return Link("crm", case, ("m@x",), ("a@x",))


def _go(door: Door, delivery: Delivery | None = None, *, old: bool = False) -> object:
    return deliver(door, delivery or _delivery(), _link, old, None)


def test_a_delivery_is_created_once_and_never_again(ledger: Ledger) -> None:
    crm = RiggedCrm(SEARCH)
    door = _door(ledger, crm)
    assert isinstance(_go(door), Delivered)
    assert isinstance(_go(door), Delivered)
    assert crm.calls == ["create"]
    assert ledger.conversation("crm", ["m@x"])[0].case.number == "1"
    assert ledger.is_participant("crm", "1", "A@X")


def test_c17_an_answer_that_was_lost_is_settled_by_find(ledger: Ledger) -> None:
    crm = RiggedCrm(SEARCH, [Script(InDoubt("cut"), applied=True)])
    door = _door(ledger, crm)
    first = _go(door)
    assert isinstance(first, Deferred)
    assert "in doubt" in first.why
    ledger.retry([KEY])
    second = _go(door)
    assert isinstance(second, Delivered)
    assert crm.calls == ["create", "find"]
    assert len(crm.entries) == 1


def test_c22_a_lagging_search_is_not_believed_before_its_time(ledger: Ledger) -> None:
    crm = RiggedCrm(LAGGING, [Script(InDoubt("cut"))])
    door = _door(ledger, crm)
    _go(door)
    ledger.retry([KEY])
    waits = _go(door)
    assert isinstance(waits, Deferred)
    assert waits.after_s > 50
    assert crm.calls == ["create", "find"]


def test_an_unforeseen_exception_counts_as_in_doubt(ledger: Ledger) -> None:
    crm = RiggedCrm(SEARCH, [Script(RuntimeError("bug"), applied=True)])
    door = _door(ledger, crm)
    assert isinstance(_go(door), Deferred)
    ledger.retry([KEY])
    assert isinstance(_go(door), Delivered)
    assert len(crm.entries) == 1


def test_i6_mail_older_than_the_ledger_is_asked_for_first(ledger: Ledger) -> None:
    crm = RiggedCrm(SEARCH)
    crm.create(_delivery())
    crm.calls.clear()
    assert isinstance(_go(_door(ledger, crm), old=True), Delivered)
    assert crm.calls == ["find"]
    assert len(crm.entries) == 1


def test_rejected_is_held_with_the_crms_words(ledger: Ledger) -> None:
    outcome = _go(_door(ledger, RiggedCrm(script=[Script(Rejected("priority: not in the picklist"))])))
    assert outcome == Held("priority: not in the picklist")


@pytest.mark.parametrize("error", [Throttled("slow down", 120.0), Unusable("no scope"), AuthFailed("who?")])
def test_c1_c30_a_dead_door_is_not_knocked_on_again_and_no_attempt_counts(ledger: Ledger, error: Exception) -> None:
    crm = RiggedCrm(script=[Script(error)])
    door = _door(ledger, crm)
    first, second = _go(door), _go(door)
    assert isinstance(first, Deferred)
    assert isinstance(second, Deferred)
    assert "paused" in second.why
    assert crm.calls == ["create"]
    assert ledger.state([KEY])[KEY].attempts == 0
    other_worker = Door("crm", crm, ledger, 3)
    other_worker.refresh()
    assert other_worker.paused()


def test_c6_a_door_opens_again_with_the_first_success(ledger: Ledger) -> None:
    crm = RiggedCrm(script=[Script(Throttled("slow down", 0.01))])
    door = _door(ledger, crm)
    _go(door)
    ledger.retry([KEY])
    import time

    time.sleep(0.05)
    assert isinstance(_go(door), Delivered)
    assert not ledger.pauses()


def test_i21_retries_end_with_a_person(ledger: Ledger) -> None:
    crm = RiggedCrm(script=[Script(Retryable("busy", 0.0))] * 3)
    door = _door(ledger, crm)
    ends = [_go(door) for _ in range(3)]
    assert [type(end) for end in ends] == [Deferred, Deferred, Held]
    assert "3 attempts" in ends[-1].why


def test_i21_backoff_doubles_from_a_minute_to_an_hour() -> None:
    for attempt, least_s in ((1, 60), (2, 120), (3, 240), (6, 1920), (7, 3600), (30, 3600)):
        assert least_s <= backoff_s(attempt) <= least_s * 1.2


def test_c9_a_case_that_is_gone_gets_a_linked_successor(ledger: Ledger) -> None:
    crm = RiggedCrm()
    crm.gone.add("77")
    outcome = _go(_door(ledger, crm), _delivery(CaseRef("77", "77")))
    assert isinstance(outcome, Delivered)
    assert crm.calls == ["append", "create"]
    assert crm.entries[0].delivery.follows == CaseRef("77", "77")


def test_a_rule_settles_without_asking_the_crm(ledger: Ledger) -> None:
    crm = RiggedCrm()
    door = _door(ledger, crm)
    assert settle(ledger, KEY, Discarded("spam")) == Discarded("spam")
    assert _go(door) == Discarded("spam")
    assert crm.calls == []


def test_p6_a_worker_that_lost_its_fence_writes_nothing(ledger: Ledger) -> None:
    """A zombie whose claim was taken over does not overwrite what the other worker settled."""
    door = _door(ledger, RiggedCrm())
    stale = ledger.claim(KEY, ttl_s=0.0)
    assert stale is not None
    assert isinstance(_go(door), Delivered)
    assert not ledger.settle(stale, Held("zombie"))
    assert isinstance(ledger.state([KEY])[KEY].outcome, Delivered)


def _taken(door: Door, name: str = "two") -> tuple[Delivery, Taken]:
    """A delivery that was taken in hand with its record."""
    facts = MessageFacts(
        identity=name, message_id=name, author="", subject="", received_at=NOW, size_bytes=1, kind="", mailbox="support"
    )
    planned = Planned(name, "crm", "", "route 1", "", take=True)
    taken = take(door.ledger, [Recorded(Slot("support", "INBOX", 1, 2), facts, [planned])])
    return replace(_delivery(), key=name), taken[name]


def test_what_is_in_hand_is_delivered_without_another_claim(ledger: Ledger) -> None:
    crm = RiggedCrm(SEARCH)
    door = _door(ledger, crm)
    delivery, taken = _taken(door)
    assert isinstance(deliver(door, delivery, _link, False, taken), Delivered)
    assert crm.calls == ["create"]
    assert isinstance(deliver(door, delivery, _link, False, None), Delivered)
    assert crm.calls == ["create"]


def test_p6_what_is_no_longer_in_hand_is_left_to_its_holder(ledger: Ledger, tmp_path: Path) -> None:
    """A worker that was stopped for longer than its claim lasts must not act on it (I8)."""
    crm = RiggedCrm(SEARCH)
    door = _door(ledger, crm)
    delivery, taken = _taken(door)
    assert ledger.prolong(taken.claim, -1)
    other = Ledger.open(f"sqlite:///{tmp_path}/ledger.db", owner="another")
    assert other.claim("two")
    other.close()
    late = replace(taken, at_s=taken.at_s - TAKEN_S)
    assert isinstance(deliver(door, delivery, _link, False, late), Deferred)
    assert crm.calls == []


def test_what_was_in_hand_and_finds_the_door_paused_is_put_back(ledger: Ledger) -> None:
    crm = RiggedCrm(SEARCH)
    door = _door(ledger, crm)
    delivery, taken = _taken(door)
    door.pause("", 0.2, "busy")
    assert isinstance(deliver(door, delivery, _link, False, taken), Deferred)
    row = ledger.state(["two"])["two"]
    assert (row.state, row.in_doubt, row.attempts) == ("deferred", False, 0)


def test_what_could_not_be_made_up_is_settled(ledger: Ledger) -> None:
    door = _door(ledger, RiggedCrm(SEARCH))
    _, taken = _taken(door)
    assert isinstance(refuse(door, "two", Retryable("busy"), taken), Deferred)
    row = ledger.state(["two"])["two"]
    assert (row.state, row.in_doubt, row.attempts) == ("deferred", False, 1)
