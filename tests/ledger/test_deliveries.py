"""Deliveries: planned once, in one pair of hands, doubts kept until they end (I3, I7, I8, P6, D11)."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from connectors.contract import CaseRef
from tests.ledger.conftest import Open
from tests.ledger.samples import CASE, WHERE, facts, key, link, planned, routed, slot
from worker.ledger import Claim, Ledger, SlotEnd
from worker.outcome import Deferred, Delivered, Discarded, Held, Outcome


def claimed(ledger: Ledger, name: str = "one", ttl_s: float = 120) -> Claim:
    claim = ledger.claim(key(name), ttl_s)
    assert claim
    return claim


def test_record_is_whole_and_once(ledger: Ledger) -> None:
    routed(ledger, connectors=("crm", "archive"))
    ledger.record(slot(2), facts(), [planned(), planned(connector="archive")])
    rows = ledger.state([key(), key(connector="archive"), "unknown"])
    assert {row.connector: row.state for row in rows.values()} == {"crm": "pending", "archive": "pending"}
    assert [event.kind for event in ledger.events_of(facts().identity)] == ["routed", "routed"]
    assert rows[key()].slot == slot(1)


def test_a_fresh_claim(ledger: Ledger) -> None:
    claim = claimed(ledger) if routed(ledger) else None
    assert claim == Claim(key(), 1, 1, False, None, 0.0, None)
    assert ledger.state([key()])[key()].state == "delivering"


def test_an_unknown_key_cannot_be_claimed(ledger: Ledger) -> None:
    assert ledger.claim("unknown") is None


def test_i8_only_one_holds_a_delivery(opened: Open) -> None:
    first, second = opened("a"), opened("b")
    routed(first)
    claimed(first)
    assert second.claim(key()) is None
    assert first.claim(key()) is None
    standing = second.state([key()])[key()].outcome
    assert isinstance(standing, Deferred)
    assert 0 < standing.after_s <= 120


@pytest.mark.parametrize("outcome", [Delivered(CASE), Discarded("not wanted")])
def test_final_outcomes_are_final(ledger: Ledger, outcome: Outcome) -> None:
    routed(ledger)
    assert ledger.settle(claimed(ledger), outcome)
    assert ledger.claim(key()) is None
    assert ledger.retry([key()]) == 0
    assert not ledger.discard(key())
    assert ledger.state([key()])[key()].outcome == outcome


def test_held_waits_for_a_person(ledger: Ledger) -> None:
    routed(ledger)
    assert ledger.settle(claimed(ledger), Held("refused: 422"))
    assert ledger.claim(key()) is None
    assert [row.outcome for row in ledger.held()] == [Held("refused: 422")]


def test_deferred_is_claimed_again_once_it_is_due(ledger: Ledger) -> None:
    routed(ledger)
    assert ledger.settle(claimed(ledger), Deferred(0.1, "busy"))
    assert ledger.claim(key()) is None
    time.sleep(0.15)
    claim = claimed(ledger)
    assert (claim.attempt, claim.in_doubt) == (2, False)


def test_an_attempt_that_does_not_count(ledger: Ledger) -> None:
    routed(ledger)
    assert ledger.settle(claimed(ledger), Deferred(0, "throttled"), counts=False)
    assert claimed(ledger).attempt == 1


def test_i7_a_dead_holders_delivery_is_in_doubt(opened: Open) -> None:
    first, second = opened("a"), opened("b")
    routed(first)
    claimed(first, ttl_s=0.05)
    time.sleep(0.1)
    claim = claimed(second)
    assert claim.in_doubt
    assert claim.intent_at is not None
    assert 0.05 <= claim.age_s < 30


def test_p6_a_paused_holder_finds_its_fence_lost_and_changes_nothing(opened: Open) -> None:
    first, second = opened("a"), opened("b")
    routed(first)
    old = claimed(first, ttl_s=0.05)
    time.sleep(0.1)
    new = claimed(second)
    assert not first.settle(old, Held("too late"))
    assert second.state([key()])[key()].state == "delivering"
    assert second.settle(new, Delivered(CASE))
    assert not first.settle(old, Held("much too late"))
    assert second.state([key()])[key()].outcome == Delivered(CASE)
    assert [event.kind for event in second.events_of(key())].count("fence_lost") == 2


def test_d11_settling_again_what_was_settled_is_true(ledger: Ledger) -> None:
    """The commit went through but its answer was lost: the work runs once more and finds itself done."""
    routed(ledger)
    claim = claimed(ledger)
    assert ledger.settle(claim, Delivered(CASE), link=link())
    assert ledger.settle(claim, Delivered(CASE), link=link())
    assert ledger.state([key()])[key()].attempts == 1
    assert [event.kind for event in ledger.events_of(key())] == ["routed", "attempt", "delivered"]


class TestDoubt:
    """``delivering`` in nobody's hands: the CRM is asked first, and the doubt's age is kept."""

    def test_a_lost_answer_keeps_the_intent(self, ledger: Ledger) -> None:
        routed(ledger)
        assert ledger.settle(claimed(ledger), Deferred(0.1, "no answer"), doubt=True)
        row = ledger.state([key()])[key()]
        assert (row.state, row.in_doubt, row.attempts) == ("delivering", True, 1)
        assert ledger.claim(key()) is None, "not due yet"
        time.sleep(0.15)
        claim = claimed(ledger)
        assert (claim.in_doubt, claim.attempt) == (True, 2)

    def test_waiting_without_a_new_request_lets_the_doubt_grow_old(self, ledger: Ledger) -> None:
        routed(ledger)
        ledger.settle(claimed(ledger), Deferred(0, "no answer"), doubt=True)
        first = claimed(ledger)
        time.sleep(0.05)
        ledger.settle(first, Deferred(0, "not visible yet"), counts=False, doubt=True)
        second = claimed(ledger)
        assert second.intent_at == first.intent_at
        assert second.age_s >= 0.05

    def test_a_new_request_without_an_answer_begins_the_doubt_anew(self, ledger: Ledger) -> None:
        routed(ledger)
        ledger.settle(claimed(ledger), Deferred(0, "no answer"), doubt=True)
        first = claimed(ledger)
        time.sleep(0.05)
        ledger.settle(first, Deferred(0, "no answer again"), doubt=True)
        second = claimed(ledger)
        assert first.intent_at
        assert second.intent_at
        assert second.intent_at > first.intent_at

    def test_a_question_that_failed_does_not_end_the_doubt(self, ledger: Ledger) -> None:
        routed(ledger)
        ledger.settle(claimed(ledger), Deferred(0, "no answer"), doubt=True)
        first = claimed(ledger)
        ledger.settle(first, Deferred(0, "throttled while asking"), counts=False)
        second = claimed(ledger)
        assert second.in_doubt
        assert second.intent_at == first.intent_at

    def test_a_doubt_outlives_hold_and_retry(self, ledger: Ledger) -> None:
        routed(ledger)
        ledger.settle(claimed(ledger), Held("12 attempts"), doubt=True)
        assert ledger.retry([key()]) == 1
        assert claimed(ledger).in_doubt

    def test_the_case_it_was_meant_for_is_remembered(self, ledger: Ledger) -> None:
        routed(ledger)
        ledger.settle(claimed(ledger), Deferred(0, "no answer"), doubt=True, link=link())
        assert claimed(ledger).case == CASE
        assert ledger.conversation("crm", ["one@example.com"]) == [], "the case does not hold the message yet"


def test_hostile_words_of_a_crm_are_stored_without_harm(ledger: Ledger) -> None:
    """I17, I18: control characters, lone surrogates, addresses and length come from a stranger's answer."""
    routed(ledger)
    words = "\x00bad\r\n\ud800 to Ann.Lee@customer.example " + "x" * 5000
    assert ledger.settle(claimed(ledger), Held(words))
    (row,) = ledger.held()
    assert row.why.startswith("bad to …@customer.example xxx")
    assert len(row.why) == 300


