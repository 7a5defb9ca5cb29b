"""Whether mail would get through: address, login, scopes, rights, group, clock, and how long the token lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.contract import AuthFailed, ConnectorError, Finding, Severity, Unusable
from connectors.http import Answer, Call, HttpClient
from connectors.zendesk.login import ENDLESS_END, SCOPES, TOKENS_END, Login
from connectors.zendesk.people import People

_CLOCK_OFF_S = 300.0


class Examination:
    """Reads only."""

    def __init__(self, http: HttpClient, login: Login, people: People, group: str) -> None:
        self._http = http
        self._login = login
        self._people = people
        self._group = group

    def findings(self) -> list[Finding]:
        """What was found, in the order it was looked for; the rest is not asked once the login fails."""
        found: list[Finding] = []
        steps: tuple[Callable[[], Iterator[Finding]], ...] = (self._user, self._rights, self._own_group)
        try:
            for step in steps:
                found += step()
        except ConnectorError as error:
            found.append(_told(error))
        return [*found, *self._token_end(datetime.now(UTC))]

    def _user(self) -> Iterator[Finding]:
        answer = self._http.send(Call(method="GET", path="/api/v2/users/me"))
        user = answer.value("user")
        # Bad credentials get a good answer here, about a user without a number.
        if not isinstance(user, dict) or user.get("id") is None:
            raise AuthFailed(f"{self._http.host} takes us for an anonymous visitor")
        if user.get("role") not in ("agent", "admin"):
            raise Unusable(f"the user {user.get('email')} is no agent; make it an agent in Zendesk's Admin Center")
        yield Finding(Severity.OK, f"{self._http.host} knows us as {user.get('email')} ({user.get('role')})")
        if user.get("role") != "admin":
            fact = f"{user.get('email')} is no admin, so that reports and escalations cannot read how cases stand"
            yield Finding(Severity.WARNING, fact, "make it an admin, if you want these")
        yield from _clock(answer, datetime.now(UTC))

    def _rights(self) -> Iterator[Finding]:
        if not self._login.by_token and (found := list(self._scopes())):
            yield from found
            return
        self._http.send(Call(method="GET", path="/api/v2/tickets/count"))
        yield Finding(Severity.OK, "tickets and users can be read and written")

    def _scopes(self) -> Iterator[Finding]:
        """What is wrong with the token itself."""
        token = self._http.send(Call(method="GET", path="/api/v2/oauth/tokens/current")).value("token")
        lacking = _lacking(token.get("scopes") if isinstance(token, dict) else None)
        if lacking:
            cure = f"give the OAuth client {self._login.client_id!r} these scopes"
            yield Finding(Severity.STOPS_MAIL, f"the token lacks the scopes {', '.join(lacking)}", cure)
        elif token.get("expires_at", "told") is None:
            days = (ENDLESS_END - datetime.now(UTC).date()).days
            fact = (
                f"this OAuth client's tokens never end, which Zendesk allows until {ENDLESS_END}, for {days} days more"
            )
            cure = f"set an expiry for the OAuth client {self._login.client_id!r} in Zendesk's Admin Center"
            yield Finding(Severity.WARNING, fact, cure)

    def _own_group(self) -> Iterator[Finding]:
        if self._group:
            self._people.own_group(self._group)
            yield Finding(Severity.OK, f"the group {self._group!r} exists")

    def _token_end(self, now: datetime) -> Iterator[Finding]:
        if not self._login.by_token:
            return
        days = (TOKENS_END - now.date()).days
        cure = "make an OAuth client in Zendesk's Admin Center; set client_id and client_secret_env"
        if days < 0:
            yield Finding(Severity.STOPS_MAIL, f"Zendesk stopped taking API tokens on {TOKENS_END}", cure)
        else:
            yield Finding(Severity.WARNING, f"API tokens stop working on {TOKENS_END}, in {days} days", cure)


def _lacking(scopes: Any) -> list[str]:
    """``read`` and ``write`` alone stand for those of every kind."""
    held = {str(one) for one in scopes} if isinstance(scopes, list) else set()
    return [scope for scope in SCOPES if not {scope, scope.partition(":")[2]} & held]


def _clock(answer: Answer, now: datetime) -> Iterator[Finding]:
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return
    off_s = (now - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))).total_seconds()
    if abs(off_s) > _CLOCK_OFF_S:
        fact = f"this machine's clock differs from Zendesk's by {off_s:.0f} s"
        yield Finding(Severity.WARNING, fact, "set the clock by NTP")


def _told(error: ConnectorError) -> Finding:
    """The connector's own errors end with their cure, after a semicolon."""
    fact, _, cure = str(error).rpartition("; ")
    if isinstance(error, AuthFailed):
        cure = "look at client_id and client_secret_env, or at email and token_env"
    elif not (isinstance(error, Unusable) and fact):
        fact, cure = str(error), "look at url and at the network, then try again"
    return Finding(Severity.STOPS_MAIL, fact or str(error), cure)
