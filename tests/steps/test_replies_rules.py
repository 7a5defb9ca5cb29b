"""Who is answered and how often: people, once, within the budgets, whoever answers back (I5, H27, H61 to H66)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.steps.answering import NOW, Scene, mail, scene
from worker.replies import Office, reply_key
from worker.replies.rules import recipient_of


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("more", "recipient"),
    [
        ({}, "ann@customer.example"),
        ({"Return_Path": "<ann.other@customer.example>"}, "ann.other@customer.example"),
        ({"Return_Path": "<victim@elsewhere.example>"}, "ann@customer.example"),
        ({"Return_Path": "<bounces+ann=x@customer.example>"}, "ann@customer.example"),
        ({"Reply_To": "a@x.example, victim1@y.example"}, "ann@customer.example"),
        ({"Disposition_Notification_To": "victim@x.example"}, "ann@customer.example"),
        ({"Cc": "boss@customer.example"}, "ann@customer.example"),
    ],
)
def test_h27_h46_h65_exactly_one_recipient(at: Scene, more: dict[str, str], recipient: str) -> None:
    assert recipient_of(at.read(mail(**more))) == recipient
    assert at.write(mail(**more)).state == "sent"
    assert at.sink.messages[0].recipients == (recipient,)


@pytest.mark.parametrize(
    "content",
    [
        mail(Auto_Submitted="auto-replied"),
        mail(Precedence="bulk"),
        mail(List_Id="<all.customer.example>"),
        mail(Return_Path="<>"),
        mail(X_Auto_Response_Suppress="All"),
        mail(X_Mail_To_Case_Loop="x"),
        mail(X_Spam_Flag="YES"),
        mail("MAILER-DAEMON@customer.example"),
        mail("no-reply@customer.example"),
        mail("owner-list@customer.example"),
        mail("list-request@customer.example"),
        mail("help@ours.example"),
        mail("help+x@ours.example"),
        mail("Billing <BILLING@ours.example>"),
        mail("jörg@customer.example"),
        mail(""),
        mail(To=""),
    ],
)
def test_i5_h66_machines_lists_and_ourselves_get_no_answer(at: Scene, content: bytes) -> None:
    answered = at.write(content)
    assert answered.state == "suppressed"
    assert answered.why
    assert at.sink.messages == []
    identity = at.read(content).identity
    assert at.ledger.reply_state(reply_key(identity)) == ("suppressed", answered.why)
    assert [one.kind for one in at.ledger.events_of(identity)] == ["reply_suppressed"]


def test_old_mail_is_never_answered(at: Scene) -> None:
    message = at.read(mail(Date="Wed, 18 Nov 2026 10:00:00 +0000"))
    assert "older than a day" in at.write(mail(), message=message).why
    old = replace(at.read(mail()), received_at=NOW - timedelta(hours=25))
    assert "older than a day" in at.write(mail(), message=old).why
    fresh = replace(at.read(mail(Subject="other")), received_at=NOW - timedelta(hours=23))
    assert at.write(mail(), message=fresh).state == "sent"


def test_an_author_that_the_border_refutes_gets_none(at: Scene) -> None:
    assert "border" in at.write(mail(), authenticated=False).why


def test_once_a_message_and_once_a_conversation(at: Scene) -> None:
    assert at.write(mail(), case="C-9").state == "sent"
    assert at.write(mail(), case="C-9").state == "sent"
    assert "conversation" in at.write(mail(Message_ID="<m2@customer.example>"), case="C-9").why
    assert len(at.sink.messages) == 1


def test_i6_what_a_lost_ledger_may_have_answered_is_not_answered_again(at: Scene) -> None:
    assert "before this ledger" in at.write(mail(), recovered=True).why
    later = replace(at.read(mail(Subject="x")), received_at=at.ledger.born_at + timedelta(hours=1))
    at.office = replace(at.office, clock=lambda: at.ledger.born_at + timedelta(hours=1))
    assert at.write(mail(), message=later, recovered=True).state == "sent"


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(1, 4)), min_size=1, max_size=5),
    st.integers(1, 4),
    st.integers(1, 6),
)
def test_h61_no_responder_whatsoever_draws_more_than_the_budget(
    tmp_path_factory: pytest.TempPathFactory, writers: list[tuple[int, int, int]], recipient: int, domain: int
) -> None:
    """H61, H62: each answer triggers any number of mails, from any sender of any domain, stripped of every mark."""
    budget = {"recipient": recipient, "domain": domain, "case": 1, "total": domain * 2}
    with scene(tmp_path_factory.mktemp("budget"), budget=budget) as at:
        waiting, number = list(writers), 0
        while waiting and number < 20:
            person, place, echoes = waiting.pop(0)
            number += 1
            address = f"p{person}+{number}@d{place}.example"
            before = len(at.sink.messages)
            at.write(mail(address, f"Re: {number}", Message_ID=f"<{number}@d{place}.example>"))
            waiting += [(person, place, echoes)] * echoes * (len(at.sink.messages) - before)
        drawn = [one.recipients[0] for one in at.sink.messages]
        people = [re.sub(r"\+\d+", "", one) for one in drawn]
        places = [one.rpartition("@")[2] for one in drawn]
        assert all(people.count(one) <= recipient for one in people)
        assert all(places.count(one) <= domain for one in places)
        assert len(drawn) <= domain * 2


def _exchange(first: Scene, second: Scene, *, strip: bool) -> int:
    """Two offices answer each other until nobody says anything; how many mails that took."""
    sent = 0
    content = mail("help@there.example", "Hello")
    here, there = first, second
    while True:
        before = len(here.sink.messages)
        here.write(content)
        if len(here.sink.messages) == before:
            return sent
        sent += 1
        content = here.sink.messages[-1].content
        if strip:
            body = content.partition(b"\r\n\r\n")[2]
            author = "help@ours.example" if here is first else "help@there.example"
            content = mail(author, f"Re: {sent}", Message_ID=f"<{sent}@relay.example>") + body
        here, there = there, here


def test_h61_two_workers_that_answer_each_other_fall_silent_at_once(tmp_path: Path) -> None:
    with scene(tmp_path / "a") as first, scene(tmp_path / "b") as second:
        second.office = _strangers(second)
        assert _exchange(first, second, strip=False) == 1


def test_h62_and_soon_even_when_a_relay_strips_every_mark(tmp_path: Path) -> None:
    with scene(tmp_path / "a") as first, scene(tmp_path / "b") as second:
        second.office = _strangers(second)
        assert _exchange(first, second, strip=True) == 6


def _strangers(at: Scene) -> Office:
    """The office as another company's: our addresses are not its own."""
    return replace(at.office, own_addresses=frozenset({"help@there.example"}))
