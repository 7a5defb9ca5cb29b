"""Zendesk has no key for comments: two writers at one moment, late and lost writes, limits, the key's window."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import CaseGone, CaseRef, Delivery, InDoubt, Retryable, Throttled
from connectors.zendesk import Zendesk
from tests.fakes.http_server import Reply, Seen
from tests.fakes.zendesk import Ticket, ZendeskFake

CREATE, UPDATE, LOOK = "POST /api/v2/tickets", "PUT /api/v2/tickets/", "GET /api/v2/tickets/"


@pytest.fixture
def case(zendesk: Zendesk) -> CaseRef:
    return zendesk.create(delivery())


@pytest.fixture
def ticket(fake: ZendeskFake, case: CaseRef) -> Ticket:
    """Quiet for an hour."""
    found = fake.desk.tickets[int(case.id)]
    found.updated_at = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return found


@pytest.fixture
def others(fake: ZendeskFake) -> Iterator[list[Zendesk]]:
    """Workers with nothing in common but the CRM."""
    made = [Zendesk(**fake.options) for _ in range(4)]
    yield made
    for one in made:
        one.close()


def test_workers_that_append_one_message_at_once_add_it_once(
    fake: ZendeskFake, zendesk: Zendesk, others: list[Zendesk]
) -> None:
    """The second update carries a stamp that is no longer the ticket's: 409, and the audits tell why."""
    for _ in range(5):
        case = zendesk.create(delivery())
        ticket = fake.desk.tickets[int(case.id)]
        ticket.updated_at = "2026-11-01T10:00:00Z"
        reply = delivery(case=case)
        start = threading.Barrier(len(others))

        def append(one: Zendesk, reply: Delivery = reply, start: threading.Barrier = start) -> str:
            start.wait(5)
            return one.append(reply).id

        with ThreadPoolExecutor(len(others)) as pool:
            assert set(pool.map(append, others)) == {case.id}
        assert ticket.keys.count(reply.key) == 1


def test_threads_of_one_worker_add_it_once(zendesk: Zendesk, case: CaseRef, ticket: Ticket) -> None:
    reply = delivery(case=case)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(zendesk.append, [reply] * 8))
    assert ticket.keys.count(reply.key) == 1


def test_an_answer_lost_is_cleared_up_within_the_call(
    fake: ZendeskFake, others: list[Zendesk], case: CaseRef, ticket: Ticket
) -> None:
    """C17: a second copy does no harm, since its stamp is out of date once the first was applied."""
    reply = delivery(case=case)
    fake.fail("reset_after", UPDATE)
    assert others[0].append(reply).id == case.id
    assert ticket.keys.count(reply.key) == 1
    assert fake.count(UPDATE) == 2


def test_a_message_with_files_is_not_sent_again_blindly(
    fake: ZendeskFake, others: list[Zendesk], case: CaseRef, ticket: Ticket
) -> None:
    """A token is used up by the first copy, so that the second might be refused for it."""
    reply = delivery(case=case, attachments=(file_of(b"x"),))
    fake.fail("reset_after", UPDATE)
    with pytest.raises(InDoubt):
        others[0].append(reply)
    assert others[0].find(reply) is not None
    assert fake.count(UPDATE) == 1


def test_c16_a_write_that_is_applied_after_we_gave_up(
    fake: ZendeskFake, others: list[Zendesk], case: CaseRef, ticket: Ticket
) -> None:
    """M32: the first request is still under way when the second try has been made; it finds its stamp outdated."""
    reply = delivery(case=case, attachments=(file_of(b"x"),))
    late: list[Seen] = []
    carry_out = fake.carry_out

    def hold_back(seen: Seen) -> Reply:
        if seen.method == "PUT" and not late:
            late.append(seen)
            return Reply(504, {"error": "gateway"})
        return carry_out(seen)

    fake.carry_out = hold_back  # type: ignore[method-assign]
    with pytest.raises(InDoubt):
        others[0].append(reply)
    assert others[1].find(reply) is None
    others[1].append(reply)
    assert carry_out(late[0]).status == 409
    assert ticket.keys.count(reply.key) == 1


def test_a_write_applied_between_look_and_second_try(
    fake: ZendeskFake, others: list[Zendesk], case: CaseRef, ticket: Ticket
) -> None:
    """The look took its stamp before it read the audits."""
    reply = delivery(case=case)
    assert others[0].find(reply) is None
    others[1].append(reply)
    assert others[0].append(reply).id == case.id
    assert ticket.keys.count(reply.key) == 1


def test_an_agent_who_writes_meanwhile_costs_a_look(
    fake: ZendeskFake, zendesk: Zendesk, case: CaseRef, ticket: Ticket
) -> None:
    """The stamp that this worker remembers is out of date: the ticket is asked for, its audits are searched."""
    ticket.fields["subject"] = "An agent's words"
    fake.log.clear()
    zendesk.append(delivery(case=case, requester=delivery().requester))
    assert len(ticket.comments) == 2
    assert ticket.fields["subject"] == "An agent's words"
    assert [f"{seen.method} {status}" for seen, status in fake.log if "/tickets/" in seen.path] == [
        "PUT 409",
        "GET 200",
        "GET 200",
        "PUT 200",
    ]


