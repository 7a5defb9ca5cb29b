"""The ledger's part in escalations: one turn a tick, one permission a change, an intent that outlives its maker."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from connectors.contract import CaseRef, CaseState
from tests.ledger.conftest import Open
from tests.ledger.samples import CASE, RECEIVED, digest, key, link, routed
from tests.ledger.test_privacy import dumped
from worker.ledger import EscalationAsk, Ledger
from worker.ledger.owner import own_name
from worker.outcome import Delivered

STATE = CaseState(
    case=CASE,
    status="New",
    open=True,
    opened_at=RECEIVED,
    changed_at=RECEIVED,
    priority="High",
    owner="Olga Owner",
    queue="Support",
    key=key(),
)
DEAD = ":".join([*own_name().split(":")[:3], "4194305", "1"])


def ask(ledger: Ledger, name: str = "one") -> EscalationAsk:
    ledger.watch("crm", [STATE], [])
    (case,) = ledger.waiting_cases("crm")
    return EscalationAsk(digest(name)[:40], case, "escalations[1]", provable=True)


def test_one_turn_for_all_workers(opened: Open) -> None:
    one, other = opened("a"), opened("b")
    assert one.read_back_turn("crm", 60) == (True, None)
    assert other.read_back_turn("crm", 60) == (False, None)
    assert other.read_back_turn("another", 60) == (True, None)


def test_the_mark_of_what_was_read_back_never_sinks(ledger: Ledger) -> None:
    ledger.read_back_turn("crm", 0)
    for moment in (RECEIVED, RECEIVED - timedelta(hours=1)):
        ledger.read_back_until("crm", moment)
    assert ledger.read_back_turn("crm", 0) == (True, RECEIVED)


def test_a_waiting_case_is_known_with_its_route_and_first_mail(ledger: Ledger) -> None:
    routed(ledger)
    ledger.watch("crm", [STATE], [])
    (case,) = ledger.waiting_cases("crm")
    assert (case.route, case.identity, case.received_at) == ("billing", digest("one"), RECEIVED)
    assert (case.case, case.opened_at, case.priority, case.first_answer_at) == (CASE, RECEIVED, "High", None)
    assert case.owner_hash == ledger.hash_of("olga  OWNER")
    assert "Olga" not in dumped(ledger)
    ledger.watch("crm", [replace(STATE, priority="Low")], [])
    assert [one.priority for one in ledger.waiting_cases("crm")] == ["Low"]
    ledger.watch("crm", [], [STATE])
    assert ledger.waiting_cases("crm") == []


def test_a_case_that_the_ledger_has_no_mail_of_waits_too(ledger: Ledger) -> None:
    ledger.watch("crm", [replace(STATE, key="", case=CaseRef("x\ud800", "y\0", ""))], [])
    (case,) = ledger.waiting_cases("crm")
    assert (case.route, case.identity, case.received_at) == ("", None, None)


def test_permission_is_given_once(opened: Open) -> None:
    one, other = opened("a"), opened("b")
    wanted = ask(one)
    grant = one.begin_escalation(wanted)
    assert grant
    assert (grant.attempt, grant.doubtful) == (1, False)
    assert other.begin_escalation(wanted) is None
    assert one.begin_escalation(wanted) is None
    assert one.end_escalation(wanted.key, grant, "applied", "")
    assert one.begin_escalation(wanted) is None
    assert one.escalations_of("crm")[wanted.key].is_final


def test_what_a_dead_worker_began_is_in_doubt(opened: Open) -> None:
    wanted = ask(opened())
    assert opened(DEAD).begin_escalation(wanted)
    grant = opened("alive").begin_escalation(wanted)
    assert grant
    assert (grant.attempt, grant.doubtful, grant.provable) == (1, True, True)


def test_who_was_given_up_for_dead_cannot_end_it_any_more(opened: Open) -> None:
    wanted = ask(opened())
    slow, quick = opened(DEAD), opened("alive")
    first = slow.begin_escalation(wanted)
    second = quick.begin_escalation(wanted)
    assert first
    assert second
    assert not slow.end_escalation(wanted.key, first, "rejected", "")
    assert quick.end_escalation(wanted.key, second, "applied", "")


def test_attempts_count_unless_the_connector_had_to_wait(ledger: Ledger) -> None:
    wanted = ask(ledger)
    grant = ledger.begin_escalation(wanted)
    assert grant
    ledger.release_escalation(wanted.key, grant, "slow down", 0.0)
    grant = ledger.begin_escalation(wanted)
    assert grant
    assert (grant.attempt, grant.doubtful) == (1, False)
    ledger.end_escalation(wanted.key, grant, "doubtful", "no answer", 0.0)
    grant = ledger.begin_escalation(wanted)
    assert grant
    assert (grant.attempt, grant.doubtful) == (2, True)
    ledger.release_escalation(wanted.key, grant, "slow down", 3600.0)
    assert ledger.begin_escalation(wanted) is None
    assert ledger.escalations_of("crm")[wanted.key].is_doubtful


def test_what_was_never_settled_is_moot_once_nobody_waits(ledger: Ledger) -> None:
    wanted = ask(ledger)
    grant = ledger.begin_escalation(wanted)
    assert grant
    ledger.end_escalation(wanted.key, grant, "doubtful", "no answer", 0.0)
    assert ledger.end_moot_escalations("crm") == 0
    ledger.forget_waiting("crm", CASE.id)
    assert ledger.end_moot_escalations("crm") == 1
    assert ledger.begin_escalation(wanted) is None


def test_where_tells_of_the_escalation_among_the_steps_of_the_mail(ledger: Ledger) -> None:
    delivery = routed(ledger)
    claim = ledger.claim(delivery)
    assert claim
    ledger.settle(claim, Delivered(CASE), link=link())
    wanted = ask(ledger)
    grant = ledger.begin_escalation(wanted)
    assert grant
    ledger.end_escalation(wanted.key, grant, "applied", "")
    (trail,) = ledger.where("C-4711")
    assert [event.kind for event in trail.events][-2:] == ["escalating", "escalated"]
    assert trail.events[-1].detail == "rule=escalations[1] connector=crm case=C-4711"
