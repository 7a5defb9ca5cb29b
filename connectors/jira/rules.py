"""What Jira's answers mean beyond their status: its error bodies, and its three kinds of limit."""

from __future__ import annotations

import random
import re
import threading
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from connectors.contract import AuthFailed, CaseGone, ConnectorError, Rejected, Throttled, Unusable
from connectors.http import Answer, Limits, Rules, retry_after_s

_LONGEST_WAIT_S: Final = 3600.0
_FIRST_BLIND_WAIT_S: Final = 2.0
_BLIND_STEPS: Final = 4
_TOO_LONG = re.compile(r"too long|exceed\w* .{0,40}limit of [\d.,]+ char|CONTENT_LIMIT_EXCEEDED", re.IGNORECASE)
_ALLOWED = re.compile(r"limit of ([\d.,]{3,11}) char", re.IGNORECASE)
#: an issue that takes no more: too many comments, or put away
_FULL = re.compile(r"archived|(maximum|limit).{0,60}comments|comments?.{0,60}(limit|maximum)", re.IGNORECASE)
_DEFAULT_LIMIT_CHARS: Final = 32_767
#: the fields that the settings fill, so that a complaint about them concerns every message
_OF_THE_SETTINGS: Final = frozenset({"project", "issuetype", "serviceDeskId", "requestTypeId"})


class TooLong(Rejected):
    """A text is longer than this site takes; ``limit_chars`` is what it takes."""

    def __init__(self, told: str, limit_chars: int) -> None:
        super().__init__(told)
        self.limit_chars = limit_chars


class JiraRules(Rules):
    """The table's exceptions. ``limits`` is set to the client's, so that a burst closes its own kind of call only."""

    def __init__(self) -> None:
        self.limits: Limits | None = None
        self._lock = threading.Lock()
        #: refusals in a row that did not say how long to wait
        self._blind = 0

    def words(self, answer: Answer) -> str:
        return describe(answer.data) if answer.is_json else super().words(answer)

    def observe(self, answer: Answer, limits: Limits) -> None:
        if answer.status < 300:
            with self._lock:
                self._blind = 0

    def special(self, answer: Answer, told: str) -> ConnectorError | None:
        status = answer.status
        if status == 429:
            return self._of_limit(answer, told)
        if not answer.call.authorized and status in (400, 401, 403):
            return AuthFailed(f"{told}; look at client_id and client_secret_env")
        if _turned_away(answer):
            return AuthFailed(f"{told}; Jira does not take these credentials; look at the connector's token")
        if status == 400:
            return _of_invalid(answer, told)
        if status in (403, 404, 413) and answer.call.case_id and _FULL.search(told):
            return CaseGone(told)
        return None

    def _of_limit(self, answer: Answer, told: str) -> Throttled:
        reason = answer.headers.get("ratelimit-reason", "")
        if reason == "jira-per-issue-on-write" and answer.call.case_id:
            return Throttled(told, self._wait_s(answer), answer.call.case_id)
        if reason == "jira-burst-based" and answer.call.buckets:
            return self._of_burst(told, self._wait_s(answer), answer.call.buckets[0])
        if reason.startswith("jira-quota"):
            return Throttled(told, _until_reset_s(answer))
        return Throttled(told, self._wait_s(answer))

    def _of_burst(self, told: str, wait_s: float, bucket: str) -> Throttled:
        # Nobody but the client knows which kind of call falls into this bucket, so the gate is closed here.
        if self.limits is not None:
            self.limits.close(bucket, wait_s, told)
        return Throttled(told, wait_s, bucket)

    def _wait_s(self, answer: Answer) -> float:
        if "retry-after" in answer.headers:
            return retry_after_s(answer.headers)
        reset = _reset_s(answer)
        return self._blind_wait_s() if reset is None else reset

    def _blind_wait_s(self) -> float:
        """2, 4, 8, 16 seconds, more or less, when the gateway says nothing at all."""
        with self._lock:
            step, self._blind = self._blind, min(self._blind + 1, _BLIND_STEPS - 1)
        return float(_FIRST_BLIND_WAIT_S * 2**step * random.uniform(0.7, 1.3))  # noqa: S311  (not a secret)


def describe(data: Any) -> str:
    """The vendor's words out of an error body: messages, and each field with what is wrong with it."""
    if isinstance(data, list):
        return "; ".join(filter(None, map(describe, data)))
    if not isinstance(data, dict):
        return data if isinstance(data, str) else ""
    plain = ("errorMessages", "errorMessage", "message", "error", "error_description")
    said = [describe(data.get(name)) for name in plain]
    fields = data.get("errors")
    if isinstance(fields, dict):
        said += [f"{field}: {describe(what)}" for field, what in fields.items()]
    return "; ".join(dict.fromkeys(filter(None, said)))


def _turned_away(answer: Answer) -> bool:
    """Jira may treat bad credentials as nobody's, and then refuse for another reason."""
    reason = answer.headers.get("x-seraph-loginreason", "")
    return answer.status >= 400 and ("FAILED" in reason or "DENIED" in reason)


def _of_invalid(answer: Answer, told: str) -> ConnectorError | None:
    text = describe(answer.data)
    if _TOO_LONG.search(text):
        stated = _ALLOWED.search(text)
        limit = int(re.sub(r"\D", "", stated[1])) if stated else _DEFAULT_LIMIT_CHARS
        return TooLong(told, limit or _DEFAULT_LIMIT_CHARS)
    errors = answer.data.get("errors") if isinstance(answer.data, dict) else None
    if isinstance(errors, dict) and _OF_THE_SETTINGS & set(errors):
        return Unusable(f"{told}; look at the connector's project and issue_type, and at the rights of its user")
    return CaseGone(told) if answer.call.case_id and _FULL.search(text) else None


def _until_reset_s(answer: Answer) -> float:
    """The quota is per hour of the clock: until it starts anew, at the longest an hour."""
    reset = _reset_s(answer)
    if reset is not None:
        return reset
    if "retry-after" in answer.headers:
        return retry_after_s(answer.headers)
    now = _now(answer)
    return max(1.0, 3600.0 - now.minute * 60 - now.second)


def _reset_s(answer: Answer) -> float | None:
    stated = answer.headers.get("x-ratelimit-reset", "").strip()
    try:
        until = datetime.fromisoformat(stated)
    except ValueError:
        return None
    left: timedelta = (until if until.tzinfo else until.replace(tzinfo=UTC)) - _now(answer)
    return min(max(left.total_seconds(), 1.0), _LONGEST_WAIT_S)


def _now(answer: Answer) -> datetime:
    """By the server's clock, which its reset is measured by."""
    try:
        found = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return datetime.now(UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
