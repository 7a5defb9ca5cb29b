"""Senders as customers of the service desk: made, found, or only named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import Person
from connectors.jira import Jira
from tests.fakes.jira import JiraFake
from tests.fakes.jira.records import Comment, User, words_of

pytestmark = pytest.mark.usefixtures("at_once")

API = "/rest/servicedeskapi"


@pytest.fixture
def fake() -> Iterator[JiraFake]:
    server = JiraFake().start()
    yield server
    server.stop()


@pytest.fixture
def options(fake: JiraFake) -> dict[str, str]:
    """With ids, so that no name has to be looked up."""
    place = {"service_desk": "4", "request_type": "25", "project": "", "issue_type": ""}
    return fake.token_options | place


@pytest.fixture
def jira(options: dict[str, str]) -> Iterator[Jira]:
    made = Jira(**options)  # type: ignore[arg-type]
    yield made
    made.close()


@pytest.fixture
def fresh(options: dict[str, str]) -> Iterator[Jira]:
    """Another process."""
    made = Jira(**options)  # type: ignore[arg-type]
    yield made
    made.close()


def _guest(fake: JiraFake, address: str, **more: bool) -> User:
    made = User(f"qm:{address}", address, address, "Somebody", is_customer=True, **more)
    fake.meta.guests.append(made)
    return made


def test_a_request_is_the_senders_own(fake: JiraFake, options: dict[str, str]) -> None:
    """On behalf of him, with those who got a copy and are known; we, our address and strangers are none."""
    known = _guest(fake, "bea@example.com")
    jira = Jira(**options, labels=("vip",))  # type: ignore[arg-type]
    others = tuple(Person("", one) for one in ("BEA@example.com", "nobody@example.com", fake.meta.me.email))
    sent = delivery(recipient="help@example.com", to=(Person("", "help@example.com"),), cc=others)
    case = jira.create(sent)
    issue = fake.issue(case.id)
    assert (issue.reporter.email, issue.participants) == ("ann@example.com", [known.id])
    assert issue.reporter.id in fake.service.admitted
    assert issue.labels == [f"e2c-{sent.key[:16]}", "mail-to-case", "vip"]
    assert issue.properties == {"e2c": {"key": sent.key, "messageId": sent.message_id}}
    assert words_of(issue.fields["description"]).splitlines()[0] == "From: Ann Example <ann@example.com>"
    assert len(fake.calls("GET /user/search")) == 3
    assert (case.number, case.url) == (issue.key, f"{fake.url}/browse/{issue.key}")
    jira.close()


def test_a_customer_who_is_there_is_found(fake: JiraFake, jira: Jira) -> None:
    """409: by the site's users; where addresses are hidden from us there, by the desk's own customers."""
    known = _guest(fake, "ann@example.com")
    case = jira.create(delivery())
    assert fake.issue(case.id).reporter is known
    hidden = _guest(fake, "bea@example.com", hides_email=True)
    case = jira.create(delivery(requester=Person("Bea", "bea@example.com")))
    assert fake.issue(case.id).reporter is fake.meta.me
    assert hidden.id not in fake.service.admitted


def test_who_may_not_make_customers_says_who_wrote(fake: JiraFake, options: dict[str, str]) -> None:
    """The refusal is remembered; somebody who is known is still a customer; the field has the address."""
    fake.meta.rights -= {"ADMINISTER"}
    known = _guest(fake, "bea@example.com")
    jira = Jira(**options, sender_field="Customer email")  # type: ignore[arg-type]
    for _ in range(3):
        case = jira.create(delivery())
    issue = fake.issue(case.id)
    assert issue.reporter is fake.meta.me
    assert issue.fields["customfield_10010"] == "ann@example.com"
    assert words_of(issue.fields["description"]).startswith("From: Ann Example <ann@example.com>")
    case = jira.create(delivery(requester=Person("Bea", "bea@example.com")))
    assert fake.issue(case.id).reporter is known
    assert len(fake.calls("POST /servicedeskapi/customer")) == 1
    jira.close()


@pytest.mark.parametrize("address", ["", "not an address", "x" * 300 + "@example.com"])
def test_a_sender_who_is_no_customer_stops_nothing(fake: JiraFake, jira: Jira, address: str) -> None:
    case = jira.create(delivery(requester=Person("", address)))
    assert len(fake.issues) == 1
    assert fake.issue(case.id).labels


def test_a_customer_whom_jira_will_not_have_is_left_out(fake: JiraFake, jira: Jira) -> None:
    """Deactivated since, or not admitted by us who may not: the message gets in all the same, and the next at once."""
    fake.meta.rights -= {"ADMINISTER_PROJECTS"}
    for _ in range(2):
        case = jira.create(delivery(attachments=(file_of(b"x"),)))
        assert fake.issue(case.id).reporter is fake.meta.me
        assert len(fake.issue(case.id).files) == 1
    refused = [seen for seen, status in fake.log if status == 400]
    assert len(refused) == 1


def test_lists_of_customers_keep_the_pace(fake: JiraFake, jira: Jira) -> None:
    """5 in a second, which is the vendor's own limit for this call: nothing is refused."""
    fake.meta.rights -= {"ADMINISTER"}
    for number in range(8):
        jira.create(delivery(requester=Person("", f"{number}@example.com")))
    assert len(fake.calls("GET /servicedeskapi/servicedesk/4/customer")) == 8
    assert all(status != 429 for _, status in fake.log)


def test_customers_who_write_at_the_portal_are_no_agents(fake: JiraFake, jira: Jira) -> None:
    """Their words are the customer's; an agent's are an answer."""
    sent = delivery()
    case = jira.create(sent)
    jira.append(delivery(case=case))
    issue = fake.issue(case.id)
    body = issue.comments[0].body
    for number, author in enumerate((issue.reporter, _guest(fake, "x@example.com"))):
        issue.comments.append(Comment(900_001 + number, body, author))
    (state,) = jira.read_back(sent.sent_at)
    assert (state.key, state.first_answer_at) == (sent.key, None)
    issue.comments.append(Comment(900_003, body, fake.meta.agent))
    (state,) = jira.read_back(sent.sent_at)
    assert state.first_answer_at is not None
