"""A bad line between a connector and its CRM: cut, reset, silent, slow (C16, C17, C18, C20, N2, N3, N4)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from connectors.conformance import delivery
from connectors.contract import ConnectorError, InDoubt
from connectors.zendesk import Zendesk
from tests.fakes.proxy import Proxy, Weather
from tests.fakes.zendesk import ZendeskFake


@pytest.fixture
def zendesk() -> Iterator[tuple[ZendeskFake, Proxy, Zendesk]]:
    """A fake Zendesk, behind a proxy, and the connector that reaches it so; it has logged in over a fair line."""
    fake = ZendeskFake().start()
    with Proxy(fake.port) as proxy:
        connector = Zendesk(**{**fake.options, "url": f"http://127.0.0.1:{proxy.port}"})
        connector.find(delivery())
        yield fake, proxy, connector
        connector.close()
    fake.stop()


def _afresh(proxy: Proxy, connector: Zendesk, weather: Weather) -> None:
    """From the next call on, over a new connection."""
    connector.close()
    proxy.weather = weather


@pytest.mark.parametrize("end", ["close", "reset"])
def test_n2_an_answer_cut_anywhere_is_in_doubt_and_found(zendesk: tuple[ZendeskFake, Proxy, Zendesk], end: str) -> None:
    """C17, C20, N15: applied, the answer cut at some octet: in doubt; then the same key finds it, and once only."""
    fake, proxy, connector = zendesk
    sent = delivery()
    for offset in range(0, 400, 80):
        _afresh(proxy, connector, Weather(after=offset, end=end))  # type: ignore[arg-type]
        with pytest.raises(InDoubt):
            connector.create(sent)
    _afresh(proxy, connector, Weather())
    assert connector.create(sent) == connector.find(sent)
    assert len(fake.tickets) == 1


def test_c18_a_request_cut_in_the_middle_is_not_applied_twice(zendesk: tuple[ZendeskFake, Proxy, Zendesk]) -> None:
    """C18: cut within our own request; whatever the server made of it, the key keeps it single."""
    fake, proxy, connector = zendesk
    sent = delivery()
    for offset in range(10, 460, 90):
        _afresh(proxy, connector, Weather(after=offset, way="up"))
        with pytest.raises(ConnectorError):
            connector.create(sent)
    _afresh(proxy, connector, Weather())
    connector.create(sent)
    assert len(fake.tickets) == 1


@pytest.mark.parametrize("weather", [Weather(after=30, end="silence"), Weather(dribble_s=0.05)], ids=["N3", "N4"])
def test_n3_n4_a_crm_that_hangs_or_drips_meets_a_total_deadline(
    zendesk: tuple[ZendeskFake, Proxy, Zendesk], weather: Weather, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N3, N4, C16: in doubt once the time for the whole call is over, though octets keep coming."""
    monkeypatch.setattr("connectors.http.client._CALL_S", 1.0)
    fake, proxy, connector = zendesk
    _afresh(proxy, connector, weather)
    begun = time.monotonic()
    with pytest.raises(InDoubt):
        connector.create(delivery())
    assert time.monotonic() - begun < 4.0
    assert len(fake.tickets) <= 1
