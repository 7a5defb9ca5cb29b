"""Many messages on record at once: all or none, each delivery once, every slot at rest (I3, I7, I13)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.ledger.samples import WHERE, facts, key, planned, routed, slot, waiting
from worker.ledger import Ledger, LedgerError, Recorded, compiled, deliveries, statements


def recorded(name: str, uid: int, connectors: tuple[str, ...] = ("crm",)) -> Recorded:
    return Recorded(slot(uid), facts(name), [planned(name, connector) for connector in connectors])


def kinds(ledger: Ledger, name: str) -> list[str]:
    return [event.kind for event in ledger.events_of(name)]


def test_all_are_recorded_in_order_and_can_be_claimed(ledger: Ledger) -> None:
    names = [f"m{number}" for number in range(50)]
    ledger.record_all([recorded(name, uid, ("crm", "archive")) for uid, name in enumerate(names, 1)])
    assert set(ledger.state([key(name) for name in names])) == {key(name) for name in names}
    assert ledger.agenda(*WHERE, []).fresh == tuple(range(1, 51))
    events = [event.key for name in names for event in ledger.events_of(facts(name).identity)]
    assert events == [key(name, connector) for name in names for connector in ("crm", "archive")]
    claim = ledger.claim(key("m7"))
    assert claim is not None
    assert claim.attempt == 1


def test_nothing_is_nothing(ledger: Ledger) -> None:
    ledger.record_all([])
    assert ledger.agenda(*WHERE, []).fresh == ()


def test_a_message_without_a_delivery_is_remembered(ledger: Ledger) -> None:
    ledger.record_all([recorded("one", 1, ()), recorded("two", 2)])
    assert ledger.agenda(*WHERE, []).fresh == (1, 2)
    assert len(ledger.where("one@example.com")) == 1


def test_i7_all_or_none(ledger: Ledger) -> None:
    """A record that the database refuses takes the others with it, and leaves no word of them."""
    wrong = recorded("three", 3)
    wrong = replace(wrong, facts=replace(wrong.facts, mailbox=None))  # type: ignore[arg-type]
    with pytest.raises(LedgerError):
        ledger.record_all([recorded("one", 1), recorded("two", 2), wrong])
    assert ledger.state([key("one"), key("two"), key("three")]) == {}
    assert ledger.agenda(*WHERE, []).fresh == ()
    assert kinds(ledger, key("one")) == []
    ledger.record_all([recorded("one", 1)])
    assert kinds(ledger, key("one")) == ["routed"], "nothing of the failed batch was left to be written"


def test_i3_copies_of_a_message_in_one_batch_make_one_delivery(ledger: Ledger) -> None:
    ledger.record_all([recorded("one", 1), recorded("two", 2), recorded("one", 3)])
    row = ledger.state([key("one")])[key("one")]
    assert row.slot == slot(1), "the first of them counts"
    assert kinds(ledger, key("one")) == ["routed"]
    assert ledger.agenda(*WHERE, []).fresh == (1, 2, 3)


def test_i3_a_key_twice_in_one_record_is_one_delivery(ledger: Ledger) -> None:
    ledger.record(slot(1), facts(), [planned(), planned(), planned(connector="archive")])
    assert kinds(ledger, facts().identity) == ["routed", "routed"]
    assert {row.connector for row in ledger.deliveries_in("pending")} == {"crm", "archive"}


def test_i3_what_was_recorded_before_is_not_recorded_again(ledger: Ledger) -> None:
    assert ledger.claim(routed(ledger))
    ledger.record_all([recorded("one", 5), recorded("two", 6)])
    states = {name: row.state for name, row in ledger.state([key("one"), key("two")]).items()}
    assert states == {key("one"): "delivering", key("two"): "pending"}
    assert kinds(ledger, key("one")) == ["routed", "attempt"]


def test_a_slot_twice_in_one_batch_holds_the_last(ledger: Ledger) -> None:
    ledger.record_all([recorded("one", 1), recorded("two", 1)])
    assert ledger.agenda(*WHERE, []).fresh == (1,)
    ledger.forget([slot(1)])
    assert kinds(ledger, facts("two").identity) == ["routed", "acknowledged"]


def test_i13_the_strikes_of_all_are_over(ledger: Ledger) -> None:
    for _ in range(2):
        ledger.enter(waiting(1, 2, 3))
    ledger.record_all([recorded("one", 1), recorded("two", 2)])
    assert ledger.enter(waiting(1, 2, 3)) == {slot(1): 1, slot(2): 1, slot(3): 3}


def test_i1_recording_works_whatever_was_written_first(ledger: Ledger) -> None:
    """A statement that was compiled for one purpose must not spoil its like: the order of a fresh process counts."""
    for cached in (statements.insert_if_absent, deliveries._new_row, compiled.compiled):
        cached.cache_clear()
    ledger.hold_unrouted(slot(1), None, "unread", "too large")
    ledger.record_all([recorded("a", 2)])
    assert ledger.claim(key("a"))
