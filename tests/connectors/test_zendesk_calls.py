"""Zendesk beyond the kit: calls and their cost, the idempotency window, limits, what a lost ledger costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import (
    CaseGone,
    CaseRef,
    InDoubt,
    Person,
    Throttled,
    Unusable,
)
from connectors.zendesk import Zendesk
from tests.fakes.http_server import Reply
from tests.fakes.zendesk import ZendeskFake

CREATE, UPDATE, UPLOAD = "POST /api/v2/tickets", "PUT /api/v2/tickets/", "POST /api/v2/uploads"


def _ref(number: int) -> CaseRef:
    return CaseRef(str(number), str(number))


def test_a_new_ticket_has_everything_in_one_call(fake: ZendeskFake, zendesk: Zendesk) -> None:
    sent = delivery(
        html="<p>rich</p>",
        recipient="help@example.com",
        fields={"priority": "High", "queue": "billing", "tags": "one two", "123": "x", "type": "Question"},
    )
    case = zendesk.create(sent)
    ticket = fake.desk.tickets[int(case.id)]
    expected = {
        "subject": sent.subject,
        "external_id": sent.key,
        "recipient": "help@example.com",
        "priority": "high",
        "type": "question",
        "group_id": 12,
        "tags": ["mail-to-case", "vip", "one", "two"],
        "custom_fields": [{"id": 123, "value": "x"}],
    }
    assert {name: ticket.fields[name] for name in expected} == expected
    assert ticket.comments[0].html_body == "<p>rich</p>"
    assert fake.desk.users[ticket.fields["requester_id"]].email == "ann@example.com"
    seen = next(seen for seen, _ in fake.log if f"{seen.method} {seen.path}" == CREATE)
    assert seen.headers["idempotency-key"] == sent.key
    assert case.url == f"{fake.url}/agent/tickets/{case.id}"


def test_a_second_try_sends_the_same_bytes(fake: ZendeskFake, zendesk: Zendesk) -> None:
    """Files are not uploaded again: other tokens would make another body, which the key refuses."""
    sent = delivery(attachments=(file_of(b"abc"),))
    fake.fail("reset_before", CREATE, times=3)
    with pytest.raises(InDoubt):
        zendesk.create(sent)
    zendesk.create(sent)
    bodies = {seen.body for seen, _ in fake.log if seen.path == "/api/v2/tickets"}
    assert len(bodies) == 1
    assert fake.count(UPLOAD) == 1


def test_another_process_with_other_tokens_finds_the_ticket(fake: ZendeskFake, zendesk: Zendesk) -> None:
    """C15: 400 IdempotentRequestError means that it exists."""
    sent = delivery(attachments=(file_of(b"abc"),))
    case = zendesk.create(sent)
    other = Zendesk(**fake.options)
    assert other.create(sent).id == case.id
    assert len(fake.tickets) == 1
    fake.fail("reply", "GET /api/v2/tickets", reply=Reply(200, {"tickets": []}))
    with pytest.raises(InDoubt, match="does not show yet"):
        other.create(sent)
    other.close()


def test_the_oldest_of_two_is_adopted(fake: ZendeskFake, zendesk: Zendesk) -> None:
    """C23: external ids are not unique."""
    sent = delivery()
    first = zendesk.create(sent)
    fake.desk.idempotent.clear()
    zendesk.create(sent)
    assert len(fake.tickets) == 2
    found = zendesk.find(sent)
    assert found is not None
    assert found.id == first.id


def test_limits_of_one_ticket_and_of_the_account(fake: ZendeskFake, zendesk: Zendesk) -> None:
    """C1: one busy ticket pauses itself; the account's limit pauses everything."""
    case = zendesk.create(delivery())
    fake.ticket_limit = 2
    for _ in range(2):
        zendesk.append(delivery(case=case))
    with pytest.raises(Throttled) as caught:
        zendesk.append(delivery(case=case))
    assert (caught.value.bucket, caught.value.retry_after_s) == (case.id, 9)
    zendesk.append(delivery(case=zendesk.create(delivery())))
    fake.counters.limits["account"] = (1, 60.0)
    for act in (zendesk.create, zendesk.append):
        with pytest.raises(Throttled) as caught:
            act(delivery(case=case))
        assert (caught.value.bucket, caught.value.retry_after_s) == ("", 7)


