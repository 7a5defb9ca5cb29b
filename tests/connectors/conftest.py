"""The rigged servers that several files here talk to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tenacity

from connectors.http import HttpClient, Rules, Secrets
from connectors.zendesk import Zendesk
from tests.connectors.calls import Echo
from tests.fakes.zendesk import ZendeskFake


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second try comes without a wait."""
    monkeypatch.setattr("connectors.http.client._WAIT", tenacity.wait_none())


@pytest.fixture
def echo(at_once: None) -> Iterator[Echo]:
    server = Echo().start()
    yield server
    server.stop()


@pytest.fixture
def client(echo: Echo) -> Iterator[HttpClient]:
    made = HttpClient(echo.url, Rules(), Secrets(["hunter2-hunter2"]))
    yield made
    made.close()


@pytest.fixture
def fake(at_once: None) -> Iterator[ZendeskFake]:
    server = ZendeskFake().start()
    yield server
    server.stop()


@pytest.fixture
def zendesk(fake: ZendeskFake) -> Iterator[Zendesk]:
    made = Zendesk(**fake.options, tags=("vip",))
    yield made
    made.close()
