"""HubSpot's limits, tokens and refusals: each told as what it is, for as long as it lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import tenacity

from connectors.conformance import delivery
from connectors.contract import (
    AuthFailed,
    ConnectorError,
    InDoubt,
    Rejected,
    Retryable,
    Throttled,
    Unusable,
)
from connectors.http import Limits
from connectors.hubspot import HubSpot
from connectors.hubspot.rules import midnight_in_s
from tests.fakes.http_server import Reply
from tests.fakes.hubspot import HubSpotFake
from tests.fakes.hubspot.portal import definition
from tests.fakes.hubspot.strict import envelope

TICKET = "POST /crm/objects/2026-03/tickets"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotFake]:
    monkeypatch.setattr("connectors.http.client._WAIT", tenacity.wait_none())
    server = HubSpotFake().start()
    yield server
    server.stop()


@pytest.fixture
def another(fake: HubSpotFake) -> Iterator[Callable[..., HubSpot]]:
    made: list[HubSpot] = []

    def make(**options: str) -> HubSpot:
        made.append(HubSpot(**{**fake.options, **options}))
        return made[-1]

    yield make
    for one in made:
        one.close()


def _error(act: Callable[[], object]) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        act()
    return caught.value


def test_the_days_limit_parks_until_the_accounts_midnight(
    fake: HubSpotFake, another: Callable[..., HubSpot], monkeypatch: pytest.MonkeyPatch
) -> None:
    """C8: and nothing is sent any more that HubSpot would refuse."""
    moment = [1000.0]
    monkeypatch.setattr("connectors.http.client.Limits", lambda: Limits(lambda: moment[0]))
    hubspot = another()
    hubspot.create(delivery())
    fake.gate.left_today = 1
    told = _error(lambda: hubspot.create(delivery()))
    zone = ZoneInfo(fake.settings.zone)
    assert isinstance(told, Throttled)
    assert told.bucket == ""
    assert told.retry_after_s == pytest.approx(midnight_in_s(zone, datetime.now(UTC)), abs=5)
    sent = len(fake.log)
    assert isinstance(_error(lambda: hubspot.create(delivery())), Throttled)
    assert len(fake.log) == sent
    fake.gate.pass_midnight()
    moment[0] += told.retry_after_s or 0.0
    hubspot.create(delivery())


def test_a_refusal_for_the_day_from_somebody_elses_calls(fake: HubSpotFake, another: Callable[..., HubSpot]) -> None:
    """Another app has used the account's day; while the time zone is unknown, midnight may be at any hour."""
    hubspot = another()
    daily = Reply(429, envelope("RATE_LIMITS", "You have reached your daily limit.", policyName="DAILY"))
    fake.fail("reply", "", reply=daily, times=9)
    told = _error(lambda: hubspot.create(delivery()))
    assert isinstance(told, Throttled)
    assert told.retry_after_s == pytest.approx(3600, abs=1)


def test_midnight_is_the_accounts_own() -> None:
    """Also on the day when the clocks change."""
    berlin = ZoneInfo("Europe/Berlin")
    assert midnight_in_s(berlin, datetime(2026, 11, 21, 22, 59, 30, tzinfo=UTC)) == 30
    assert midnight_in_s(berlin, datetime(2026, 11, 21, 23, 0, tzinfo=UTC)) == 86_400
    assert midnight_in_s(berlin, datetime(2026, 10, 24, 22, 0, tzinfo=UTC)) == 25 * 3600
    assert midnight_in_s(None, datetime(2026, 11, 21, 22, 0, tzinfo=UTC)) == 3600


def test_the_burst_limit_is_a_wait_of_seconds(fake: HubSpotFake, another: Callable[..., HubSpot]) -> None:
    """C1, C26: told by the refusal first; then the headers' pace is kept, and nothing is refused any more."""
    fake.gate.burst = 0
    told = _error(lambda: another().create(delivery()))
    assert isinstance(told, Throttled)
    assert (told.bucket, told.retry_after_s) == ("", 10.0)
    fake.gate.burst = 12
    hubspot = another()
    fake.log.clear()
    told = _error(lambda: [hubspot.create(delivery()) for _ in range(12)])
    assert isinstance(told, Throttled)
    assert told.retry_after_s is not None
    assert 0 < told.retry_after_s <= 10
    assert 429 not in {status for _, status in fake.log[:-1]}


def test_a_busy_search_stops_only_searches(fake: HubSpotFake, another: Callable[..., HubSpot]) -> None:
    hubspot = another()
    fake.gate.searches = 0
    told = _error(lambda: list(hubspot.read_back(datetime.now(UTC))))
    assert isinstance(told, Throttled)
    assert (told.bucket, told.retry_after_s) == ("search", 1.0)
    hubspot.create(delivery())


