"""Escalations when something fails: by the connector's error table, and at most once whatever is killed or lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import CaseGone, InDoubt, Rejected, Retryable, Throttled, Unusable
from tests.steps.escalating import FIRST, HOUR, SECOND, Agents, Office

Open = Callable[..., Office]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Open]:
    opened: list[Office] = []

    def open_one(**more: Any) -> Office:
        opened.append(Office(tmp_path, **more))
        return opened[-1]

    yield open_one
    for one in opened:
        one.ledger.close()


def test_nothing_is_done_when_the_crm_cannot_be_read_back(office: Open) -> None:
    """What is remembered of the case may be stale."""
    at = office()
    at.crm.opens()
    at.tick()
    at.crm.unreadable = [Retryable("busy")]
    told = at.tick(5 * HOUR)
    assert (told.applied, told.problem) == (0, "busy")
    at.crm.unreadable = [Throttled("slow down", 30.0)]
    at.tick()
    assert at.tick().problem.startswith("paused")
    at.make_due()
    assert at.tick().applied == 1


def test_throttled_pauses_and_costs_no_attempt(office: Open) -> None:
    at = office(max_attempts=1)
    at.crm.opens("1")
    at.crm.opens("2")
    at.crm.script = [(Throttled("slow down", 30.0), False)]
    assert (at.tick(5 * HOUR).later, at.crm.updates) == (1, 1)
    assert at.tick().problem == "paused: slow down"
    at.make_due()
    assert at.tick().applied == 2


def test_unusable_stops_the_connector_with_one_call(office: Open) -> None:
    at = office()
    for number in "123":
        at.crm.opens(number)
    at.crm.script = [(Unusable("token expired"), False)]
    at.tick(5 * HOUR)
    assert at.crm.updates == 1
    assert "paused" in at.events()


def test_rejected_is_on_record_and_not_tried_again_until_the_rule_changes(office: Open) -> None:
    at = office(escalations=({**FIRST, "set": {"owner": "Nobody"}},))
    at.crm.opens()
    at.crm.script = [(Rejected("nobody is called 'Nobody'"), False)]
    assert at.tick(5 * HOUR).refused == 1
    assert at.tick(HOUR).refused == 0
    assert at.rows() == [("escalations[1]", "rejected", "nobody is called 'Nobody'")]
    at.escalations = ({**FIRST, "set": {"owner": "Somebody"}},)
    assert at.tick(HOUR).applied == 1


def test_a_refused_level_does_not_stand_in_the_way_of_the_next(office: Open) -> None:
    at = office(escalations=(FIRST, SECOND))
    at.crm.opens()
    at.crm.script = [(Rejected("no"), False)]
    told = at.tick(9 * HOUR)
    assert (told.refused, told.applied) == (1, 1)


def test_a_level_that_must_wait_keeps_the_next_one_waiting(office: Open) -> None:
    at = office(escalations=(FIRST, SECOND))
    at.crm.opens()
    at.crm.script = [(Retryable("busy"), False)]
    assert at.tick(9 * HOUR).applied == 0
    assert at.tick().later == 1
    at.make_due()
    assert at.tick().applied == 2
    assert [one.change.fields["priority"] for one in at.crm.made] == ["High", "Urgent"]


def test_a_gone_case_is_forgotten(office: Open) -> None:
    at = office(escalations=(FIRST, SECOND))
    at.crm.opens()
    at.crm.script = [(CaseGone("deleted"), False)]
    assert at.tick(9 * HOUR).refused == 1
    assert at.rows() == [("escalations[1]", "gone", "deleted")]
    del at.crm.states["1"]
    assert at.tick().waiting == 0


@pytest.mark.parametrize("happened", [True, False])
@pytest.mark.parametrize("error", [InDoubt("no answer"), ZeroDivisionError("a bug")])
def test_a_lost_answer_is_found_out_by_reading_back(office: Open, error: Exception, happened: bool) -> None:
    """Even of a CRM that would do it twice."""
    at = office(crm=Agents(forgetful=True))
    at.crm.opens()
    at.crm.script = [(error, happened)]
    assert at.tick(5 * HOUR).later == 1
    at.make_due()
    assert at.tick().applied == 1
    assert len(at.crm.made) == 1
    assert at.crm.updates == (1 if happened else 2)


def test_a_lost_answer_that_the_case_cannot_tell_of_is_repeated_under_its_key(office: Open) -> None:
    at = office(escalations=({"after": "4h", "note": "Look at this."},))
    at.crm.opens()
    at.crm.script = [(InDoubt("no answer"), True)]
    at.tick(5 * HOUR)
    at.make_due()
    assert at.tick().applied == 1
    assert (at.crm.updates, at.crm.notes()) == (2, ["Look at this."])


def test_a_doubt_ends_when_the_case_is_answered_meanwhile(office: Open) -> None:
    at = office()
    at.crm.opens()
    at.crm.script = [(InDoubt("no answer"), False)]
    at.tick(5 * HOUR)
    at.crm.answers()
    at.make_due()
    at.tick()
    assert [row[1] for row in at.rows()] == ["moot"]
    assert at.crm.updates == 1


def test_a_doubt_ends_when_a_person_changed_what_the_rule_asks_for(office: Open) -> None:
    at = office(escalations=({**FIRST, "when": {"queue": "Support"}},))
    at.crm.opens()
    at.crm.script = [(InDoubt("no answer"), False)]
    at.tick(5 * HOUR)
    at.crm.becomes(queue="Billing")
    at.make_due()
    at.tick()
    assert [row[1] for row in at.rows()] == ["moot"]


def test_own_effect_that_ends_the_condition_does_not_hide_a_doubt(office: Open) -> None:
    at = office(escalations=({**FIRST, "when": {"priority": "Normal"}},))
    at.crm.opens()
    at.crm.script = [(InDoubt("no answer"), True)]
    at.tick(5 * HOUR)
    at.make_due()
    assert at.tick().applied == 1
    assert at.rows() == [("escalations[1]", "applied", "found by reading the case back")]


@pytest.mark.parametrize("happened", [True, False])
def test_killed_between_intent_and_result(office: Open, happened: bool) -> None:
    at = office(crm=Agents(forgetful=True))
    at.crm.opens()
    at.crm.script = [(KeyboardInterrupt(), happened)]
    with pytest.raises(KeyboardInterrupt):
        at.tick(5 * HOUR)
    at.restart()
    assert at.tick().applied == 1
    assert len(at.crm.made) == 1


def test_i6_the_ledger_is_lost_and_the_key_in_the_crm_remains(office: Open) -> None:
    at = office(escalations=(FIRST, SECOND))
    at.crm.opens()
    at.tick(9 * HOUR)
    at.restart("another.db")
    at.tick()
    assert len(at.crm.made) == 2


def test_given_up_after_so_many_attempts(office: Open) -> None:
    at = office(max_attempts=2)
    at.crm.opens()
    at.crm.script = [(Retryable("busy"), False)] * 2
    at.tick(5 * HOUR)
    at.make_due()
    assert at.tick().refused == 1
    assert at.rows()[0][2] == "busy (2 attempts; given up)"
