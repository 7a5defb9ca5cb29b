"""What ``check`` prints of each kind of trouble, what ``prepare`` makes, and which settings are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
import tenacity

from connectors import registry
from connectors.conformance import delivery
from connectors.contract import Finding, Severity
from connectors.hubspot import HubSpot
from connectors.hubspot.health import _version
from tests.fakes.http_server import Reply
from tests.fakes.hubspot import HubSpotFake
from tests.fakes.hubspot.portal import OURS, definition

STOPS, WARNING = Severity.STOPS_MAIL, Severity.WARNING


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotFake]:
    monkeypatch.setattr("connectors.http.client._WAIT", tenacity.wait_none())
    server = HubSpotFake().start()
    yield server
    server.stop()


def _check(fake: HubSpotFake, **options: Any) -> list[Finding]:
    hubspot = HubSpot(**{**fake.options, **options})
    try:
        return [*hubspot.check()]
    finally:
        hubspot.close()


def _bad(findings: list[Finding]) -> list[tuple[Severity, str]]:
    return [(one.severity, one.fact) for one in findings if one.severity is not Severity.OK]


def test_all_is_well(fake: HubSpotFake) -> None:
    found = _check(fake, pipeline="billing", stage="Looked at", owner="tier2@example.com")
    assert _bad(found) == []
    text = "\n".join(one.fact for one in found)
    for word in (
        "4711",
        "Europe/Berlin",
        "e2c_message_id",
        "'Billing'",
        "'Looked at'",
        "tier2",
        "10 of 650000",
        "2027-09",
    ):
        assert word in text
    assert {seen.method for seen, _ in fake.log} <= {"GET", "POST"}
    assert [seen.path for seen, _ in fake.log if seen.method == "POST"] == [
        "/oauth/v2/private-apps/get/access-token-info"
    ]


def test_a_wrong_token(fake: HubSpotFake) -> None:
    found = _check(fake, token="pat-wrong-and-long-enough")
    assert [severity for severity, _ in _bad(found)] == [STOPS]
    assert "token_env" in found[0].cure
    assert "pat-wrong" not in str(found)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda fake: fake.gate.scopes.discard("files"), "lacks the scopes files"),
        (lambda fake: fake.gate.scopes.discard("tickets"), "lacks the scopes tickets"),
        (lambda fake: fake.portal.properties["notes"].clear(), "no property e2c_key for notes"),
        (
            lambda fake: fake.portal.properties["emails"].update(e2c_key=definition("e2c_key", unique=False)),
            "takes the same value twice",
        ),
        (lambda fake: setattr(fake.settings, "used", 650_000), "650000 of 650000 calls"),
    ],
)
def test_what_stops_mail(fake: HubSpotFake, spoil: Callable[[HubSpotFake], None], words: str) -> None:
    spoil(fake)
    found = _bad(_check(fake))
    assert [fact for severity, fact in found if severity is STOPS and words in fact]


@pytest.mark.parametrize("options", [{"pipeline": "Nowhere"}, {"stage": "Nowhere"}, {"owner": "nobody@example.com"}])
def test_unknown_names(fake: HubSpotFake, options: dict[str, str]) -> None:
    """Of the settings: each with what there is, and the key to change; the rest is looked at all the same."""
    (bad,) = _bad(_check(fake, **options))
    assert bad[0] is STOPS
    assert next(iter(options.values())) in bad[1]
    assert "set " in bad[1]


def test_what_is_worth_a_warning(fake: HubSpotFake) -> None:
    fake.settings.used = 600_000
    fake.fail("reply", "POST /oauth/v2/", reply=Reply(404, {"status": "error"}))
    found = _bad(_check(fake, stage="Closed"))
    assert {severity for severity, _ in found} == {WARNING}
    text = "\n".join(fact for _, fact in found)
    for words in ("does not tell this token's scopes", "closed stage 'Closed'", "600000 of 650000"):
        assert words in text


def test_the_version_has_an_end() -> None:
    def severity(today: date) -> Severity:
        return next(_version("2026-03", today)).severity

    assert severity(date(2026, 11, 22)) is Severity.OK
    assert severity(date(2027, 6, 1)) is WARNING
    assert "ended in 2027-09" in next(_version("2026-03", date(2027, 10, 1))).fact


def test_prepare_makes_what_is_missing_once(fake: HubSpotFake) -> None:
    """And leaves alone what is there, even if it is wrong."""
    for kind in fake.portal.properties:
        fake.portal.properties[kind].clear()
    hubspot = HubSpot(**fake.oauth_options)
    assert len(_bad([*hubspot.check()])) == len(OURS)
    first, second = hubspot.prepare(), hubspot.prepare()
    assert all(one.severity is Severity.OK for one in (*first, *second))
    assert all("made" in one.fact for one in first)
    assert all("is there" in one.fact for one in second)
    assert {(kind, name) for kind, found in fake.portal.properties.items() for name in found} == set(OURS)
    assert _bad([*hubspot.check()]) == []
    hubspot.create(delivery())
    fake.portal.properties["tickets"]["e2c_key"]["hasUniqueValue"] = False
    assert [one.severity for one in hubspot.prepare()].count(STOPS) == 1
    fake.portal.properties["notes"].clear()
    fake.gate.scopes.discard("crm.objects.contacts.write")
    assert [one.severity for one in hubspot.prepare()].count(STOPS) == 2
    assert fake.violations == []
    hubspot.close()


@pytest.mark.parametrize(
    ("options", "key", "words"),
    [
        ({}, "token", "missing; set token_env"),
        ({"token": "x", "client_id": "y"}, "token", "not both"),
        ({"client_id": "y"}, "refresh_token", "missing beside client_id"),
        ({"token": "x", "url": "http://api.example.com"}, "url", "must be https"),
        ({"token": "x", "api_version": "v3"}, "api_version", "2026-03"),
        ({"token": "x", "key_property": "Key!"}, "key_property", "internal name"),
        ({"token": "x", "mode": "custom-channel"}, "mode", "custom channels) is not supported yet"),
        ({"token": "x", "stagge": "New"}, "stagge", "did you mean stage"),
    ],
)
def test_settings_that_contradict(options: dict[str, object], key: str, words: str) -> None:
    problems = registry.check_options("crm", "hubspot", options, {})
    assert [one for one in problems if one.startswith(f"connectors.crm.{key}: ") and words in one]


def test_settings_that_fit() -> None:
    options = {"token_env": "HUBSPOT_TOKEN", "pipeline": "Support", "stage": "New"}
    made = registry.build("crm", "hubspot", options, {"HUBSPOT_TOKEN": "x"})
    assert made.target == "api.hubapi.com"
    made.close()
