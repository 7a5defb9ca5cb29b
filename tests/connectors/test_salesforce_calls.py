"""Salesforce: what one message becomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import (
    CaseGone,
    CaseRef,
    Change,
    Dedupe,
    InDoubt,
    Person,
    Rejected,
)
from connectors.salesforce import Salesforce
from tests.fakes.salesforce import SalesforceFake

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def fake() -> Iterator[SalesforceFake]:
    server = SalesforceFake().start()
    yield server
    server.stop()


@pytest.fixture
def salesforce(fake: SalesforceFake) -> Iterator[Salesforce]:
    made = Salesforce(**fake.options)
    yield made
    made.close()


def rows(fake: SalesforceFake, kind: str) -> list[dict[str, Any]]:
    return fake.org.store.living(kind)


def case_of(fake: SalesforceFake, case: CaseRef) -> dict[str, Any]:
    return fake.org.store.get("Case", case.id)


def test_a_new_case_is_one_call(fake: SalesforceFake, salesforce: Salesforce) -> None:
    """Case, message, files, number: one composite; what the org is like was asked before, once."""
    salesforce.create(delivery())
    before = fake.calls_used
    sent = delivery(attachments=(file_of(b"x", "a.txt"),), html="<p>x</p>", to=(Person("", "help@example.com"),))
    case = salesforce.create(sent)
    assert fake.calls_used - before == 1
    (message,) = [one for one in rows(fake, "EmailMessage") if one["ParentId"] == case.id]
    assert (message["MessageIdentifier"], message["ToAddress"]) == (f"<{sent.message_id}>", "help@example.com")
    assert (message["Incoming"], message["FromAddress"]) == (True, "ann@example.com")
    assert case_of(fake, case)["SuppliedEmail"] == "ann@example.com"
    assert case.number == case_of(fake, case)["CaseNumber"]


def test_assignment_rules_run_for_nobody_but_an_unowned_new_case(fake: SalesforceFake, salesforce: Salesforce) -> None:
    free = salesforce.create(delivery())
    assert case_of(fake, free)["OwnerId"] == fake.org.rule_owner
    owned = salesforce.create(delivery(fields={"queue": "billing", "priority": "high"}))
    assert case_of(fake, owned)["OwnerId"] == fake.org.queues["Billing"]
    assert case_of(fake, owned)["Priority"] == "High"
    salesforce.append(delivery(case=owned))
    fake.close_case(owned.id)
    salesforce.append(delivery(case=owned))
    assert case_of(fake, owned)["Status"] == "New"
    salesforce.update(owned, Change(key="a" * 40, fields={"status": "Escalated"}, note="Late."))
    assert case_of(fake, owned)["OwnerId"] == fake.org.queues["Billing"]


def test_names_become_ids(fake: SalesforceFake) -> None:
    salesforce = Salesforce(**fake.options, queue="Support", record_type="question_rt")
    fake.org.store.add("Contact", {"Email": "ann@example.com", "LastName": "Example"})
    case = case_of(fake, salesforce.create(delivery()))
    assert case["OwnerId"] == fake.org.queues["Support"]
    assert case["RecordTypeId"] == fake.org.record_type
    assert case["ContactId"] == rows(fake, "Contact")[0]["Id"]
    by_user = salesforce.create(delivery(fields={"owner": "Ada Agent", "Urgent__c": "true", "Amount__c": "2.5"}))
    assert case_of(fake, by_user)["OwnerId"] == fake.org.agent
    assert (case_of(fake, by_user)["Urgent__c"], case_of(fake, by_user)["Amount__c"]) == (True, 2.5)
    salesforce.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"queue": "Leads only"},
        {"owner": "Gone Agent"},
        {"record_type": "No such"},
        {"priority": "Hihg"},
        {"nonsense": "x"},
        {"OwnerId": "005"},
        {"CaseNumber": "1"},
        {"Urgent__c": "perhaps"},
        {"Amount__c": "much"},
        {"type": "Nuclear"},
    ],
)
def test_a_field_that_cannot_be_is_named(salesforce: Salesforce, fields: dict[str, str]) -> None:
    """C14: Held, with the name in the text."""
    with pytest.raises(Rejected) as caught:
        salesforce.create(delivery(fields=fields))
    assert next(iter(fields.values())) in str(caught.value) or next(iter(fields)) in str(caught.value)


def test_several_contacts_are_none_and_a_lost_one_is_forgotten(fake: SalesforceFake, salesforce: Salesforce) -> None:
    ann = fake.org.store.add("Contact", {"Email": "ann@example.com", "LastName": "Example"})
    assert case_of(fake, salesforce.create(delivery()))["ContactId"] == ann
    fake.org.store.change("Contact", ann, {"IsDeleted": True})
    assert "ContactId" not in case_of(fake, salesforce.create(delivery()))
    for _ in range(2):
        fake.org.store.add("Contact", {"Email": "ben@example.com", "LastName": "Ben"})
    sent = delivery(requester=Person("Ben", "ben@example.com"))
    assert "ContactId" not in case_of(fake, salesforce.create(sent))


def test_lengths_are_those_that_the_org_tells(fake: SalesforceFake, salesforce: Salesforce) -> None:
    """What is cut says so, and the original goes with it; what Salesforce counts twice is counted twice."""
    columns = fake.org.store.tables["EmailMessage"].columns
    columns["TextBody"].length, columns["HtmlBody"].length = 2_000, 100
    source = file_of(b"as it was", "original.eml")
    sent = delivery(text="😀" * 1_500, html="<p>" + "y" * 200, subject="s" * 300, source=source)
    case = salesforce.create(sent)
    (message,) = rows(fake, "EmailMessage")
    assert message["TextBody"].startswith("😀😀")
    assert "[cut: the text has 1500 characters" in message["TextBody"]
    assert "HtmlBody" not in message
    assert [one["Title"] for one in fake.org.files(message["Id"])] == ["original.eml"]
    assert len(case_of(fake, case)["Subject"]) == 255


def test_a_mail_cannot_fill_in_references(fake: SalesforceFake, salesforce: Salesforce) -> None:
    """H31, H33: a composite replaces @{…} in every text; here it arrives as it was written."""
    trick = "@{case.id} @{nobody.id} @{message.ParentId}"
    sent = delivery(text=trick, subject=trick, requester=Person(trick, "ann@example.com"), html=f"<p>{trick}</p>")
    case = salesforce.create(replace(sent, attachments=(file_of(b"x", f"{trick}.txt"),)))
    (message,) = rows(fake, "EmailMessage")
    for text in (message["TextBody"], message["HtmlBody"], message["FromName"], case_of(fake, case)["Subject"]):
        assert trick in text.replace("\u2060", "")
        assert case.id not in text


HOSTILE = (
    "' OR Id != null OR Name = '",
    "a@b.c' OR Email != '",
    "\\' OR Id != '",
    "x\\",
    "a'\n--",
    "{some}",
    "%_",
    "🂡",
)


def test_no_word_of_a_mail_leaves_its_quotes(fake: SalesforceFake, salesforce: Salesforce) -> None:
    """H29: addresses, names and Message-IDs; the fake refuses a query that is out of its quotes."""
    salesforce.create(delivery())
    fake.org.store.add("Contact", {"Email": "o'brien@example.com", "LastName": "O'Brien"})
    for text in HOSTILE:
        case = salesforce.create(delivery(requester=Person(text, text), message_id=text))
        assert "ContactId" not in case_of(fake, case)
        assert salesforce.correlate([text, f"{text}@example.com"]) in (case, None)
        with pytest.raises(Rejected):
            salesforce.create(delivery(fields={"owner": text}))
    case = salesforce.create(delivery(requester=Person("", "o'brien@example.com")))
    assert case_of(fake, case)["ContactId"] == rows(fake, "Contact")[0]["Id"]
    assert all("!= null OR" not in one or "\\'" in one for one in fake.queries.asked)


def test_many_message_ids_are_asked_for_in_bounded_queries(fake: SalesforceFake, salesforce: Salesforce) -> None:
    """The address of a request holds 16 KiB; the last one known wins."""
    cases = [salesforce.create(delivery(message_id=f"{number}@example.com")) for number in (1, 2)]
    strangers = [f"{'x' * 200}{number}@example.com" for number in range(300)]
    assert salesforce.correlate(["1@example.com", *strangers, "2@example.com", "3@example.com"]) == cases[1]
    assert max(len(one.encode()) for one in fake.queries.asked) < 14_000
    fake.org.delete_case(cases[1].id)
    assert salesforce.correlate(["1@example.com", "2@example.com"]) == cases[0]


class TestWithoutEmailMessage:
    """An org where Email-to-Case is off: messages become the description and comments of 4,000 bytes."""

    @pytest.fixture
    def salesforce(self, fake: SalesforceFake) -> Iterator[Salesforce]:
        del fake.org.store.tables["EmailMessage"]
        made = Salesforce(**fake.options)
        yield made
        made.close()

    def test_a_reply_is_one_comment(self, fake: SalesforceFake, salesforce: Salesforce) -> None:
        sent = delivery(attachments=(file_of(b"x"),))
        case = salesforce.create(sent)
        source = file_of(b"as it was", "original.eml")
        reply = delivery(case=case, text="é" * 5_000, source=source)
        for _ in range(2):
            assert salesforce.append(reply) == case
        assert fake.keys() == [reply.key, sent.key]
        assert salesforce.find(reply) == salesforce.find(sent) == case
        (comment,) = rows(fake, "CaseComment")
        assert len(comment["CommentBody"].encode()) <= 4_000
        assert "cut: the text has 5000 characters" in comment["CommentBody"]
        assert {one["Title"] for one in fake.org.files(case.id)} == {"note.txt", "original.eml"}
        assert salesforce.capabilities.dedupe is Dedupe.SEARCH

    def test_closed_and_deleted_cases(self, fake: SalesforceFake, salesforce: Salesforce) -> None:
        case = salesforce.create(delivery())
        fake.close_case(case.id)
        salesforce.append(delivery(case=case))
        assert case_of(fake, case)["Status"] == "New"
        fake.org.delete_case(case.id)
        with pytest.raises(CaseGone):
            salesforce.append(delivery(case=case))

    def test_a_lost_answer_is_not_a_second_comment(self, fake: SalesforceFake, salesforce: Salesforce) -> None:
        case = salesforce.create(delivery())
        reply = delivery(case=case)
        fake.fail("reset_after", f"POST {fake.base}composite")
        with pytest.raises(InDoubt):
            salesforce.append(reply)
        assert salesforce.find(reply) == case
        assert len(rows(fake, "CaseComment")) == 1
