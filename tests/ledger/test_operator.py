"""What an operator asks and orders: held, find, where, retry, discard, summary."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tests.ledger.samples import CASE, WHERE, facts, key, link, routed, slot, waiting
from worker.ledger import Ledger, SlotEnd
from worker.outcome import Deferred, Delivered, Held, Outcome


def settle(ledger: Ledger, outcome: Outcome, name: str = "one", connector: str = "crm") -> None:
    claim = ledger.claim(key(name, connector))
    assert claim
    assert ledger.settle(claim, outcome, link=link(name) if isinstance(outcome, Delivered) else None)


def test_where_finds_a_mail_by_whatever_is_known_of_it(ledger: Ledger) -> None:
    routed(ledger)
    settle(ledger, Delivered(CASE))
    routed(ledger, "two", 2)
    questions = ("ONE@customer.example", "question  ONE", "one@example.com", "<one@example.com>", "C-4711", "#C-4711")
    for question in (*questions, "4711", key()[:12], key().upper()):
        (trail,) = ledger.where(question)
        assert trail.identity == facts().identity
        assert [row.key for row in trail.deliveries] == [key()]
        assert [event.kind for event in trail.events] == ["routed", "attempt", "delivered"]
    for nothing in ("", "nobody@example.com", "%", "_"):
        assert ledger.where(nothing) == []


def test_where_finds_a_mail_that_was_held_unread(ledger: Ledger) -> None:
    ledger.hold_unrouted(slot(1), None, "abc123", "too large")
    (trail,) = ledger.where("abc1")
    assert (trail.identity, trail.mailbox) == (None, "support")
    assert [event.kind for event in trail.events] == ["held"]


def test_where_shows_every_mail_of_an_author_in_order(ledger: Ledger) -> None:
    for uid, name in enumerate(("one", "two", "three"), 1):
        ledger.enter(waiting(uid))
        ledger.record(slot(uid), facts(name, author="ann@customer.example"), [])
    trails = ledger.where("ann@customer.example")
    assert [trail.identity for trail in trails] == [facts(name).identity for name in ("one", "two", "three")]


def test_find_by_the_begin_of_a_key(ledger: Ledger) -> None:
    routed(ledger)
    routed(ledger, "two", 2)
    assert [row.key for row in ledger.find(key()[:10])] == [key()]
    assert ledger.find("") == []
    assert ledger.find("%") == []


def test_retry_makes_delivery_and_slot_due_with_new_attempts(ledger: Ledger) -> None:
    routed(ledger)
    settle(ledger, Held("refused"))
    ledger.conclude([SlotEnd(slot(1), "held", None, "refused")])
    assert ledger.retry([key(), key(), "unknown"]) == 1
    assert ledger.agenda(*WHERE, []).fresh == (1,)
    claim = ledger.claim(key())
    assert claim
    assert claim.attempt == 1
    assert [event.kind for event in ledger.events_of(key())] == ["routed", "attempt", "held", "retried", "attempt"]


def test_retry_of_a_deferred_one_does_not_wait(ledger: Ledger) -> None:
    routed(ledger)
    settle(ledger, Deferred(3600, "busy"))
    ledger.conclude([SlotEnd(slot(1), "deferred", 3600, "busy")])
    assert ledger.retry([key()]) == 1
    assert ledger.agenda(*WHERE, []).fresh == (1,)
    assert ledger.claim(key())


def test_retry_leaves_alone_what_someone_works_on(ledger: Ledger) -> None:
    routed(ledger)
    assert ledger.claim(key())
    assert ledger.retry([key()]) == 0
    assert not ledger.discard(key())


def test_discard_lets_the_message_go_once_all_its_deliveries_are_final(ledger: Ledger) -> None:
    routed(ledger, connectors=("crm", "archive"))
    settle(ledger, Held("refused"))
    settle(ledger, Held("refused"), connector="archive")
    ledger.conclude([SlotEnd(slot(1), "held", None, "refused")])
    assert ledger.discard(key())
    assert ledger.agenda(*WHERE, []).finished == ()
    assert ledger.discard(key(connector="archive"))
    assert ledger.agenda(*WHERE, []).finished == (1,)
    assert not ledger.discard(key())


def test_discard_by_a_person_shows_in_the_events(ledger: Ledger) -> None:
    routed(ledger)
    assert ledger.discard(key())
    last = ledger.events_of(key())[-1]
    assert (last.kind, last.detail) == ("discarded", "by=operator was=pending connector=crm")


def test_summary(ledger: Ledger) -> None:
    assert ledger.summary().oldest_waiting_s is None
    routed(ledger)
    routed(ledger, "two", 2)
    settle(ledger, Held("refused"))
    ledger.conclude([SlotEnd(slot(1), "held", None, "refused")])
    ledger.acquire("support")
    ledger.pause("crm", "", 30, "throttled")
    summary = ledger.summary()
    assert summary.deliveries == {"held": 1, "pending": 1}
    assert summary.oldest_waiting_s is not None
    assert 0 <= summary.oldest_waiting_s < 30
    (mailbox,) = summary.mailboxes
    assert (mailbox.mailbox, mailbox.slots) == ("support", {"held": 1, "fresh": 1})
    assert [lease.name for lease in summary.leases] == ["support"]
    assert set(summary.pauses) == {("crm", "")}
    assert [row.key for row in ledger.deliveries_in("pending", "delivered")] == [key("two")]


def test_what_an_operator_has_retried_is_released(ledger: Ledger) -> None:
    """A rule that holds a mail must not hold it again after a person has let it go on."""
    routed(ledger)
    settle(ledger, Held("spam"))
    assert not ledger.released(key())
    ledger.retry([key()])
    assert ledger.released(key())
    assert not ledger.released(key("two"))


class TestLook:
    """Reading a ledger without touching it."""

    def test_what_is_there_is_read(self, ledger: Ledger, url: str) -> None:
        routed(ledger)
        seen = Ledger.look(url)
        assert seen
        with closing(seen):
            assert set(seen.state([key()])) == {key()}
            assert seen.born_at == ledger.born_at
            assert seen.hash_of("a") == ledger.hash_of("a")

    def test_what_is_not_there_is_not_begun(self, url: str, tmp_path: Path) -> None:
        assert Ledger.look(url) is None
        assert not list(tmp_path.iterdir())
        with closing(Ledger.open(url)) as ledger:
            assert ledger.held() == []
