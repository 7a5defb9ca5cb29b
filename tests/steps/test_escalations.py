"""Escalations: due by the calendar, once for each time a customer waits, never to an answered case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Capabilities, Dedupe
from tests.steps.escalating import ABLE, FIRST, HOUR, SECOND, START, Agents, Office

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


def test_not_a_moment_too_early_and_once(office: Open) -> None:
    at = office()
    at.crm.opens()
    assert at.tick(4 * HOUR - timedelta(seconds=1)).applied == 0
    assert at.tick(timedelta(seconds=1)).applied == 1
    assert at.tick(HOUR).applied == 0
    assert at.crm.states["1"].priority == "High"
    assert at.crm.notes() == [
        "No answer for 4h of working time since 2026-11-20 10:00 (UTC). Escalated: priority = High."
    ]
    assert at.rows() == [("escalations[1]", "applied", "")]
    assert at.events() == ["escalating", "escalated"]


@pytest.mark.parametrize("word", ["answers", "closes"])
def test_an_answered_or_closed_case_is_left_alone(office: Open, word: str) -> None:
    at = office()
    at.crm.opens()
    at.tick(3 * HOUR)
    if word == "answers":
        at.crm.answers()
    else:
        at.crm.becomes(open=False, status="Closed")
    assert at.tick(9 * HOUR).applied == at.crm.updates == 0


def test_an_answer_a_second_before_the_tick_counts(office: Open) -> None:
    """The CRM is asked before anything is done, so what the ledger remembers is never acted on alone."""
    at = office()
    at.crm.opens()
    at.tick(4 * HOUR - timedelta(seconds=2))
    at.crm.now += timedelta(seconds=1)
    at.crm.answers()
    assert at.tick(HOUR).applied == 0


def test_levels_come_in_order_each_once(office: Open) -> None:
    at = office(escalations=(SECOND, FIRST))
    at.crm.opens()
    for _ in range(12):
        at.tick(HOUR)
    assert [one.change.fields["priority"] for one in at.crm.made] == ["High", "Urgent"]
    assert at.crm.states["1"].owner == "Tier 2"


def test_after_a_night_off_every_level_due_comes_in_order_once(office: Open) -> None:
    at = office(escalations=(SECOND, FIRST))
    at.crm.opens()
    assert at.tick(14 * HOUR).applied == 2
    assert [one.change.fields["priority"] for one in at.crm.made] == ["High", "Urgent"]
    assert at.tick(HOUR).applied == 0


def test_a_level_that_asks_for_what_the_one_before_has_set_follows_it(office: Open) -> None:
    second = {**SECOND, "when": {"priority": "high"}}
    at = office(escalations=(FIRST, second))
    at.crm.opens()
    assert at.tick(14 * HOUR).applied == 2


def test_a_weekend_is_no_working_time(office: Open) -> None:
    office_hours = {"timezone": "Europe/Berlin", "hours": "Mon-Fri 09:00-17:00"}
    at = office(calendars={"berlin": office_hours})
    at.crm.now = START + 4 * HOUR
    at.crm.opens()
    # Friday 15:00 in Berlin: two hours are left, the other two are Monday's until 11:00, which is 10:00 UTC.
    assert at.tick(timedelta(days=3) - 4 * HOUR - timedelta(minutes=1)).applied == 0
    assert at.tick(timedelta(minutes=1)).applied == 1


@pytest.mark.parametrize(
    ("when", "is_about"),
    [
        ({"connector": "crm", "priority": "normal", "queue": "support", "status": "NEW"}, True),
        ({"priority": "High"}, False),
        ({"queue": "Billing"}, False),
        ({"status": "Open"}, False),
        ({"owner": "ada agent"}, True),
        ({"owner": "Bob"}, False),
        ({"route": "billing@example.com"}, False),
    ],
)
def test_when_narrows(office: Open, when: dict[str, str], is_about: bool) -> None:
    at = office(escalations=({**FIRST, "when": when},))
    at.crm.opens(owner="Ada Agent")
    assert at.tick(5 * HOUR).applied == int(is_about)


def test_since_the_last_customer_mail(office: Open) -> None:
    """A second wait after an answer is another occasion; a customer who writes again starts the clock anew."""
    at = office(escalations=({**FIRST, "since": "last customer mail"},))
    at.crm.opens()
    at.tick(HOUR)
    at.crm.answers()
    assert at.tick(9 * HOUR).applied == 0
    at.crm.hears()
    at.tick(3 * HOUR)
    at.crm.hears()
    assert at.tick(3 * HOUR).applied == 0
    assert at.tick(HOUR).applied == 1
    at.crm.hears()
    assert at.tick(9 * HOUR).applied == 0
    at.crm.answers()
    at.tick(HOUR)
    at.crm.hears()
    assert at.tick(4 * HOUR).applied == 1


def test_a_mail_dated_in_the_future_waits_from_now_on(office: Open) -> None:
    at = office(escalations=({**FIRST, "since": "last customer mail"},))
    at.crm.opens(last_customer_at=START + timedelta(days=9000))
    at.tick()
    assert at.tick(4 * HOUR).applied == 1


def test_one_question_a_tick_from_the_crms_own_time_on(office: Open) -> None:
    at = office()
    at.crm.opens()
    at.tick(HOUR)
    at.tick(HOUR)
    assert len(at.crm.asked) == 2
    assert at.crm.asked[0] < START - timedelta(days=29)
    assert at.crm.asked[1] == START - timedelta(minutes=10)


def test_of_two_workers_one_asks_within_a_tick(office: Open) -> None:
    at = office()
    at.tick(every_s=60)
    at.tick(every_s=60)
    assert len(at.crm.asked) == 1


@pytest.mark.parametrize("lacks", ["updates", "reads_back", "answers"])
def test_a_connector_that_cannot_is_not_even_asked(office: Open, lacks: str) -> None:
    able = {"updates": True, "reads_back": True, "answers": True, lacks: False}
    at = office(crm=Agents(Capabilities(dedupe=Dedupe.NATIVE, **able)))
    at.crm.opens()
    assert at.tick(9 * HOUR).applied == 0
    assert at.crm.asked == []


def test_no_note_where_it_could_not_be_kept_from_the_customer(office: Open) -> None:
    at = office(crm=Agents(Capabilities(dedupe=Dedupe.NATIVE, updates=True, reads_back=True, answers=True)))
    at.crm.opens()
    at.tick(9 * HOUR)
    assert at.crm.notes() == [""]
    assert ABLE.internal_notes