@pytest.mark.parametrize(
    ("reply", "kind", "wait_s"),
    [
        (Reply(423, envelope("LOCKED", "locked")), Retryable, 2.0),
        (Reply(477, b"", {"Retry-After": "7200"}), Throttled, 7200.0),
        (Reply(429, b"<html>"), Throttled, 10.0),
        (Reply(410, envelope("GONE", "this version is gone")), Unusable, None),
        (Reply(404, b"<html>", {"Content-Type": "text/html"}), Unusable, None),
        (Reply(404, envelope("", "no such endpoint")), Unusable, None),
        (Reply(403, envelope("FORBIDDEN", "no")), Unusable, None),
        (Reply(502, b"<html>", {"Content-Type": "text/html"}), InDoubt, None),
        (Reply(201, {"no": "id"}), InDoubt, None),
        (Reply(201, {"id": "not a number"}), InDoubt, None),
    ],
)
def test_refusals_are_told_apart(
    fake: HubSpotFake, another: Callable[..., HubSpot], reply: Reply, kind: type[ConnectorError], wait_s: float | None
) -> None:
    """C3, C7, C19, C21, C28."""
    fake.fail("reply", TICKET, reply=reply, times=3)
    told = _error(lambda: another().create(delivery()))
    assert isinstance(told, kind)
    if isinstance(told, Retryable):
        assert told.retry_after_s == wait_s


def test_an_admins_must_is_shown_in_hubspots_words(fake: HubSpotFake, another: Callable[..., HubSpot]) -> None:
    """C14: since 2026-09 the API has to obey required properties; one mail is held, the connector goes on."""
    fake.portal.required["tickets"] = {"region"}
    told = _error(lambda: another().create(delivery()))
    assert isinstance(told, Rejected)
    assert "required properties were not set" in str(told)
    assert "region" in str(told)
    fake.portal.required = {"contacts": {"phone"}}
    assert another().create(delivery()).id


def test_a_lacking_scope_is_named(fake: HubSpotFake, another: Callable[..., HubSpot]) -> None:
    fake.gate.scopes.discard("crm.objects.contacts.write")
    told = _error(lambda: another().create(delivery()))
    assert isinstance(told, Unusable)
    assert not isinstance(told, AuthFailed)
    assert "crm.objects.contacts.write" in str(told)


@pytest.mark.parametrize(
    ("kind", "name"), [("tickets", "e2c_key"), ("emails", "e2c_key"), ("emails", "e2c_message_id")]
)
def test_a_missing_property_stops_the_connector(
    fake: HubSpotFake, another: Callable[..., HubSpot], kind: str, name: str
) -> None:
    """C24: not mail by mail."""
    del fake.portal.properties[kind][name]
    told = _error(lambda: another().create(delivery()))
    assert isinstance(told, Unusable)
    assert "check --fix" in str(told)
    if name == "e2c_key" and kind == "emails":
        assert isinstance(_error(lambda: another().find(delivery())), Unusable)


def test_a_property_that_is_no_longer_unique_stops_the_connector(
    fake: HubSpotFake, another: Callable[..., HubSpot]
) -> None:
    """C24: HubSpot would take a second case without a word."""
    fake.portal.properties["tickets"]["e2c_key"] = definition("e2c_key", unique=False)
    told = _error(lambda: another().create(delivery()))
    assert isinstance(told, Unusable)
    assert "takes the same value twice" in str(told)
    assert fake.live("tickets") == []


def test_tokens_are_renewed_by_time_and_rotate_safely(fake: HubSpotFake, another: Callable[..., HubSpot]) -> None:
    """C5: many threads, one renewal each time, and never an old refresh token; no 401 is ever waited for."""
    fake.gate.rotates = True
    fake.gate.token_lives_s = 1
    hubspot = HubSpot(**fake.oauth_options)
    try:
        for _ in range(3):
            with ThreadPoolExecutor(8) as pool:
                assert len({one.id for one in pool.map(hubspot.create, [delivery() for _ in range(8)])}) == 8
            fake.gate.tokens.clear()
        assert 400 not in {status for seen, status in fake.log if "/oauth/" in seen.path}
        assert fake.gate.refresh != fake.gate.first_refresh
        assert fake.gate.given == fake.count("POST /oauth/2026-03/token")
        facts = [one.fact for one in hubspot.check()]
        assert [fact for fact in facts if "has replaced the refresh token" in fact]
    finally:
        hubspot.close()


def test_a_refused_refresh_token_is_asked_about_once(fake: HubSpotFake) -> None:
    """C6: no lock-out by repeated logins; the secret is not shown though HubSpot repeats it."""
    fake.gate.refresh = "revoked"
    hubspot = HubSpot(**fake.oauth_options)
    for _ in range(3):
        told = _error(lambda: hubspot.create(delivery()))
        assert isinstance(told, AuthFailed)
        assert "refresh_token_env" in str(told)
        assert fake.gate.first_refresh not in str(told)
    assert fake.count("POST /oauth/2026-03/token") == 1
    hubspot.close()
