"""Zendesk's cases changed and read back: owner, queue, priority, notes; statuses in bulk, and when agents answered."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.conformance import delivery
from connectors.contract import CaseGone, CaseRef, CaseState, Change, Rejected, Throttled
from connectors.zendesk import Zendesk
from tests.fakes.http_server import Reply
from tests.fakes.zendesk import Ticket, ZendeskFake
from tests.fakes.zendesk.records import User

UPDATE = "PUT /api/v2/tickets/"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def _change(note: str = "", **fields: str) -> Change:
    return Change(key=secrets.token_hex(20), fields=fields, note=note)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def case(zendesk: Zendesk) -> CaseRef:
    return zendesk.create(delivery())


@pytest.fixture
def ticket(fake: ZendeskFake, case: CaseRef) -> Ticket:
    return fake.desk.tickets[int(case.id)]


@pytest.fixture
def tier_2(fake: ZendeskFake) -> User:
    user = User(2, "Tier 2", "tier2@example.com", "agent")
    fake.desk.users[2] = user
    return user


@pytest.mark.parametrize("owner", ["tier 2", "tier2@example.com"])
def test_an_escalation_is_one_update(
    fake: ZendeskFake, zendesk: Zendesk, case: CaseRef, ticket: Ticket, tier_2: User, owner: str
) -> None:
    change = _change("Four hours without an answer.", priority="Urgent", owner=owner, queue="billing", status="open")
    zendesk.update(case, change)
    expected = {"priority": "urgent", "assignee_id": tier_2.id, "group_id": 12, "status": "open"}
    assert {name: ticket.fields[name] for name in expected} == expected
    assert [(one.public, one.body) for one in ticket.comments[1:]] == [(False, "Four hours without an answer.")]
    assert fake.count(UPDATE) == 1
    assert ticket.keys[-1] == change.key


@pytest.mark.parametrize("fault", ["reset_after", "cut"])
def test_a_note_is_never_added_twice(
    fake: ZendeskFake, zendesk: Zendesk, case: CaseRef, ticket: Ticket, fault: str
) -> None:
    """C17: nor is an agent's later edit undone by a second try, in this process or in another."""
    ticket.updated_at = _stamp(datetime.now(UTC) - timedelta(hours=1))
    change = _change("Look here", priority="high")
    fake.fail(fault, UPDATE)
    zendesk.update(case, change)
    ticket.fields["priority"] = "low"
    zendesk.update(case, change)
    other = Zendesk(**fake.options)
    other.update(case, change)
    other.close()
    assert len(ticket.comments) == 2
    assert ticket.fields["priority"] == "low"


def test_fields_alone_leave_no_comment(zendesk: Zendesk, case: CaseRef, ticket: Ticket) -> None:
    zendesk.update(case, _change(status="Solved"))
    assert ticket.status == "solved"
    assert len(ticket.comments) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"owner": "Nobody"}, "no agent 'Nobody'"),
        ({"owner": "nobody@example.com"}, "is not an agent"),
        ({"owner": "Ann Example"}, "no agent 'Ann Example'"),
        ({"queue": "Nobody"}, "no group 'Nobody'"),
        ({"status": "closed"}, "status 'closed' is none of Zendesk's"),
        ({"mood": "bad"}, "no field 'mood'"),
        ({"tags": "x"}, "new tickets only"),
    ],
)
def test_what_zendesk_has_not_is_told(
    zendesk: Zendesk, case: CaseRef, ticket: Ticket, fields: dict[str, str], said: str
) -> None:
    with pytest.raises(Rejected, match=said):
        zendesk.update(case, _change("note", **fields))
    assert len(ticket.comments) == 1


def test_two_agents_of_one_name_are_told_apart_by_address(
    fake: ZendeskFake, zendesk: Zendesk, case: CaseRef, tier_2: User
) -> None:
    fake.desk.users[3] = replace(tier_2, id=3, email="other@example.com")
    with pytest.raises(Rejected, match="2 agents"):
        zendesk.update(case, _change(owner="Tier 2"))