def test_a_closed_ticket_gets_one_follow_up(fake: ZendeskFake, zendesk: Zendesk) -> None:
    """C11: linked to its source, even if the answer to the follow-up is lost."""
    case = zendesk.create(delivery())
    fake.desk.tickets[int(case.id)].fields["status"] = "closed"
    reply = delivery(case=case, attachments=(file_of(b"x"),))
    fake.fail("reset_after", CREATE)
    follow_up = zendesk.append(reply)
    assert follow_up.id != case.id
    assert fake.desk.tickets[int(follow_up.id)].followup_source_id == int(case.id)
    assert len(fake.tickets) == 2
    found = zendesk.find(reply)
    assert found is not None
    assert found.id == follow_up.id


def test_a_full_ticket_is_gone_and_a_foreign_number_too(fake: ZendeskFake, zendesk: Zendesk) -> None:
    case = zendesk.create(delivery())
    ticket = fake.desk.tickets[int(case.id)]
    ticket.comments *= 5_000
    with pytest.raises(CaseGone, match="5000"):
        zendesk.append(delivery(case=case))
    for number in ("999999", "../users/1", ""):
        with pytest.raises(CaseGone):
            zendesk.append(delivery(case=CaseRef(number, number)))
        assert zendesk.find(delivery(case=CaseRef(number, number))) is None


def test_a_wrong_address_is_a_matter_of_settings(fake: ZendeskFake) -> None:
    wrong = Zendesk(url=fake.url + "/elsewhere", email=fake.email, token=fake.token)
    for act in (wrong.create, wrong.append):
        with pytest.raises(Unusable, match=r"InvalidEndpoint.*url"):
            act(delivery(case=_ref(1)))
    wrong.close()


def test_an_agents_name_for_a_customer_stays(fake: ZendeskFake, zendesk: Zendesk) -> None:
    """A display name in a mail is a claim; what agents wrote about a person is not overwritten by it."""
    case = zendesk.create(delivery())
    user = next(one for one in fake.desk.users.values() if one.email == "ann@example.com")
    user.name = "Dr Ann Example (VIP)"
    other = Zendesk(**fake.options)
    other.append(delivery(case=case, requester=Person("Support Team", "ann@example.com")))
    assert user.name == "Dr Ann Example (VIP)"
    assert fake.tickets[0].comments[-1].author_id == user.id
    other.close()


def test_a_lost_ledger_is_bridged_within_a_dozen_calls(fake: ZendeskFake, zendesk: Zendesk) -> None:
    """Witness 3 alone: a reply whose case nobody remembers is found in the author's recent tickets."""
    cases = [zendesk.create(delivery()) for _ in range(15)]
    reply = delivery(references=("unknown@example.com",))
    zendesk.append(replace(reply, case=cases[-3]))
    fresh = Zendesk(**fake.options)
    fake.log.clear()
    found = fresh.find(reply)
    assert found is not None
    assert found.id == cases[-3].id
    fake.log.clear()
    assert fresh.find(delivery(references=("unknown@example.com",))) is None
    assert len(fake.log) == 1 + 1 + 10
    stranger = delivery(references=("x@y",), requester=Person("", 'a" OR role:admin"@example.com'))
    assert fresh.find(stranger) is None
    assert fake.count("GET /api/v2/users/search") == 0
    fresh.close()


def test_a_message_in_doubt_is_found_behind_a_hundred_others(fake: ZendeskFake, zendesk: Zendesk) -> None:
    fake.ticket_limit = 1_000
    case = zendesk.create(delivery())
    reply = delivery(case=case)
    zendesk.append(reply)
    for _ in range(120):
        zendesk.append(delivery(case=case))
    found = zendesk.find(reply)
    assert found is not None
    assert found.id == case.id


def test_a_colleagues_reply_is_found_in_the_ticket_of_whom_it_names(fake: ZendeskFake, zendesk: Zendesk) -> None:
    """I6: who wrote into another's ticket has asked for none."""
    ann, ben = Person("Ann Example", "ann@example.com"), Person("Ben", "ben@example.com")
    case = zendesk.create(delivery(requester=ann))
    reply = delivery(
        requester=ben,
        cc=(ann,),
        to=(Person("", "help@example.com"),),
        recipient="help@example.com",
        references=("a@b",),
    )
    zendesk.append(replace(reply, case=case))
    fresh = Zendesk(**fake.options)
    found = fresh.find(reply)
    assert found is not None
    assert found.id == case.id
    assert not [seen for seen, _ in fake.log if "help@" in str(seen.query)]
    fresh.close()
