"""Jira Service Management beyond the kit: texts, files and fields."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import Rejected
from connectors.jira import Jira
from tests.fakes.http_server import Reply
from tests.fakes.jira import JiraFake
from tests.fakes.jira.records import words_of

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


def test_a_file_that_jira_refuses_is_named(fake: JiraFake, jira: Jira) -> None:
    """C13: before the text is written, so that it can say so."""
    first = jira.create(delivery(attachments=(file_of(b"x"),)))
    fake.meta.upload_limit_bytes = 3
    files = (file_of(b"12345", "five.txt"), file_of(b"z", "two.txt"))
    case = jira.create(delivery(attachments=files))
    jira.append(delivery(case=first, attachments=files))
    jira.append(delivery(case=first, attachments=files[:1]))
    told = [fake.issue(case.id).fields["description"], *(one.body for one in fake.issue(first.id).comments)]
    assert all("five.txt (5 bytes) is not attached" in words_of(one) for one in told)
    assert [one.name for one in fake.issue(case.id).files] == ["two.txt"]
    assert len(told) == 3


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"no_such": "x"}, "no field 'no_such'"), ({"Colour": "Green"}, "none of Jira's: Red"), ({}, "demands 'Colour'")],
)
def test_what_the_form_will_not_have_is_refused_by_name(
    fake: JiraFake, jira: Jira, fields: dict[str, str], said: str
) -> None:
    """C14: before anything is made."""
    fake.service.form["customfield_10011"]["required"] = True
    with pytest.raises(Rejected, match=said):
        jira.create(delivery(fields=fields))
    assert fake.issues == []


def test_a_long_text_is_cut_and_the_original_attached(fake: JiraFake, jira: Jira) -> None:
    source = file_of(b"From: ann@example.com\r\n\r\nall of it", "message.eml", "message/rfc822")
    sent = delivery(text="[long] " * 20_000, source=source)
    case = jira.create(sent)
    issue = fake.issue(case.id)
    assert [one.sha256 for one in issue.files] == [source.sha256]
    *_, notice, signature = words_of(issue.fields["description"]).splitlines()
    assert "cut here" in notice
    assert signature == f"e2c-{sent.key}"
    fake.desk.max_chars = 5_000
    jira.append(delivery(case=case, text="word " * 3_000, attachments=(file_of(b"x"),)))
    assert "cut here" in words_of(issue.comments[0].body)


def test_a_field_that_cannot_be_set_afterwards_is_told(fake: JiraFake, jira: Jira) -> None:
    """The request is there by then, so it cannot be refused any more."""
    said = {"errorMessages": [], "errors": {"priority": "Field 'priority' cannot be set."}}
    fake.fail("reply", "PUT /rest/api/3/issue", reply=Reply(400, said))
    case = jira.create(delivery(fields={"priority": "High"}))
    issue = fake.issue(case.id)
    assert issue.labels
    assert "priority could not be set" in words_of(issue.comments[0].body)
    assert not issue.comments[0].public