def test_a_hostile_case_reference_is_stored_without_harm(ledger: Ledger) -> None:
    routed(ledger)
    case = CaseRef("1\x00", "\ud800", "")
    assert ledger.settle(claimed(ledger), Delivered(case), link=link(case=case))
    assert [known.case.id for known in ledger.conversation("crm", ["one@example.com"])] == ["1 "]


def test_born_at_is_when_the_ledger_was_begun(ledger: Ledger, opened: Open) -> None:
    routed(ledger)
    row = ledger.state([key()])[key()]
    assert timedelta() <= row.first_seen_at - ledger.born_at < timedelta(seconds=30)
    assert opened().born_at == ledger.born_at


class TestUnrouted:
    """Messages held before there is a delivery: no route, too large, poison."""

    def test_i7_the_slot_is_held_only_once_people_have_been_shown_it(self, ledger: Ledger) -> None:
        """Between the two lies the flag on the server: whoever dies there has to come back to the message."""
        assert ledger.hold_unrouted(slot(1), None, "u1", "too large")
        assert [(row.key, row.connector, row.identity) for row in ledger.held()] == [("u1", None, None)]
        assert ledger.agenda(*WHERE, [1]).fresh == (1,)
        assert ledger.claim("u1") is None
        ledger.conclude([SlotEnd(slot(1), "held", None, "too large")])
        assert ledger.agenda(*WHERE, [1]).held == 1

    def test_retry_takes_it_in_again(self, ledger: Ledger) -> None:
        ledger.hold_unrouted(slot(1), facts(), "u1", "no route")
        assert ledger.retry(["u1"]) == 1
        assert ledger.agenda(*WHERE, []).fresh == (1,)
        assert ledger.state(["u1"]) == {}
        assert ledger.hold_unrouted(slot(1), facts(), "u1", "still no route")

    def test_discarded_once_is_discarded_for_good(self, ledger: Ledger) -> None:
        ledger.hold_unrouted(slot(1), None, "u1", "too large")
        assert ledger.discard("u1")
        assert ledger.agenda(*WHERE, []).finished == (1,)
        assert not ledger.hold_unrouted(slot(1), None, "u1", "too large")
        assert ledger.agenda(*WHERE, []).finished == (1,)


def test_i13_an_attempt_that_never_came_back_counts(ledger: Ledger) -> None:
    """A message that kills the worker while it is delivered must not do so for ever."""
    name = routed(ledger)
    attempts = [claim.attempt for claim in (ledger.claim(name, ttl_s=-1) for _ in range(4)) if claim]
    assert attempts == [1, 2, 3, 4]
