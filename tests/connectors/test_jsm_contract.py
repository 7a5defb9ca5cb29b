"""Requests to the service desk and answers of the fake, held to the vendor's own description of its API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from connectors.conformance import delivery, file_of
from connectors.contract import Person
from connectors.jira import Jira
from tests.fakes.http_server import Reply, Seen
from tests.fakes.jira import JiraFake
from tests.fakes.jira.records import User
from tests.fakes.jira.service_desk import ROOT

_CONTRACTS = Path(__file__).parents[3] / "shared" / "contracts" / "jira"
_SITE = "https://your-domain.atlassian.net"

# The way of logging in is no part of what is compared, and OAuth is none that the validator knows.
pytestmark = [pytest.mark.contracts, pytest.mark.filterwarnings("ignore:Unsupported scheme type")]


class Recording(JiraFake):
    """Keeps the answers too."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: list[tuple[Seen, Reply]] = []

    def answer(self, seen: Seen) -> Reply:
        reply = super().answer(seen)
        self.exchanges.append((seen, reply))
        return reply


def _described(name: str) -> OpenAPI:
    document: dict[str, Any] = json.loads((_CONTRACTS / name).read_text())
    return OpenAPI.from_dict(document)


@pytest.fixture(scope="module")
def desk() -> OpenAPI:
    return _described("jira-service-management.json")


@pytest.fixture(scope="module")
def platform() -> OpenAPI:
    return _described("jira-platform-v3.json")


@pytest.fixture
def fake() -> Iterator[Recording]:
    server = Recording().start()
    yield server
    server.stop()


def _request(seen: Seen) -> MockRequest:
    media = seen.headers.get("content-type", "")
    return MockRequest(
        _SITE,
        seen.method.lower(),
        seen.path,
        args={name: values[0] for name, values in seen.query.items()},
        headers=dict(seen.headers),
        data=seen.body,
        content_type=media if media.startswith("multipart/") else "application/json",
    )


def _response(reply: Reply) -> MockResponse:
    return MockResponse(reply.encoded(), reply.status, dict(reply.headers), "application/json")


def _live(fake: Recording) -> None:
    """Every call that the connector knows, by name and by id, and where things are lacking."""
    place = {"service_desk": fake.service.name, "request_type": "Email request"}
    jira = Jira(**fake.token_options | place, sender_field="Customer email")
    jira.check()
    fake.meta.guests.append(User("qm:1", "bea", "bea@example.com", "Bea", is_customer=True))
    others = (Person("", "bea@example.com"),)
    fields = {"Colour": "Red", "priority": "High", "labels": "vip"}
    case = jira.create(delivery(attachments=(file_of(b"x"), file_of(b"", "")), cc=others, fields=fields))
    jira.create(delivery(requester=Person("", "bea@example.com")))
    fake.issue(case.id).move("3")
    replies = [delivery(case=case, attachments=(file_of(b"z"),) * number) for number in (0, 1)]
    for reply in replies:
        jira.append(reply)
    jira.close()
    del fake.service.form["attachment"]
    fake.meta.rights -= {"ADMINISTER", "ADMINISTER_PROJECTS", "USER_PICKER"}
    fresh = Jira(**fake.token_options | {"service_desk": "4", "request_type": "25"}, key_field="Mail key")
    fresh.check()
    fresh.create(delivery(attachments=(file_of(b"x"),)))
    for reply in replies:
        assert fresh.find(reply) is not None
    assert len([*fresh.read_back(replies[0].sent_at)]) == 3
    fresh.close()


def test_every_exchange_fits_the_description(fake: Recording, desk: OpenAPI, platform: OpenAPI) -> None:
    """Refusals as well, in their own shape."""
    _live(fake)
    at_desk = {f"{seen.method} {seen.path}" for seen, _ in fake.exchanges if seen.path.startswith(ROOT)}
    assert len(at_desk) >= 12
    assert {reply.status for _, reply in fake.exchanges} >= {200, 201, 204, 403, 409}
    problems = []
    for seen, reply in fake.exchanges:
        description = desk if seen.path.startswith(ROOT) else platform
        request = _request(seen)
        # The trimmed description declares a form's part as one string, which two files in a form are not.
        form = seen.path.endswith(("/attachTemporaryFile", "/attachments"))
        errors: list[Exception] = [] if form else [*description.iter_request_errors(request)]
        assert not form or seen.headers["x-atlassian-token"] == "no-check"
        errors += [] if reply.status == 204 else description.iter_response_errors(request, _response(reply))
        problems += [f"{seen.method} {seen.path}: {one!r} {one.__cause__!r}"[:600] for one in errors]
    assert problems == []


def test_the_description_would_notice(desk: OpenAPI) -> None:
    """The check above can fail: a wrong request and a wrong answer are refused."""
    headers = {"authorization": "Basic eDp5", "content-type": "application/json"}
    body = json.dumps({"serviceDeskId": 4, "labels": ["x"]}).encode()
    wrong = Seen("POST", f"{ROOT}/request", {}, headers, body, len(body), "")
    assert [*desk.iter_request_errors(_request(wrong))]
    assert [*desk.iter_response_errors(_request(wrong), _response(Reply(201, {"issueId": 5})))]
