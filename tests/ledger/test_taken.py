"""Deliveries that are in hand from the moment they are on record (I3, I7, I8, P6)."""

from __future__ import annotations

from dataclasses import replace

from tests.ledger.conftest import Open
from tests.ledger.samples import CASE, facts, key, planned, routed, slot
from worker.ledger import Claim, Ledger, Recorded
from worker.outcome import NOT_BEGUN, Delivered


def taken(name: str = "one", uid: int = 1, *connectors: str) -> Recorded:
    return Recorded(slot(uid), facts(name), [replace(planned(name, one), take=True) for one in connectors or ("crm",)])


def test_what_is_taken_is_claimed_with_its_record(ledger: Ledger) -> None:
    claims = ledger.record_all([taken(), Recorded(slot(2), facts("two"), [planned("two")])])
    assert claims == {key(): Claim(key(), 1, 1, False, None, 0.0, None)}
    rows = ledger.state([key(), key("two")])
    assert (rows[key()].state, rows[key("two")].state) == ("delivering", "pending")
    assert rows[key()].in_doubt, "the intent is written"
    assert [event.kind for event in ledger.events_of(facts().identity)] == ["routed", "attempt"]
    assert ledger.settle(claims[key()], Delivered(CASE))
    assert ledger.state([key()])[key()].outcome == Delivered(CASE)


def test_i8_nobody_else_can_claim_it(opened: Open) -> None:
    first, second = opened("a"), opened("b")
    claims = first.record_all([taken()])
    assert second.claim(key()) is None
    assert first.claim(key()) is None
    assert second.record_all([taken()]) == {}, "it is not new to the second"
    assert first.prolong(claims[key()], 300)
    assert second.state([key()])[key()].due_in_s > 150


def test_i3_only_the_new_ones_are_taken(ledger: Ledger) -> None:
    routed(ledger)
    claims = ledger.record_all([taken(uid=5), taken("two", 6, "crm", "archive"), taken("two", 7, "crm")])
    assert set(claims) == {key("two"), key("two", "archive")}
    assert ledger.state([key()])[key()].state == "pending"


def test_i7_whoever_died_with_it_leaves_a_doubt(opened: Open) -> None:
    first, second = opened("gone"), opened("b")
    claim = first.record_all([taken()])[key()]
    assert first.prolong(claim, -1)
    found = second.claim(key())
    assert found
    assert (found.in_doubt, found.attempt, found.fence) == (True, 2, 2)
    assert not first.prolong(claim, 60)
    assert not first.settle(claim, Delivered(CASE))


def test_put_back_it_is_as_good_as_new(ledger: Ledger) -> None:
    claim = ledger.record_all([taken()])[key()]
    assert ledger.settle(claim, NOT_BEGUN, counts=False)
    again = ledger.claim(key())
    assert again
    assert (again.in_doubt, again.attempt) == (False, 1)


def test_some_taken_some_not_keep_their_order(ledger: Ledger) -> None:
    records = [taken("a", 1), Recorded(slot(2), facts("b"), [planned("b")]), taken("c", 3)]
    assert list(ledger.record_all(records)) == [key("a"), key("c")]