def test_a_case_that_takes_nothing_is_gone(fake: ZendeskFake, zendesk: Zendesk, case: CaseRef, ticket: Ticket) -> None:
    ticket.fields["status"] = "closed"
    for one in (case, CaseRef("999999", "999999"), CaseRef("../x", "x")):
        with pytest.raises(CaseGone):
            zendesk.update(one, _change("note", priority="high"))
    ticket.deleted = True
    with pytest.raises(CaseGone):
        zendesk.update(case, _change(priority="high"))


def test_states_are_read_page_by_page(fake: ZendeskFake, zendesk: Zendesk, tier_2: User) -> None:
    sent = [delivery(fields={"priority": "high", "queue": "Billing"}) for _ in range(7)]
    cases = [zendesk.create(one) for one in sent]
    fake.export.page = 2
    tickets = fake.tickets
    opened = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    answers = [_stamp(opened + timedelta(minutes=minutes)) for minutes in (5, 50)]
    tickets[0].created_at = _stamp(opened)
    tickets[0].answers, tickets[0].solved_at = answers, answers[-1]
    tickets[0].fields |= {"status": "solved", "assignee_id": tier_2.id}
    tickets[1].fields["external_id"] = "an order of somebody else's"
    tickets[2].deleted = True
    tickets[3].updated_at = _stamp(LONG_AGO)
    found = {state.case.id: state for state in zendesk.read_back(LONG_AGO + timedelta(days=1))}
    assert sorted(found) == [case.id for number, case in enumerate(cases) if number not in (1, 2, 3)]
    done = found[cases[0].id]
    assert done == CaseState(
        case=cases[0],
        status="solved",
        open=False,
        opened_at=opened,
        changed_at=done.changed_at,
        closed_at=opened + timedelta(minutes=50),
        priority="high",
        owner="Tier 2",
        queue="Billing",
        key=sent[0].key,
        first_answer_at=opened + timedelta(minutes=5),
        last_answer_at=opened + timedelta(minutes=50),
        last_customer_at=done.last_customer_at,
    )
    waiting = found[cases[4].id]
    assert (waiting.open, waiting.owner, waiting.first_answer_at, waiting.last_answer_at) == (True, "", None, None)
    assert fake.count("GET /api/v2/incremental/") == 4


def test_states_since_a_moment_ago(zendesk: Zendesk, case: CaseRef) -> None:
    """Zendesk refuses a start within the last minute."""
    assert [state.case.id for state in zendesk.read_back(datetime.now(UTC) - timedelta(seconds=20))] == [case.id]
    assert list(zendesk.read_back(datetime.now(UTC) + timedelta(days=1))) == []


def test_a_case_that_changes_while_pages_are_read_is_told_once(
    fake: ZendeskFake, zendesk: Zendesk, case: CaseRef, ticket: Ticket
) -> None:
    pages: list[dict[str, Any]] = [
        {"tickets": [ticket.shown("") | {"status": status}], "after_cursor": f"c{status}", "end_of_stream": end}
        for status, end in (("open", False), ("pending", True))
    ]
    for page in pages:
        fake.fail("reply", "GET /api/v2/incremental/", reply=Reply(200, page))
    assert [state.status for state in zendesk.read_back(LONG_AGO)] == ["pending"]


def test_the_limit_of_exports_is_its_own(fake: ZendeskFake, zendesk: Zendesk) -> None:
    """C26: once the header says that none is left, no call is made that would be refused; mail goes on."""
    fake.counters.limits["incremental-exports-cursor"] = (1, 60.0)
    list(zendesk.read_back(LONG_AGO))
    with pytest.raises(Throttled) as caught:
        list(zendesk.read_back(LONG_AGO))
    assert caught.value.bucket == "incremental exports"
    assert fake.count("GET /api/v2/incremental/") == 1
    zendesk.create(delivery())
