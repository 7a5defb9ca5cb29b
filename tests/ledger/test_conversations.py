"""Conversations and pauses: what is remembered of cases and of connectors (I20, I22)."""

from __future__ import annotations

import math
import time

import pytest

from connectors.contract import CaseRef
from tests.ledger.samples import CASE, key, link, routed
from worker.ledger import Ledger
from worker.outcome import Deferred, Delivered, Held


def deliver(ledger: Ledger, name: str, case: CaseRef = CASE, uid: int = 1) -> None:
    claim = ledger.claim(routed(ledger, name, uid))
    assert claim
    assert ledger.settle(claim, Delivered(case), link=link(name, case))


def test_cases_come_in_the_order_of_the_ids(ledger: Ledger) -> None:
    other = CaseRef("2", "C-2")
    deliver(ledger, "one")
    deliver(ledger, "two", other, uid=2)
    known = ledger.conversation("crm", ["nobody@x", "TWO@example.com", "one@example.com", "two@example.com"])
    assert [one.case for one in known] == [other, CASE]
    assert known[0].message_id_hash == ledger.hash_of("two@example.com")
    known = ledger.conversation("crm", ["one@example.com", "two@example.com"])
    assert [one.case for one in known] == [CASE, other]
    assert ledger.conversation("archive", ["one@example.com"]) == []
    assert ledger.conversation("crm", []) == []


def test_i20_a_second_case_of_one_message_id_does_not_replace_the_first(ledger: Ledger) -> None:
    """A stranger who reuses a Message-ID must not take the conversation over."""
    deliver(ledger, "one")
    claim = ledger.claim(routed(ledger, "two", 2))
    assert claim
    stranger = CaseRef("666", "C-666")
    ledger.settle(claim, Delivered(stranger), link=link("one", stranger))
    assert {one.case.id for one in ledger.conversation("crm", ["one@example.com"])} == {"4711", "666"}


def test_i20_participants(ledger: Ledger) -> None:
    deliver(ledger, "one")
    assert ledger.is_participant("crm", CASE.id, "One@Customer.Example")
    assert not ledger.is_participant("crm", CASE.id, "two@customer.example")
    assert not ledger.is_participant("crm", "2", "one@customer.example")
    assert not ledger.is_participant("crm", CASE.id, "")


def test_i22_a_parent_on_its_way_is_waited_for(ledger: Ledger) -> None:
    routed(ledger)
    parents = ["other@example.com", "one@example.com"]
    assert ledger.parents_unfinished("crm", parents, 900)
    assert not ledger.parents_unfinished("archive", parents, 900)
    assert not ledger.parents_unfinished("crm", ["other@example.com"], 900)
    assert not ledger.parents_unfinished("crm", [], 900)
    time.sleep(0.05)
    assert not ledger.parents_unfinished("crm", parents, 0.01), "the wait is bounded"


@pytest.mark.parametrize("outcome", [Held("refused"), Delivered(CASE)])
def test_i22_a_parent_that_stopped_is_not_waited_for(ledger: Ledger, outcome: Held | Delivered) -> None:
    claim = ledger.claim(routed(ledger))
    assert claim
    ledger.settle(claim, outcome)
    assert not ledger.parents_unfinished("crm", ["one@example.com"], 900)


def test_i22_a_deferred_parent_is_waited_for(ledger: Ledger) -> None:
    claim = ledger.claim(routed(ledger))
    assert claim
    ledger.settle(claim, Deferred(60, "busy"))
    assert ledger.parents_unfinished("crm", ["one@example.com"], 900)


def test_hashes_are_keyed_and_forgiving(ledger: Ledger) -> None:
    assert ledger.hash_of(" Ann@Example.COM ") == ledger.hash_of("ann@example.com")
    assert ledger.hash_of("a  b\n c") == ledger.hash_of("A b C")
    assert ledger.hash_of("\ud800") != ledger.hash_of("")
    assert len(ledger.hash_of("x")) == 32


class TestPauses:
    """A dead door is not knocked on for every letter."""

    def test_one_alert_a_pause(self, ledger: Ledger) -> None:
        assert ledger.pause("crm", "", 30, "throttled")
        assert not ledger.pause("crm", "", 60, "throttled")
        assert ledger.pause("crm", "case-1", 30, "that case")
        assert set(ledger.pauses()) == {("crm", ""), ("crm", "case-1")}
        assert 30 < ledger.pauses()[("crm", "")].remaining_s <= 60

    def test_a_pause_is_never_shortened(self, ledger: Ledger) -> None:
        ledger.pause("crm", "", None, "wrong token")
        ledger.pause("crm", "", 5, "throttled")
        pause = ledger.pauses()[("crm", "")]
        assert (pause.until, pause.remaining_s, pause.why) == (None, math.inf, "wrong token")

    def test_it_ends_by_itself_and_the_next_is_new(self, ledger: Ledger) -> None:
        assert ledger.pause("crm", "", 0.05, "throttled")
        time.sleep(0.1)
        assert ledger.pauses() == {}
        assert ledger.pause("crm", "", 0.05, "throttled")
        time.sleep(0.1)
        assert not ledger.resume("crm")

    def test_resume(self, ledger: Ledger) -> None:
        ledger.pause("crm", "", None, "wrong token")
        assert ledger.resume("crm")
        assert ledger.pauses() == {}
        assert not ledger.resume("crm")

    def test_an_operators_retry_ends_every_pause_of_the_connector(self, ledger: Ledger) -> None:
        claim = ledger.claim(routed(ledger))
        assert claim
        ledger.settle(claim, Deferred(300, "wrong token"))
        ledger.pause("crm", "", None, "wrong token")
        ledger.pause("crm", "case-1", 300, "throttled")
        assert ledger.retry([key()]) == 1
        assert ledger.pauses() == {}
