"""Jira Service Management beyond the kit: calls and their cost, doubts, keys, and the way on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import CaseGone, InDoubt, Throttled
from connectors.jira import Jira
from tests.fakes.http_server import Reply
from tests.fakes.jira import JiraFake
from tests.fakes.jira.records import Comment, words_of

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


def test_calls_per_mail(fake: JiraFake, jira: Jira) -> None:
    """A known sender's new request is one call and its label another; files cost one, and none to be put there."""
    case = jira.create(delivery(attachments=(file_of(b"a"), file_of(b"b", "b"))))
    assert fake.calls() == [
        "GET /servicedeskapi/servicedesk/4/requesttype/25/field",
        "POST /servicedeskapi/customer",
        "POST /servicedeskapi/servicedesk/4/customer",
        "GET /attachment/meta",
        "POST /servicedeskapi/servicedesk/4/attachTemporaryFile",
        "POST /servicedeskapi/request",
        f"PUT /issue/{case.id}",
    ]
    fake.log.clear()
    other = jira.create(delivery())
    jira.append(delivery(case=case))
    jira.append(delivery(case=case, attachments=(file_of(b"c"), file_of(b"d", "d"))))
    assert [one.partition("/")[2] for one in fake.calls()] == [
        "servicedeskapi/request",
        f"issue/{other.id}",
        f"issue/{case.id}",
        f"issue/{case.id}/comment",
        f"issue/{case.id}",
        "servicedeskapi/servicedesk/4/attachTemporaryFile",
        f"servicedeskapi/request/{case.id}/attachment",
    ]


def test_a_crash_between_request_and_label_is_made_good(fake: JiraFake, jira: Jira, fresh: Jira) -> None:
    """The text's last line tells another process; what was lacking is set, once, and the request is one."""
    sent = delivery(fields={"priority": "High"})
    fake.fail("reply", "PUT /rest/api/3/issue", times=3, reply=Reply(503, b"", {"Retry-After": "1"}))
    with pytest.raises(InDoubt, match="not labelled yet"):
        jira.create(sent)
    (issue,) = fake.issues
    assert (issue.labels, issue.properties) == ([], {})
    fake.faults.clear()
    fresh._http.limits.close("PUT issue", 0.0, "")
    found = fresh.find(sent)
    assert found is not None
    assert found.id == str(issue.id)
    assert issue.labels == [f"e2c-{sent.key[:16]}", "mail-to-case"]
    assert issue.fields["priority"] == {"id": "2"}
    before = len(fake.calls("PUT"))
    fresh.find(sent)
    assert len(fake.calls("PUT")) == before
    assert fake.keys() == [sent.key]


def test_a_doubt_is_not_doubled_while_the_search_lags(fake: JiraFake, jira: Jira) -> None:
    """C22, before there is any label."""
    fake.desk.lag_s = 3600.0
    sent = delivery(attachments=(file_of(b"one"),))
    fake.fail("reset_after", f"POST {API}/request")
    with pytest.raises(InDoubt):
        jira.create(sent)
    with pytest.raises(InDoubt, match="does not show it yet"):
        jira.create(sent)
    fake.settle()
    assert jira.create(sent).id == str(fake.issues[0].id)
    assert fake.keys() == [sent.key]
    assert len(fake.issues[0].files) == 1


def test_a_field_for_the_key_spares_the_label(fake: JiraFake, options: dict[str, str]) -> None:
    """Key and Message-ID go with the request, and another process finds it and the cases that it began."""
    made, other = (Jira(**options, key_field="mail KEY") for _ in range(2))  # type: ignore[arg-type]
    sent = delivery()
    case = made.create(sent)
    issue = fake.issue(case.id)
    assert issue.fields["customfield_10014"] == f"e2c-{sent.key} {sent.message_id}"
    assert fake.calls("PUT") == []
    assert "e2c-" not in words_of(issue.fields["description"])
    found = other.find(sent)
    assert found is not None
    assert found.id == case.id
    reply = delivery(references=(sent.message_id,))
    made.append(replace(reply, case=case))
    bridged = other.find(reply)
    assert bridged is not None
    assert bridged.id == case.id
    for one in (made, other):
        one.close()


def test_a_quoted_key_is_nobodys(fake: JiraFake, jira: Jira, fresh: Jira) -> None:
    """H30: a text, a portal comment or a foreign request may say the key of another message; it means nothing."""
    first = delivery()
    case = jira.create(first)
    quoting = delivery(text=f"You wrote:\n\ne2c-{first.key}\n\nWell.")
    second = jira.create(quoting)
    for one in fake.issues:
        # As before they are labelled.
        one.properties.clear()
        one.fields["labels"] = []
    for sent, wanted in ((first, case), (quoting, second)):
        found = fresh.find(sent)
        assert found is not None
        assert found.id == wanted.id
    unknown = delivery(case=case)
    jira.append(delivery(case=case, text=f"e2c-{unknown.key}"))
    issue = fake.issue(case.id)
    issue.comments.append(Comment(900_000, issue.comments[0].body, fake.meta.agent))
    assert fresh.find(unknown) is None
    issue.properties.clear()
    fake.meta.me, fake.meta.agent = fake.meta.agent, fake.meta.me
    assert fresh.find(first) is None


def test_words_and_files_of_a_reply_are_one_comment(fake: JiraFake, jira: Jira, fresh: Jira) -> None:
    """Public for a reply, internal for a note; in doubt it is found by its last line, and never sent again."""
    case = jira.create(delivery())
    issue = fake.issue(case.id)
    files = (file_of(b"one", "one.txt"), file_of(b"", "e2c-" + "0" * 40))
    reply, note = delivery(case=case, attachments=files), delivery(case=case, attachments=files, public=False)
    where = f"POST {API}/request/{case.id}/attachment"
    for sent in (reply, note):
        fake.fail("reset_after", where)
        with pytest.raises(InDoubt):
            jira.append(sent)
        for one in (fresh, jira):
            found = one.find(sent)
            assert found is not None
            assert found.id == case.id
        jira.append(sent)
    assert [one.public for one in issue.comments] == [True, False]
    assert [one.after for one in issue.files] == [1, 1, 2, 2]


def test_temporary_files_that_are_gone_do_no_harm(fake: JiraFake, jira: Jira) -> None:
    """Each try lays its own down; those of a try that failed are left to vanish."""
    case = jira.create(delivery())
    reply = delivery(case=case, attachments=(file_of(b"one"),))
    fake.fail("reply", f"POST {API}/request", reply=Reply(503, b"", {"Retry-After": "1"}))
    with pytest.raises(Throttled):
        jira.append(reply)
    fake.service.expire()
    jira._http.limits = type(jira._http.limits)()
    jira.append(reply)
    assert len(fake.issue(case.id).files) == 1


def test_a_customers_answer_moves_the_request_on(fake: JiraFake, options: dict[str, str]) -> None:
    """C11: out of "waiting for customer" by the way that the settings name; out of done by any; a note does neither."""
    jira = Jira(**options, responded_transition="stop")  # type: ignore[arg-type]
    case = jira.create(delivery())
    issue = fake.issue(case.id)
    issue.move("2")
    jira.append(delivery(case=case, public=False))
    assert issue.status == "2"
    jira.append(delivery(case=case))
    assert issue.status == "1"
    jira.append(delivery(case=case))
    issue.move("3")
    jira.append(delivery(case=case))
    assert (issue.status, len(issue.comments)) == ("1", 4)
    issue.deleted = True
    with pytest.raises(CaseGone):
        jira.append(delivery(case=case))
    jira.close()
