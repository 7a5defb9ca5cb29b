"""A service desk's settings, and what check and preview show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import CaseRef, Severity
from connectors.jira import Jira
from tests.fakes.jira import JiraFake
from tests.fakes.jira.records import User

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def fake() -> Iterator[JiraFake]:
    server = JiraFake().start()
    yield server
    server.stop()


_WHO = {"email": "a@example.com", "token": "t"}
_DESK = {"service_desk": "Support desk", "request_type": "Email request"}


@pytest.mark.parametrize(
    ("options", "key", "said"),
    [
        ({**_WHO, "service_desk": "4"}, "request_type", "give both"),
        ({**_WHO, "request_type": "25"}, "service_desk", "give both"),
        ({**_DESK, "token": "t"}, "service_desk", "not supported on Data Center"),
        ({**_WHO, **_DESK, "set_reporter": True}, "set_reporter", "on behalf"),
        ({**_WHO, "project": "SUP", "key_field": "Key"}, "key_field", "for a service desk"),
    ],
)
def test_settings_that_do_not_fit(options: dict[str, Any], key: str, said: str) -> None:
    found = dict(Jira.misfits({"url": "https://example.atlassian.net", **options}))
    assert said in found[key]


def test_settings_that_fit() -> None:
    """By name or id; the project of a plain Jira may stay."""
    for more in ({}, {"project": "SUP", "issue_type": "Task"}, {"key_field": "Key", "sender_field": "From"}):
        assert Jira.misfits({"url": "https://example.atlassian.net", **_WHO, **_DESK, **more}) == []


def test_a_service_desk_declares_what_it_can() -> None:
    """Of the instance, since the class is a plain project's too."""
    desk = Jira(url="https://x.example", **_WHO, **_DESK)
    assert desk.capabilities.internal_notes
    assert not Jira.capabilities.internal_notes
    assert desk.target == "https://x.example/servicedesk/Support desk"
    desk.close()


def _lines(jira: Jira, *severities: Severity) -> str:
    found = [one for one in jira.check() if one.severity in severities]
    assert all(one.cure for one in found)
    jira.close()
    return "\n".join(f"{one.fact} | {one.cure}" for one in found)


def test_check_finds_nothing_wrong(fake: JiraFake) -> None:
    fake.meta.guests.append(User("qm:1", "bea", "bea@example.com", "Bea", is_customer=True))
    fake.service.admitted.add("qm:1")
    by_key = fake.desk_options | {"service_desk": "sup", "key_field": "Mail key", "sender_field": "Customer email"}
    for options in (fake.desk_options, by_key):
        assert _lines(Jira(**options), Severity.STOPS_MAIL, Severity.WARNING) == ""
    said = _lines(_tokened(fake), Severity.WARNING)
    assert "365 days" in said


def _tokened(fake: JiraFake, **more: Any) -> Jira:
    options = fake.token_options | {"service_desk": "4", "request_type": "25", **more}
    return Jira(**{name: one for name, one in options.items() if name not in ("project", "issue_type")})


def test_check_names_what_stops_mail(fake: JiraFake) -> None:
    wrong = Severity.STOPS_MAIL
    options = fake.desk_options
    assert "set service_desk to one of: Support desk" in _lines(Jira(**options | {"service_desk": "Nope"}), wrong)
    assert "one of: Email request, Get a new" in _lines(Jira(**options | {"request_type": "Nope"}), wrong)
    assert "look at service_desk and request_type" in _lines(Jira(**options | {"service_desk": "99"}), wrong)
    assert "look at service_desk and request_type" in _lines(Jira(**options | {"request_type": "99"}), wrong)
    assert "key_field: request type 'Email request' has no such" in _lines(Jira(**options, key_field="Nope"), wrong)
    assert "no text field of your own" in _lines(Jira(**options, key_field="Colour"), wrong)
    assert "look at sender_field" in _lines(Jira(**options, sender_field="Nope"), wrong)
    assert "take these credentials" in _lines(_tokened(fake, token="no"), wrong)
    expired = _tokened(fake, token_expires=datetime.now(UTC).date() - timedelta(days=1))
    assert "the token ended" in _lines(expired, wrong)
    fake.meta.rights -= {"CREATE_ISSUES"}
    del fake.service.form["description"]
    del fake.meta.screen["labels"]
    said = _lines(Jira(**options), wrong)
    for words in ("may not create issues", "lacks the field description", "have no labels"):
        assert words in said


def test_check_tells_what_will_be_lacking(fake: JiraFake) -> None:
    """Mail gets in all the same."""
    fake.meta.guests.append(User("qm:1", "bea", "", "Bea", is_customer=True, hides_email=True))
    fake.service.admitted.add("qm:1")
    fake.meta.rights -= {"ADMINISTER", "ADMINISTER_PROJECTS", "USER_PICKER"}
    fake.service.participants = False
    fake.service.form["customfield_10011"]["required"] = True
    del fake.service.form["attachment"]
    said = _lines(Jira(**fake.desk_options), Severity.WARNING)
    for words in (
        "may not create customers",
        "may not add customers to the service desk",
        "may not look people up",
        "cannot be made participants",
        "demands the field 'Colour' (customfield_10011)",
        "no field for attachments",
        "1 of 1 customers hide their address",
    ):
        assert words in said
    fake.service.on_behalf = False
    assert "may not raise requests on behalf" in _lines(Jira(**fake.desk_options), Severity.WARNING)


def test_preview_shows_the_requests(fake: JiraFake) -> None:
    """As they are then sent: the same methods and paths, with names where an id is looked up."""
    jira = _tokened(fake, service_desk="Support desk")
    files = (file_of(b"x", "a.txt"),)
    shown = jira.preview(delivery(attachments=files, fields={"Colour": "Red"}))
    assert fake.log == []
    sent = [one for one in fake.calls() if not one.startswith("GET")]
    assert sent == []
    assert [f"{one.method} {one.target}" for one in shown] == [
        "POST /rest/servicedeskapi/customer?strictConflictStatusCode=true",
        "POST /rest/servicedeskapi/servicedesk/Support desk/customer",
        "POST /rest/servicedeskapi/servicedesk/Support desk/attachTemporaryFile",
        "POST /rest/servicedeskapi/request",
        "PUT /rest/api/3/issue/NEW",
    ]
    body = json.loads(shown[3].body)
    assert body["raiseOnBehalfOf"] == "account of ann@example.com"
    assert body["requestFieldValues"]["description"].startswith("From: Ann Example")
    jira.close()


def test_preview_of_a_reply_is_what_is_sent(fake: JiraFake) -> None:
    jira = _tokened(fake)
    case = jira.create(delivery(attachments=(file_of(b"y"),)))
    for more in ({}, {"attachments": (file_of(b"x", "a.txt"),)}, {"public": False}):
        reply = delivery(case=CaseRef(case.id, case.number), **more)
        shown = [f"{one.method} {one.target.partition('?')[0]}" for one in jira.preview(reply)]
        fake.log.clear()
        jira.append(reply)
        assert shown == [f"{seen.method} {seen.path}" for seen, _ in fake.log]
    jira.close()
