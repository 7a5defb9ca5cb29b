"""What HubSpot's answers mean beyond their status, and how long each of its limits lasts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from connectors.contract import AuthFailed, CaseGone, ConnectorError, Rejected, Retryable, Throttled, Unusable
from connectors.http import Answer, Limits, Rules, retry_after_s

#: the bucket of searches, which have a limit of their own
SEARCH: Final = "search"
_LOCKED_S = 2.0
_BURST_S = 10.0
_SEARCH_S = 1.0
_MIGRATION_AT_MOST_S = 86_400.0
#: until the account's time zone is known, its midnight may be at any hour
_UNKNOWN_MIDNIGHT_S = 3600.0


class Conflict(Rejected):
    """409 to what would make a record: its unique value is taken, or somebody writes at this moment."""


class NotThere(Rejected):
    """The record that was asked for does not exist, or no longer."""


def midnight_in_s(zone: tzinfo | None, now: datetime) -> float:
    """Seconds until the daily limit starts afresh, at the account's midnight; an hour while its zone is unknown."""
    if zone is None:
        return _UNKNOWN_MIDNIGHT_S
    local = now.astimezone(zone)
    midnight = datetime(local.year, local.month, local.day, tzinfo=zone) + timedelta(days=1)
    return max((midnight - now).total_seconds(), 1.0)


class HubSpotRules(Rules):
    """The table's exceptions. ``ours``: the names of the unique properties, without which nothing may be sent."""

    def __init__(self, ours: tuple[str, ...]) -> None:
        self._lacking = re.compile(rf"(?:{'|'.join(map(re.escape, ours))})\W{{0,6}}does(?: not|n't) exist")
        self._ours = ours
        self._pace = ""
        #: of the account, once it is known
        self.zone: tzinfo | None = None

    def words(self, answer: Answer) -> str:
        return describe(answer.data) if isinstance(answer.data, dict) else super().words(answer)

    def special(self, answer: Answer, told: str) -> ConnectorError | None:
        status = answer.status
        if not answer.call.authorized and status in (400, 401, 403):
            return AuthFailed(f"{told}; look at client_id, client_secret_env and refresh_token_env")
        if status == 400:
            return self._of_invalid(answer, told)
        if status == 403 and (scopes := missing_scopes(answer.data)):
            return Unusable(
                f"HubSpot's token lacks the scopes {', '.join(scopes)}; add them to its app or key ({told})"
            )
        if status == 404:
            return _of_not_found(answer, told)
        if status == 410:
            return Unusable(f"{told}; this version of the API is gone, set api_version to a later one")
        return self._of_wait(answer, told)

    def _of_invalid(self, answer: Answer, told: str) -> ConnectorError | None:
        call = answer.call
        by_key = "idProperty=" in call.path or (call.path.endswith("/batch/read") and b'"idProperty"' in call.body)
        if by_key or self._lacking.search(describe(answer.data)):
            cure = f"the properties {', '.join(self._ours)} must be there and unique; run check --fix"
            return Unusable(f"{cure} ({told})")
        return None

    def _of_wait(self, answer: Answer, told: str) -> ConnectorError | None:
        status = answer.status
        if status == 409:
            makes = answer.call.method == "POST" and answer.call.writes
            return Conflict(told) if makes else Retryable(told)
        if status == 423:
            return Retryable(told, _LOCKED_S)
        if status == 477:
            return Throttled(told, retry_after_s(answer.headers, _MIGRATION_AT_MOST_S))
        return self._of_limit(answer, told) if status == 429 else None

    def _of_limit(self, answer: Answer, told: str) -> Throttled:
        if _is_daily(answer):
            return Throttled(told, midnight_in_s(self.zone, datetime.now(UTC)))
        if "retry-after" in answer.headers:
            return Throttled(told, retry_after_s(answer.headers), _bucket(answer))
        return Throttled(told, _SEARCH_S if _bucket(answer) else _BURST_S, _bucket(answer))

    def observe(self, answer: Answer, limits: Limits) -> None:
        """Walk at the pace that the headers name, and stop for the day when nothing is left of it."""
        most, interval_ms = (
            _figure(answer, f"x-hubspot-ratelimit-{name}") for name in ("max", "interval-milliseconds")
        )
        if most and interval_ms and self._pace != f"{most}/{interval_ms}":
            self._pace = f"{most}/{interval_ms}"
            limits.pace("", most, interval_ms / 1000)
        spent = _figure(answer, "x-hubspot-ratelimit-daily-remaining") == 0
        if spent or (answer.status == 429 and _is_daily(answer)):
            limits.close("", midnight_in_s(self.zone, datetime.now(UTC)), "HubSpot's daily limit is used up")


def describe(data: Any) -> str:
    """The vendor's words: category, each error's message and what it names, then the message."""
    if not isinstance(data, dict):
        return data if isinstance(data, str) else ""
    said = [str(data.get("category") or data.get("errorType") or data.get("policyName") or "")]
    said += [f"{one.get('message', '')} {' '.join(_named(one))}".strip() for one in _details(data)]
    said += [" ".join(_named(data)), str(data.get("message") or data.get("error_description") or "")]
    return ": ".join(dict.fromkeys(filter(None, said)))


def missing_scopes(data: Any) -> list[str]:
    """The scopes that a MISSING_SCOPES answer asks for; a plain phrase when it names none."""
    if not isinstance(data, dict) or data.get("category") != "MISSING_SCOPES":
        return []
    found = [name for one in (data, *_details(data)) for name in _named(one)]
    return list(dict.fromkeys(found)) or ["that the request needs"]


def _details(data: dict[str, Any]) -> list[dict[str, Any]]:
    errors = data.get("errors")
    return [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []


def _named(data: dict[str, Any]) -> Iterator[str]:
    """Properties and scopes that an error is about."""
    context = data.get("context")
    for name, values in context.items() if isinstance(context, dict) else ():
        if name in ("properties", "propertyName", "requiredScopes", "requiredGranularScopes"):
            yield from (str(one) for one in (values if isinstance(values, list) else [values]))


def _of_not_found(answer: Answer, told: str) -> ConnectorError:
    if not isinstance(answer.data, dict):
        return Unusable(f"{told}; look at the connector's url")
    if answer.call.case_id:
        return CaseGone(told)
    if answer.call.method == "GET" or not answer.call.writes or answer.data.get("category") == "OBJECT_NOT_FOUND":
        return NotThere(told)
    return Unusable(f"{told}; look at the connector's url and api_version")


def _is_daily(answer: Answer) -> bool:
    data = answer.data if isinstance(answer.data, dict) else {}
    return "DAILY" in str(data.get("policyName", "")).upper() or "daily limit" in str(data.get("message", ""))


def _bucket(answer: Answer) -> str:
    return SEARCH if answer.call.path.endswith("/search") else ""


def _figure(answer: Answer, header: str) -> int | None:
    text = answer.headers.get(header, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
