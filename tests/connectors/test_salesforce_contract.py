"""Requests of the connector and answers of the fake, held to descriptions of Salesforce's API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from connectors.conformance import delivery, file_of
from connectors.contract import Change
from connectors.salesforce import Salesforce
from connectors.salesforce.rules import PASSING, STOPPED
from tests.fakes.http_server import Reply, Seen
from tests.fakes.salesforce import SalesforceFake

_FOLDER = Path(__file__).parents[3] / "shared" / "contracts" / "salesforce"
_HOST = "https://yourDomain.my.salesforce.com"

pytestmark = [pytest.mark.contracts, pytest.mark.usefixtures("at_once")]


class Recording(SalesforceFake):
    """Keeps the answers too."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: list[tuple[Seen, Reply]] = []

    def answer(self, seen: Seen) -> Reply:
        reply = super().answer(seen)
        self.exchanges.append((seen, reply))
        return reply


@pytest.fixture(scope="module")
def supplement() -> OpenAPI:
    return OpenAPI.from_dict(json.loads((_FOLDER / "salesforce-rest-supplement.json").read_text()))


@pytest.fixture(scope="module")
def records() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((_FOLDER / "salesforce-sobjects-v59.json").read_text())
    return document


@pytest.fixture
def fake() -> Iterator[Recording]:
    server = Recording().start()
    yield server
    server.stop()


def _live(fake: Recording) -> None:
    """Every call that the connector knows, but the forms, which no description has."""
    salesforce = Salesforce(**fake.options, queue="Support", record_type="Question")
    salesforce.check()
    case = salesforce.create(delivery(attachments=(file_of(b"x"),), html="<p>x</p>", fields={"owner": "Ada Agent"}))
    reply = delivery(case=case)
    salesforce.append(reply)
    salesforce.find(reply)
    salesforce.find(delivery())
    salesforce.correlate([reply.message_id])
    fake.close_case(case.id)
    salesforce.append(delivery(case=case))
    salesforce.update(case, Change(key="c" * 40, fields={"priority": "High"}, note="Late."))
    fake.queries.page = 1
    salesforce.create(delivery())
    list(salesforce.read_back(datetime.now(UTC) - timedelta(days=1)))
    salesforce.close()


def _request(seen: Seen) -> MockRequest:
    media = seen.headers.get("content-type", "application/json")
    args = {name: values[0] for name, values in seen.query.items()}
    # The library ends some paths with a slash, which the server does not mind and the description does not know.
    path = seen.path.removesuffix("/")
    return MockRequest(
        _HOST, seen.method.lower(), path, args=args, headers=dict(seen.headers), data=seen.body, content_type=media
    )


def _is_described(seen: Seen) -> bool:
    """The supplement has everything but descriptions and records by id, which the other file has."""
    return not re.search(r"/sobjects/\w+/(describe|[a-zA-Z0-9]{18})$", seen.path)


def test_every_exchange_fits_the_description(fake: Recording, supplement: OpenAPI) -> None:
    _live(fake)
    problems, looked_at = [], 0
    for seen, reply in fake.exchanges:
        if not _is_described(seen):
            continue
        request = _request(seen)
        answer = MockResponse(reply.encoded(), reply.status, dict(reply.headers), "application/json")
        errors = [*supplement.iter_request_errors(request), *supplement.iter_response_errors(request, answer)]
        problems += [f"{seen.method} {seen.path}: {one!r}" for one in errors]
        looked_at += 1
    assert problems == []
    assert looked_at >= 25


def _records_sent(fake: Recording) -> Iterator[tuple[str, dict[str, Any]]]:
    for seen, _ in fake.exchanges:
        if seen.path.endswith("/composite"):
            for part in seen.json["compositeRequest"]:
                if "body" in part:
                    yield part["url"].split("/sobjects/")[1].split("/")[0], part["body"]


def test_every_field_that_is_written_is_salesforces(fake: Recording, records: dict[str, Any]) -> None:
    """By the org's own description of Case, EmailMessage, CaseComment and ContentVersion; the key field is ours."""
    _live(fake)
    kinds = set()
    for kind, body in _records_sent(fake):
        known = set(records["components"]["schemas"][f"{kind}SObject"]["properties"]) | {"RecordTypeId", fake.key_field}
        assert set(body) <= known, kind
        kinds.add(kind)
    assert kinds == {"Case", "EmailMessage", "CaseComment", "ContentVersion"}
    for path in ("Case", "EmailMessage", "ContentVersion", "CaseComment", "{sObject}/describe", "Case/{id}"):
        assert f"/services/data/{{apiVersion}}/sobjects/{path}" in records["paths"]


def test_every_code_is_one_of_salesforces() -> None:
    told = json.loads((_FOLDER / "salesforce-error-codes.json").read_text())
    known = json.dumps(told)
    assert [code for code in (*PASSING, *STOPPED) if f'"{code}"' not in known] == []


def test_the_description_would_notice(supplement: OpenAPI) -> None:
    """The check above can fail: a wrong request and a wrong answer are refused."""
    headers = {"authorization": "Bearer x", "content-type": "application/json"}
    body = json.dumps({"compositeRequest": [{"method": "LOOK", "url": "elsewhere", "referenceId": "a b"}]}).encode()
    wrong = Seen("POST", "/services/data/v67.0/composite", {}, headers, body, len(body), "")
    assert [*supplement.iter_request_errors(_request(wrong))]
    answer = MockResponse(b'{"compositeResponse": 5}', 200, {}, "application/json")
    assert [*supplement.iter_response_errors(_request(wrong), answer)]
