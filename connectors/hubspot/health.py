"""Whether mail would get through: token, scopes, properties, pipeline, owner, the day's calls, and what runs out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from connectors.contract import AuthFailed, ConnectorError, Finding, Rejected, Severity, Unusable
from connectors.hubspot.account import Account
from connectors.hubspot.fields import Fields
from connectors.hubspot.login import SCOPES, Login
from connectors.hubspot.pipelines import Pipelines
from connectors.hubspot.records import EMAILS, TICKETS, Records
from connectors.hubspot.setup import Setup

_NEARLY = 0.8
_SUPPORTED_MONTHS = 18
_SOON_DAYS = 180


class Examination:
    """Reads only."""

    def __init__(self, records: Records, login: Login, account: Account, setup: Setup) -> None:
        self._records = records
        self._login = login
        self._account = account
        self._setup = setup

    def findings(self, pipelines: Pipelines, fields: Fields, entry: tuple[str, str], owner: str) -> list[Finding]:
        """What was found, in the order it was looked for; the rest is not asked once the login fails."""
        steps: tuple[Callable[[], Iterator[Finding]], ...] = (
            self._known,
            self._scopes,
            self._readable,
            self._setup.findings,
            lambda: _entry(pipelines, entry),
            lambda: _owner(fields, owner),
            self._usage,
        )
        found: list[Finding] = []
        for step in steps:
            try:
                found += step()
            except ConnectorError as error:
                found.append(Finding(Severity.STOPS_MAIL, str(error), _cure(error)))
                if isinstance(error, AuthFailed) or not isinstance(error, Unusable | Rejected):
                    break
        return [*found, *self._ends(datetime.now(UTC).date())]

    def _known(self) -> Iterator[Finding]:
        details = self._account.details()
        where = f"account {details.number or '(unnamed)'}, day of {details.zone_name or 'an unknown time zone'}"
        yield Finding(Severity.OK, f"{self._records.http.host} knows us ({where})")

    def _scopes(self) -> Iterator[Finding]:
        facts = self._login.facts(self._records.http)
        scopes = facts.get("scopes") if facts else None
        if not isinstance(scopes, list):
            cure = f"compare them yourself: {', '.join(SCOPES)}"
            yield Finding(Severity.WARNING, "HubSpot does not tell this token's scopes", cure)
            return
        lacking = [scope for scope in SCOPES if scope not in scopes]
        if lacking:
            cure = f"add them to the app or service key: {', '.join(lacking)}"
            yield Finding(Severity.STOPS_MAIL, f"the token lacks the scopes {', '.join(lacking)}", cure)
        else:
            yield Finding(Severity.OK, "the token has every scope that is needed")

    def _readable(self) -> Iterator[Finding]:
        for kind in (TICKETS, EMAILS):
            self._records.get(self._records.path(kind), limit="1")
        yield Finding(Severity.OK, "tickets and e-mails can be read")

    def _usage(self) -> Iterator[Finding]:
        path = f"/account-info/{self._records.version}/api-usage/daily/private-apps"
        try:
            meters = self._records.get(path).items("results")
        except (Rejected, Unusable):
            # Apps that log in by OAuth have no such meter; a refusal of it stops no mail.
            return
        for meter in meters:
            yield from _meter(meter)

    def _ends(self, today: date) -> Iterator[Finding]:
        if self._login.rotated:
            fact = "HubSpot has replaced the refresh token; the one in the settings may be refused after a restart"
            yield Finding(Severity.WARNING, fact, "use a service key (token_env), which is not replaced")
        elif self._login.by_token:
            yield Finding(Severity.OK, "the token does not run out; HubSpot advises a new one every 6 months")
        else:
            yield Finding(Severity.OK, "access tokens are renewed at 80 % of their life")
        yield from _version(self._records.version, today)


def _entry(pipelines: Pipelines, entry: tuple[str, str]) -> Iterator[Finding]:
    pipeline, stage = pipelines.entry(*entry)
    if stage.closed:
        cure = "set stage to an open one"
        yield Finding(Severity.WARNING, f"new tickets begin in the closed stage {stage.label!r}", cure)
    else:
        yield Finding(Severity.OK, f"new tickets go to the pipeline {pipeline.label!r}, stage {stage.label!r}")


def _owner(fields: Fields, owner: str) -> Iterator[Finding]:
    if owner:
        fields.own_owner()
        yield Finding(Severity.OK, f"the owner {owner!r} exists")


def _meter(meter: dict[str, Any]) -> Iterator[Finding]:
    used, limit = meter.get("currentUsage"), meter.get("usageLimit")
    if not (isinstance(used, int) and isinstance(limit, int) and limit > 0):
        return
    fact = f"{used} of {limit} calls of the day are used"
    if used >= limit:
        yield Finding(Severity.STOPS_MAIL, fact, "wait for the account's midnight, or buy the API limit increase")
    elif used >= _NEARLY * limit:
        yield Finding(Severity.WARNING, fact, "find what else uses the account's calls, or buy the API limit increase")
    else:
        yield Finding(Severity.OK, fact)


def _version(version: str, today: date) -> Iterator[Finding]:
    """A dated version is kept up for 18 months from its date."""
    found = re.fullmatch(r"(\d{4})-(\d{2})", version)
    if not found:
        return
    months = int(found[1]) * 12 + int(found[2]) - 1 + _SUPPORTED_MONTHS
    end = date(months // 12, months % 12 + 1, 1)
    left = (end - today).days
    cure = "set api_version to a later one, after a try with check"
    if left < 0:
        yield Finding(Severity.WARNING, f"HubSpot's support for the API {version} ended in {end:%Y-%m}", cure)
    elif left < _SOON_DAYS:
        yield Finding(Severity.WARNING, f"HubSpot's support for the API {version} ends in {left} days", cure)
    else:
        yield Finding(Severity.OK, f"HubSpot supports the API {version} until {end:%Y-%m}")


def _cure(error: ConnectorError) -> str:
    if isinstance(error, AuthFailed):
        return "look at token_env, or at client_id, client_secret_env and refresh_token_env"
    return (
        "see the text" if isinstance(error, Unusable | Rejected) else "look at url and at the network, then try again"
    )
