"""The rigged servers that several files here talk to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tenacity

from connectors.http import (
    HttpClient,
    Rules,
    Secrets,
)
from connectors.zendesk import Zendesk
from tests.fakes.zendesk import ZendeskFake

CREATE, UPDATE, UPLOAD = "POST /api/v2/tickets", "PUT /api/v2/tickets/", "POST /api/v2/uploads"


from tests.connectors.calls import Echo


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Echo]:
    monkeypatch.setattr("connectors.http.client._WAIT", tenacity.wait_none())
    server = Echo().start()
    yield server
    server.stop()


@pytest.fixture
def client(echo: Echo) -> Iterator[HttpClient]:
    made = HttpClient(echo.url, Rules(), Secrets(["hunter2-hunter2"]))
    yield made
    made.close()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[ZendeskFake]:
    monkeypatch.setattr("connectors.http.client._WAIT", tenacity.wait_none())
    server = ZendeskFake().start()
    yield server
    server.stop()


@pytest.fixture
def zendesk(fake: ZendeskFake) -> Iterator[Zendesk]:
    made = Zendesk(**fake.options, tags=("vip",))
    yield made
    made.close()
