"""What ``check`` says of a Zendesk: each finding stops mail or not, names what is wrong, and has its cure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.contract import Finding, Severity
from connectors.zendesk import Zendesk
from tests.fakes.http_server import Reply
from tests.fakes.zendesk import ZendeskFake


def _worst(options: dict[str, Any]) -> Finding:
    zendesk = Zendesk(**options)
    findings = zendesk.check()
    zendesk.close()
    return max(findings, key=lambda one: list(Severity).index(one.severity))


def _by_token(fake: ZendeskFake) -> dict[str, Any]:
    return {"url": fake.url, "email": fake.email, "token": fake.token}


def test_all_is_well(fake: ZendeskFake) -> None:
    assert _worst(fake.options | {"group": "Support"}).severity is Severity.OK
    assert not [seen for seen, _ in fake.log if seen.method != "GET" and seen.path != "/oauth/tokens"]


def test_a_wrong_secret(fake: ZendeskFake) -> None:
    found = _worst(fake.options | {"client_secret": "wrong-secret-value"})
    assert found.severity is Severity.STOPS_MAIL
    assert "invalid_client" in found.fact
    assert "wrong-secret-value" not in found.fact + found.cure
    assert "client_secret_env" in found.cure


def test_a_wrong_token_gets_an_anonymous_welcome(fake: ZendeskFake) -> None:
    found = _worst(_by_token(fake) | {"token": "wrong"})
    assert found.severity is Severity.STOPS_MAIL
    assert "anonymous" in found.fact
    assert "token_env" in found.cure


@pytest.mark.parametrize("lacking", ["tickets:read", "tickets:write", "users:write"])
def test_a_missing_scope(fake: ZendeskFake, lacking: str) -> None:
    """C7."""
    fake.client_scopes -= {lacking}
    found = _worst(fake.options)
    assert (found.severity, found.fact) == (Severity.STOPS_MAIL, f"the token lacks the scopes {lacking}")
    assert f"OAuth client {fake.client_id!r} these scopes" in found.cure


def test_an_unknown_group(fake: ZendeskFake) -> None:
    found = _worst(fake.options | {"group": "Nobody"})
    assert (found.severity, found.fact) == (Severity.STOPS_MAIL, "Zendesk has no group 'Nobody'")
    assert found.cure.startswith("set group to the name of one")


def test_tokens_that_end(fake: ZendeskFake) -> None:
    """API tokens on one day; those of an old OAuth client must be given an end on another."""
    found = _worst(_by_token(fake))
    days = (datetime(2027, 4, 30, tzinfo=UTC).date() - datetime.now(UTC).date()).days
    assert found.severity is Severity.WARNING
    assert f"2027-04-30, in {days} days" in found.fact
    assert "set client_id and client_secret_env" in found.cure
    fake.token_ends_at = None
    found = _worst(fake.options)
    assert found.severity is Severity.WARNING
    assert "2027-04-01" in found.fact
    assert "set an expiry" in found.cure


@pytest.mark.parametrize(("role", "severity"), [("end-user", Severity.STOPS_MAIL), ("agent", Severity.WARNING)])
def test_who_we_are_there(fake: ZendeskFake, role: str, severity: Severity) -> None:
    fake.desk.agent.role = role
    found = _worst(fake.options)
    assert found.severity is severity
    assert found.cure.startswith("make it an a")


def test_nobody_at_home(fake: ZendeskFake) -> None:
    fake.stop()
    found = _worst(fake.options)
    assert found.severity is Severity.STOPS_MAIL
    assert "cannot reach" in found.fact
    assert "network" in found.cure


def test_a_clock_that_is_off(fake: ZendeskFake) -> None:
    user = {"user": {"id": 1, "role": "admin", "email": "a@example.com"}}
    fake.fail("reply", "GET /api/v2/users/me", reply=Reply(200, user, {"Date": "Sat, 21 Nov 2015 10:00:00 GMT"}))
    assert "clock differs" in _worst(fake.options).fact
