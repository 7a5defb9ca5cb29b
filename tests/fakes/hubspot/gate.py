"""Who may come in, and how often: tokens that end and rotate, scopes, the burst limit and the day's."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.http_server import Reply, Seen
from tests.fakes.hubspot.strict import Refusal, envelope, missing_scopes, unauthorized

SCOPES = (
    "tickets", "crm.objects.contacts.read", "crm.objects.contacts.write", "crm.objects.owners.read",
    "sales-email-read", "files",
)  # fmt: skip


class Gate:
    """Log in with ``token`` for good, or with the OAuth trio for ``token_lives_s``."""

    client_id = "hubspot-client"
    client_secret = "hubspot-client-secret-long"
    first_refresh = "refresh-0000-long-enough"
    token = "pat-eu1-not-a-token-but-long"

    def __init__(self) -> None:
        self.secret = self.client_secret
        self.refresh = self.first_refresh
        self.rotates = False
        self.scopes: set[str] = set(SCOPES)
        self.token_lives_s = 1800
        self.tokens: dict[str, float] = {}
        self.given = 0
        self.static_good = True
        #: calls in ten seconds, searches in one, calls left today
        self.burst = 100_000
        self.searches = 1_000
        self.left_today = 650_000
        self._recent: list[float] = []
        self._searched: list[float] = []

    def give(self, seen: Seen) -> Reply:
        form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        if seen.headers.get("content-type") != "application/x-www-form-urlencoded":
            raise Refusal(Reply(415, envelope("VALIDATION_ERROR", "not a form")), lawful=False)
        right = form.get("client_id") == self.client_id and form.get("client_secret") == self.secret
        if form.get("grant_type") != "refresh_token" or not right or form.get("refresh_token") != self.refresh:
            said = {
                "status": "BAD_REFRESH_TOKEN",
                "message": f"missing or invalid refresh token {form.get('refresh_token')}",
            }
            raise Refusal(Reply(400, said))
        self.given += 1
        if self.rotates:
            self.refresh = f"refresh-{self.given:04d}-long-enough"
        value = f"access-{self.given:06d}-{time.monotonic_ns():x}"
        self.tokens[value] = time.monotonic() + self.token_lives_s
        shown = {"access_token": value, "refresh_token": self.refresh, "token_type": "bearer"}
        return Reply(200, shown | {"expires_in": self.token_lives_s})

    def introspect(self, seen: Seen) -> Reply:
        form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        active = time.monotonic() < self.tokens.get(form.get("token", ""), 0.0)
        return Reply(
            200, {"active": active, "hub_id": 4711, "scopes": sorted(self.scopes), "token_use": "access_token"}
        )

    def own_token(self, seen: Seen) -> Reply:
        if seen.json != {"tokenKey": self.token}:
            raise unauthorized()
        return Reply(200, {"userId": 1, "hubId": 4711, "appId": 2, "scopes": sorted(self.scopes)})

    def admit(self, seen: Seen, scopes: tuple[str, ...]) -> None:
        """Raises the refusal of a stranger, of a lacking scope, or of too many calls."""
        kind, _, value = seen.headers.get("authorization", "").partition(" ")
        static = value == self.token and self.static_good
        if kind != "Bearer" or not (static or time.monotonic() < self.tokens.get(value, 0.0)):
            raise unauthorized(f"The OAuth token used to make this call expired: {value}")
        if lacking := [one for one in scopes if one not in self.scopes]:
            raise missing_scopes(lacking)
        self._count(seen.path.endswith("/search"))

    def _count(self, searching: bool) -> None:
        moment = time.monotonic()
        if searching:
            self._searched = [one for one in self._searched if moment - one < 1] + [moment]
            if len(self._searched) > self.searches:
                raise _limited("SECONDLY", "You have reached your secondly limit.")
            return
        if self.left_today <= 0:
            raise _limited("DAILY", "You have reached your daily limit.")
        self._recent = [one for one in self._recent if moment - one < 10]
        if len(self._recent) >= self.burst:
            raise _limited("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit.")
        self._recent.append(moment)
        self.left_today -= 1

    def pass_midnight(self) -> None:
        """The account's: the day's calls are to be had again."""
        self.left_today = 650_000

    def headers(self, seen: Seen) -> dict[str, str]:
        if seen.path.endswith("/search") or "/oauth/" in seen.path:
            return {}
        figures: dict[str, Any] = {"Daily-Remaining": max(self.left_today, 0), "Interval-Milliseconds": 10_000}
        figures |= {"Max": self.burst, "Remaining": max(self.burst - len(self._recent), 0), "Daily": 650_000}
        return {f"X-HubSpot-RateLimit-{name}": str(figure) for name, figure in figures.items()}


def _limited(policy: str, message: str) -> Refusal:
    body = envelope("RATE_LIMITS", message, errorType="RATE_LIMIT", policyName=policy, requestId="r-1")
    return Refusal(Reply(429, body))
