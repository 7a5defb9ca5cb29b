"""Jira's settings, and what check and preview show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import Severity, Unusable
from connectors.jira import Jira
from tests.fakes.http_server import Reply
from tests.fakes.jira import JiraFake

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def fake() -> Iterator[JiraFake]:
    server = JiraFake().start()
    yield server
    server.stop()


@pytest.fixture
def jira(fake: JiraFake) -> Iterator[Jira]:
    made = Jira(**fake.token_options)
    yield made
    made.close()


@pytest.fixture
def centre() -> Iterator[JiraFake]:
    server = JiraFake(data_center=True).start()
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("options", "key", "said"),
    [
        ({}, "token", "Data Center token_env alone"),
        ({"email": "a@b"}, "token", "missing beside email"),
        ({"client_id": "x", "client_secret": "y"}, "cloud_id", "missing beside"),
        ({"client_id": "x", "client_secret": "y", "cloud_id": "z", "token": "t"}, "client_id", "not both"),
        ({"token": "t", "cloud_id": "c"}, "email", "missing beside cloud_id"),
        ({"email": "a@b", "token": "t", "cloud_id": "../x"}, "cloud_id", "no cloud id"),
        ({"token": "t", "project": ""}, "project", "missing"),
        ({"token": "t", "project": 'X" OR'}, "project", "no project's key"),
        ({"token": "t", "labels": ("two words",)}, "labels", "no label"),
        ({"token": "t", "search_lag_s": 5.0}, "search_lag_s", "60 or more"),
        ({"token": "t", "reopen_status": "a", "reopen_transition": "b"}, "reopen_status", "not both"),
        ({"token": "t", "url": "http://jira.example"}, "url", "https"),
        ({"token": "t", "url": "https://api.atlassian.com"}, "url", "cloud_id"),
    ],
)
def test_settings_that_do_not_fit(options: dict[str, Any], key: str, said: str) -> None:
    given = {"url": "https://example.atlassian.net", "project": "SUP", **options}
    found = dict(Jira.misfits(given))
    assert said in found[key]


def _lines(jira: Jira, *severities: Severity) -> str:
    found = [one for one in jira.check() if one.severity in severities]
    assert all(one.cure for one in found)
    jira.close()
    return "\n".join(f"{one.fact} | {one.cure}" for one in found)


def test_check_finds_nothing_wrong(fake: JiraFake, centre: JiraFake) -> None:
    assert _lines(Jira(**fake.options), Severity.STOPS_MAIL, Severity.WARNING) == ""
    assert _lines(Jira(**centre.options), Severity.STOPS_MAIL, Severity.WARNING) == ""
    assert "365 days" in _lines(Jira(**fake.token_options), Severity.WARNING)


def test_check_names_what_is_wrong_and_the_cure(fake: JiraFake) -> None:
    wrong = Severity.STOPS_MAIL
    options = fake.token_options
    assert "token with scopes also needs cloud_id" in _lines(Jira(**options | {"token": "no"}), wrong)
    assert "no project 'NONE'" in _lines(Jira(**options | {"project": "NONE"}), wrong)
    assert "set issue_type to one of: Task, Email request" in _lines(Jira(**options | {"issue_type": "Bug"}), wrong)
    assert "look at sender_field" in _lines(Jira(**options, sender_field="Nope"), wrong)
    fake.meta.rights -= {"CREATE_ISSUES", "TRANSITION_ISSUES"}
    del fake.meta.screen["labels"]
    said = _lines(Jira(**options), wrong)
    assert "may not create issues" in said
    assert "lacks the field labels" in said
    fake.meta.screen["customfield_10013"]["required"] = True
    fake.meta.attachments_on = False
    fake.rate_headers = {"X-RateLimit-NearLimit": "true", "X-RateLimit-Remaining": "3"}
    said = _lines(Jira(**options), Severity.WARNING)
    for words in ("demands the field 'Score'", "no attachments", "rate limit is near: 3", "open issues again"):
        assert words in said


def test_check_counts_the_tokens_days(fake: JiraFake, centre: JiraFake) -> None:
    today = datetime.now(UTC).date()
    for given_days, severity in ((-1, Severity.STOPS_MAIL), (10, Severity.WARNING), (200, Severity.OK)):
        for options in (fake.token_options, centre.options):
            jira = Jira(**options, token_expires=today + timedelta(days=given_days))
            last = jira.check()[-1]
            assert last.severity is severity
            assert "the token end" in last.fact
            jira.close()


def test_an_anonymous_answer_is_no_login(fake: JiraFake, jira: Jira) -> None:
    """Jira may take bad credentials for nobody's and refuse for another reason."""
    headers = {"X-Seraph-LoginReason": "AUTHENTICATION_DENIED"}
    fake.fail("reply", "POST /rest/api/3/issue", reply=Reply(403, {"errorMessages": ["x"]}, headers))
    with pytest.raises(Unusable, match="credentials"):
        jira.create(delivery())


def test_preview_shows_the_requests(fake: JiraFake, jira: Jira) -> None:
    sent = delivery(attachments=(file_of(b"x", "a.txt"),), fields={"priority": "High", "labels": "x"})
    issue, files = jira.preview(sent)
    assert (issue.method, issue.target) == ("POST", "/rest/api/3/issue")
    assert json.loads(issue.body)["fields"]["project"] == {"key": "SUP"}
    assert files.body == "file: a.txt"
    case = jira.create(delivery())
    shown = [(one.method, one.target) for one in jira.preview(delivery(case=case))]
    path = f"/rest/api/3/issue/{case.id}"
    assert shown == [("GET", f"{path}?fields=status,issuetype,project"), ("POST", f"{path}/comment")]