def test_a_ticket_that_never_rests(fake: ZendeskFake, zendesk: Zendesk, case: CaseRef, ticket: Ticket) -> None:
    conflict = Reply(409, {"error": "UpdateConflict", "description": "Safe Update prevented the update"})
    fake.fail("reply", UPDATE, times=3, reply=conflict)
    with pytest.raises(Retryable, match="keep changing"):
        zendesk.append(delivery(case=case))


def test_a_write_in_the_second_of_another_is_not_repeated_blindly(
    fake: ZendeskFake, zendesk: Zendesk, case: CaseRef
) -> None:
    """Stamps count in seconds: within the same one, a second copy would not be noticed."""
    ticket = fake.desk.tickets[int(case.id)]
    reply = delivery(case=case)
    fake.fail("reset_before", UPDATE)
    with pytest.raises(InDoubt):
        zendesk.append(reply)
    assert zendesk.find(reply) is None
    zendesk.append(reply)
    assert ticket.keys.count(reply.key) == 1


def test_a_merged_ticket_gets_a_follow_up(fake: ZendeskFake, zendesk: Zendesk, case: CaseRef, ticket: Ticket) -> None:
    """C10: merging closes it; no update is even tried by who sees that."""
    ticket.fields |= {"status": "closed", "tags": ["closed_by_merge"]}
    reply = delivery(case=case)
    fresh = Zendesk(**fake.options)
    landed = fresh.append(reply)
    assert fake.desk.tickets[int(landed.id)].followup_source_id == int(case.id)
    assert fake.count(UPDATE) == 0
    assert fresh.append(reply) == landed
    fresh.close()


def test_a_message_in_an_archived_ticket_is_found(
    fake: ZendeskFake, zendesk: Zendesk, case: CaseRef, ticket: Ticket
) -> None:
    """Its audits come whole and oldest first, and the list by external id leaves it out."""
    fake.ticket_limit = 1_000
    reply = delivery(case=case)
    zendesk.append(reply)
    for _ in range(110):
        zendesk.append(delivery(case=case))
    ticket.fields["status"], ticket.archived = "closed", True
    found = zendesk.find(reply)
    assert found is not None
    assert found.id == case.id


def test_the_limit_of_updates_is_told_as_its_own(fake: ZendeskFake, zendesk: Zendesk, case: CaseRef) -> None:
    """C1, C26: agents use it up too. New tickets go on, and refused updates are not even sent."""
    fake.counters.limits["tickets-update"] = (2, 60.0)
    other = zendesk.create(delivery())
    zendesk.append(delivery(case=case))
    zendesk.append(delivery(case=other))
    for _ in range(2):
        with pytest.raises(Throttled) as caught:
            zendesk.append(delivery(case=case))
        assert caught.value.bucket == "ticket updates"
        assert 0 < (caught.value.retry_after_s or 0) <= 60
    assert fake.count(UPDATE) == 2
    zendesk.create(delivery())


def test_a_refusal_of_the_kind_of_call_names_it(fake: ZendeskFake, zendesk: Zendesk, case: CaseRef) -> None:
    headers = {"Retry-After": "11", "Zendesk-RateLimit-tickets-update": "total=100; remaining=0; resets=11"}
    fake.fail("reply", UPDATE, reply=Reply(429, {"error": "EndpointRateLimitExceeded"}, headers))
    with pytest.raises(Throttled) as caught:
        zendesk.append(delivery(case=case))
    assert (caught.value.bucket, caught.value.retry_after_s) == ("ticket updates", 11)


def test_an_account_with_nothing_left_is_left_alone(fake: ZendeskFake, zendesk: Zendesk) -> None:
    zendesk.create(delivery())
    fake.counters.limits["account"] = (2, 60.0)
    zendesk.create(delivery())
    before = len(fake.log)
    with pytest.raises(Throttled) as caught:
        zendesk.create(delivery())
    assert caught.value.bucket == ""
    assert len(fake.log) == before


def test_after_the_keys_window_comes_a_look(
    fake: ZendeskFake, zendesk: Zendesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key is kept for two hours: a try after these would make a second ticket."""
    sent = delivery()
    fake.fail("reset_after", CREATE, times=3)
    with pytest.raises(InDoubt):
        zendesk.create(sent)
    fake.desk.idempotent.clear()
    monkeypatch.setattr("connectors.zendesk.connector._KEY_LIVES_S", 0.0)
    assert zendesk.create(sent).id == str(fake.tickets[0].id)
    assert len(fake.tickets) == 1


def test_a_ticket_deleted_between_look_and_update(
    fake: ZendeskFake, zendesk: Zendesk, case: CaseRef, ticket: Ticket
) -> None:
    reply = delivery(case=case)
    assert zendesk.find(reply) is None
    ticket.deleted = True
    with pytest.raises(CaseGone):
        zendesk.append(reply)
