"""Slots: what a poll has to do, after orderly ends and after none (I7, I9, I13)."""

from __future__ import annotations

import math
import time

import pytest

from tests.ledger.samples import CASE, FOLDER, MAILBOX, VALIDITY, WHERE, facts, key, planned, routed, slot, waiting
from worker.ledger import Ledger, SlotEnd
from worker.outcome import Delivered, Held


def test_a_new_folder_begins_at_nought_and_its_mark_only_rises(ledger: Ledger) -> None:
    assert ledger.folder_mark(*WHERE) == 0
    ledger.advance(*WHERE, 50)
    ledger.advance(*WHERE, 20)
    assert ledger.folder_mark(*WHERE) == 50


def test_an_advance_under_another_uidvalidity_is_ignored(ledger: Ledger) -> None:
    ledger.folder_mark(*WHERE)
    ledger.advance(MAILBOX, FOLDER, VALIDITY + 1, 50)
    assert ledger.folder_mark(*WHERE) == 0


def test_listed_uids_are_fresh_in_order(ledger: Ledger) -> None:
    agenda = ledger.agenda(*WHERE, [9, 3, 5])
    assert agenda.fresh == (3, 5, 9)
    assert (agenda.suspects, agenda.finished, agenda.waiting, agenda.held) == ((), (), 0, 0)


def test_i13_entries_without_an_exit_are_counted_and_make_suspects(ledger: Ledger) -> None:
    assert ledger.enter(waiting(1, 2)) == {slot(1): 1, slot(2): 1}
    assert ledger.enter(waiting(1)) == {slot(1): 2}
    agenda = ledger.agenda(*WHERE, [1, 2, 3])
    assert agenda.fresh == (3,)
    assert agenda.suspects == (1, 2)


def test_entering_many_at_once(ledger: Ledger) -> None:
    uids = range(1, 2001)
    assert set(ledger.enter(waiting(*uids)).values()) == {1}
    assert ledger.agenda(*WHERE, []).suspects == tuple(uids)


def test_record_is_an_orderly_exit(ledger: Ledger) -> None:
    routed(ledger)
    assert ledger.agenda(*WHERE, [1]).fresh == (1,)
    assert ledger.enter(waiting(1)) == {slot(1): 1}


def test_conclude_is_an_orderly_exit(ledger: Ledger) -> None:
    ledger.enter(waiting(1))
    ledger.conclude([SlotEnd(slot(1), "deferred", None, "later")])
    assert ledger.agenda(*WHERE, []).fresh == (1,)
    assert ledger.enter(waiting(1)) == {slot(1): 1}


def test_what_is_not_due_and_what_is_held_is_counted_only(ledger: Ledger) -> None:
    ledger.enter(waiting(1, 2, 3))
    ledger.hold_unrouted(slot(2), None, "held-2", "no route")
    ends = [("deferred", 30.0), ("held", None), ("finished", None)]
    ledger.conclude([SlotEnd(slot(n), state, due, "") for n, (state, due) in enumerate(ends, 1)])  # type: ignore[arg-type]
    agenda = ledger.agenda(*WHERE, [1, 2, 3])
    assert agenda.fresh == agenda.suspects == ()
    assert agenda.finished == (3,)
    assert (agenda.waiting, agenda.held) == (1, 1)


@pytest.mark.parametrize("order", ["retry", "discard"])
def test_an_order_between_the_end_of_a_delivery_and_of_its_slot_is_not_overwritten(ledger: Ledger, order: str) -> None:
    ledger.enter(waiting(1))
    ledger.record(slot(1), facts(), [planned()])
    claim = ledger.claim(key())
    assert claim
    assert ledger.settle(claim, Held("refused"))
    assert ledger.retry([key()]) if order == "retry" else ledger.discard(key())
    ledger.conclude([SlotEnd(slot(1), "held", None, "refused")])
    assert ledger.agenda(*WHERE, [1]).fresh == (1,)


def test_what_has_come_due_is_fresh_though_it_is_not_listed(ledger: Ledger) -> None:
    ledger.enter(waiting(1))
    ledger.conclude([SlotEnd(slot(1), "deferred", 0.05, "")])
    assert ledger.agenda(*WHERE, []).waiting == 1
    time.sleep(0.1)
    assert ledger.agenda(*WHERE, []).fresh == (1,)


def test_an_endless_wait_still_ends(ledger: Ledger) -> None:
    ledger.enter(waiting(1))
    ledger.conclude([SlotEnd(slot(1), "deferred", math.inf, "paused until a person acts")])
    assert ledger.agenda(*WHERE, []).waiting == 1


def test_finished_slots_are_returned_until_they_are_forgotten(ledger: Ledger) -> None:
    routed(ledger)
    ledger.conclude([SlotEnd(slot(1), "finished", None, "")])
    assert ledger.agenda(*WHERE, []).finished == (1,)
    ledger.forget([slot(1)])
    assert ledger.agenda(*WHERE, []).finished == ()
    assert [event.kind for event in ledger.events_of(facts().identity)] == ["routed", "acknowledged"]


def test_i7_final_deliveries_without_conclude_come_back_as_fresh(ledger: Ledger) -> None:
    """Dying between settle and conclude: another delivery of the message may not even be planned yet."""
    claim = ledger.claim(routed(ledger))
    assert claim
    assert ledger.settle(claim, Delivered(CASE))
    agenda = ledger.agenda(*WHERE, [])
    assert agenda.fresh == (1,)
    assert agenda.finished == ()


def test_i9_another_uidvalidity_forgets_slots_but_not_deliveries(ledger: Ledger) -> None:
    routed(ledger)
    ledger.advance(*WHERE, 1)
    ledger.hold_unrouted(slot(2), None, "unread", "too large")
    other = (MAILBOX, FOLDER, VALIDITY + 1)
    assert ledger.folder_mark(*other) == 0
    assert ledger.agenda(*other, [1]).fresh == (1,)
    assert ledger.agenda(*WHERE, []).fresh == ()
    assert ledger.state([key()])[key()].state == "pending"
    assert ledger.held() == [], "a message held unread is held again under its new slot"
    ledger.record(slot(1, validity=VALIDITY + 1), facts(), [planned()])
    assert [event.kind for event in ledger.events_of(key())] == ["routed"], "known mail makes no new delivery"


def test_mailboxes_do_not_mix(ledger: Ledger) -> None:
    ledger.enter(waiting(1))
    assert ledger.agenda("sales", FOLDER, VALIDITY, [1]).fresh == (1,)
