"""Requests of the connector and answers of the fake, held to the vendor's own description of its API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from connectors.conformance import delivery, file_of
from connectors.contract import Change, Person
from connectors.jira import Jira
from tests.fakes.http_server import Reply, Seen
from tests.fakes.jira import JiraFake

_DESCRIPTION = Path(__file__).parents[3] / "shared" / "contracts" / "jira" / "jira-platform-v3.json"
_SITE = "https://your-domain.atlassian.net"

pytestmark = pytest.mark.contracts


class Recording(JiraFake):
    """Keeps the answers too."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: list[tuple[Seen, Reply]] = []

    def answer(self, seen: Seen) -> Reply:
        reply = super().answer(seen)
        self.exchanges.append((seen, reply))
        return reply


@pytest.fixture(scope="module")
def description() -> OpenAPI:
    document: dict[str, Any] = json.loads(_DESCRIPTION.read_text())
    return OpenAPI.from_dict(document)


@pytest.fixture
def fake() -> Iterator[Recording]:
    server = Recording().start()
    yield server
    server.stop()


def _request(seen: Seen) -> MockRequest:
    media = seen.headers.get("content-type", "")
    form = media.startswith("multipart/")
    return MockRequest(
        _SITE,
        seen.method.lower(),
        seen.path,
        args={name: values[0] for name, values in seen.query.items()},
        headers=dict(seen.headers),
        data=seen.body,
        content_type=media if form else "application/json",
    )


def _response(reply: Reply) -> MockResponse:
    return MockResponse(reply.encoded(), reply.status, dict(reply.headers), "application/json")


def _live(fake: Recording) -> None:
    """Every call that the connector knows."""
    jira = Jira(**fake.token_options, sender_field="Customer email", set_reporter=True, labels=("vip",))
    jira.check()
    fields = {"priority": "High", "owner": "agent@example.com", "queue": "Billing", "Score": "3", "Background": "b"}
    case = jira.create(delivery(attachments=(file_of(b"x"), file_of(b"", "")), fields=fields))
    reply = delivery(case=case, requester=Person("Carl", "carl@example.com"))
    fake.issue(case.id).move("3")
    jira.append(reply)
    fresh = Jira(**fake.token_options)
    fresh.find(reply)
    fresh.find(delivery(references=("a@b",)))
    change = Change(key=delivery().key, note="Late.", fields={"priority": "Low", "status": "Done", "labels": "late"})
    jira.update(case, change)
    assert len([*jira.read_back(datetime.now(UTC) - timedelta(hours=1))]) == 1
    jira.close()
    fresh.close()


def test_every_exchange_fits_the_description(fake: Recording, description: OpenAPI) -> None:
    _live(fake)
    assert len({f"{seen.method} {seen.path}" for seen, _ in fake.exchanges}) >= 18
    problems = []
    for seen, reply in fake.exchanges:
        request = _request(seen)
        # The trimmed description declares a form's part as one string, which two files in a form are not.
        form = seen.path.endswith("/attachments")
        errors: list[Exception] = [] if form else [*description.iter_request_errors(request)]
        assert not form or seen.headers["x-atlassian-token"] == "no-check"
        assert reply.status < 400, (seen.path, reply)
        # A 204 has no body, though the description gives it a schema.
        errors += [] if reply.status == 204 else description.iter_response_errors(request, _response(reply))
        problems += [f"{seen.method} {seen.path}: {one!r} {one.__cause__!r}"[:600] for one in errors]
    assert problems == []


def test_the_description_would_notice(fake: Recording, description: OpenAPI) -> None:
    """The check above can fail: a wrong request and a wrong answer are refused."""
    headers = {"authorization": "Basic eDp5", "content-type": "application/json"}
    body = json.dumps({"jql": 5, "maxresults": 3}).encode()
    wrong = Seen("POST", "/rest/api/3/search/jql", {}, headers, body, len(body), "")
    assert [*description.iter_request_errors(_request(wrong))]
    assert [*description.iter_response_errors(_request(wrong), _response(Reply(200, {"issues": "none"})))]
