"""Requests of the connector and answers of the fake, held to the vendor's own description of its API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from connectors.conformance import delivery, file_of
from connectors.contract import Change, Person
from connectors.zendesk import Zendesk
from tests.fakes.http_server import Reply, Seen
from tests.fakes.zendesk import ZendeskFake

_DESCRIPTION = Path(__file__).parents[3] / "shared" / "contracts" / "zendesk" / "zendesk-support-v2.json"

pytestmark = pytest.mark.contracts


class Recording(ZendeskFake):
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
    # The page parameter is described as an object or a number, which the validator cannot tell apart in a query.
    brands = document["paths"]["/api/v2/brands"]["get"]["parameters"]
    for page in (document["components"]["parameters"]["DualPaginationPage"], *brands):
        if page.get("name") == "page":
            page |= {"style": "form", "schema": {"type": "integer"}}
    return OpenAPI.from_dict(document)


@pytest.fixture
def fake() -> Iterator[Recording]:
    server = Recording().start()
    yield server
    server.stop()


def _request(seen: Seen) -> MockRequest:
    media = seen.headers.get("content-type", "")
    is_json = media == "application/json"
    return MockRequest(
        "https://example.zendesk.com",
        seen.method.lower(),
        seen.path,
        args={name: values[0] for name, values in seen.query.items()},
        headers=dict(seen.headers),
        data=seen.body if is_json else b"any bytes",
        content_type=media or "application/json",
    )


def _response(reply: Reply) -> MockResponse:
    return MockResponse(reply.encoded(), reply.status, dict(reply.headers), "application/json")


def _live(fake: Recording) -> None:
    """Every call that the connector knows."""
    zendesk = Zendesk(**fake.options, group="Support", tags=("x",))
    zendesk.check()
    sent = delivery(
        attachments=(file_of(b"x"), file_of(b"", "")),
        recipient="help@example.com",
        fields={
            "priority": "High",
            "type": "incident",
            "owner": "agent@example.com",
            "7": "v",
            "Printer": "Laser",
            "Urgent?": "no",
            "brand": "Main",
        },
    )
    case = zendesk.create(sent)
    reply = delivery(case=case, html="<p>x</p>", requester=Person("New", "new@example.com"))
    zendesk.append(reply)
    zendesk.find(reply)
    zendesk.update(case, Change(key="0" * 40, fields={"owner": "Agent", "queue": "Billing"}, note="Look"))
    fake.export.page = 1
    assert list(zendesk.read_back(datetime(2026, 11, 1, tzinfo=UTC)))
    fresh = Zendesk(**fake.options)
    fresh.find(delivery(references=("a@b",)))
    fake.desk.tickets[int(case.id)].fields["status"] = "closed"
    zendesk.append(delivery(case=case))
    zendesk.close()
    fresh.close()


def test_every_exchange_fits_the_description(fake: Recording, description: OpenAPI) -> None:
    _live(fake)
    assert len({f"{seen.method} {seen.path}" for seen, _ in fake.exchanges}) >= 17
    problems = []
    for seen, reply in fake.exchanges:
        request = _request(seen)
        errors = [*description.iter_request_errors(request)]
        # Answers that refuse are not described; their shapes come from the vendor's prose.
        errors += description.iter_response_errors(request, _response(reply)) if reply.status < 400 else []
        problems += [f"{seen.method} {seen.path}?{urlencode(seen.query, doseq=True)}: {one!r}" for one in errors]
    assert problems == []


def test_the_description_would_notice(fake: Recording, description: OpenAPI) -> None:
    """The check above can fail: a wrong request and a wrong answer are refused."""
    headers = {"authorization": "Bearer x", "content-type": "application/json"}
    body = json.dumps({"ticket": {"priority": "highest", "tags": 5}}).encode()
    wrong = Seen("POST", "/api/v2/tickets", {}, headers, body, len(body), "")
    assert [*description.iter_request_errors(_request(wrong))]
    answer = _response(Reply(201, {"ticket": {"id": "not a number"}}))
    assert [*description.iter_response_errors(_request(wrong), answer)]
