"""The one table from an answer's status to the error it means."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connectors.contract import (
    AuthFailed,
    CaseGone,
    ConnectorError,
    InDoubt,
    Rejected,
    Retryable,
    Throttled,
    Unusable,
)
from connectors.http.answer import Answer
from connectors.http.hygiene import Secrets
from connectors.http.limits import Limits

_DEFAULT_WAIT_S = 30.0
_SHORTEST_WAIT_S = 1.0
_LONGEST_WAIT_S = 3600.0


def retry_after_s(headers: Mapping[str, str], longest_s: float = _LONGEST_WAIT_S) -> float:
    """Seconds to wait, 1 to ``longest_s``; 30 when the server makes no sense (RFC 9110 §10.2.3).

    A date is measured against the answer's own Date, so that neither clock has to be right.
    """
    stated = headers.get("retry-after", "").strip()
    if stated.isascii() and stated.isdigit():
        wait = float(stated[:9])
    else:
        until, now = _moment(stated), _moment(headers.get("date", "")) or datetime.now(UTC)
        wait = (until - now).total_seconds() if until else _DEFAULT_WAIT_S
    return min(max(wait, _SHORTEST_WAIT_S), longest_s)


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Rules:
    """What the statuses mean. A vendor's own subclass says what its bodies add to that."""

    def special(self, answer: Answer, told: str) -> ConnectorError | None:
        """The vendor's exception from the table, or None. ``told`` is what an error may say."""
        return None

    def words(self, answer: Answer) -> str:
        """What the vendor says went wrong; it is shortened and cleaned by the caller."""
        return answer.body[:2000].decode("utf-8", "replace")

    def observe(self, answer: Answer, limits: Limits) -> None:
        """Learn from the headers of any answer how much is left, before the CRM has to refuse."""

    def error(self, answer: Answer, secrets: Secrets) -> ConnectorError | None:
        """What the answer means, or None when it is the one we hoped for."""
        told = self.told(answer, secrets)
        if 200 <= answer.status < 300:
            return self._of_success(answer, told)
        return self.special(answer, told) or _by_status(answer, told)

    def told(self, answer: Answer, secrets: Secrets) -> str:
        """Method, path, status and the vendor's words, safe to log."""
        return secrets.excerpt(f"{answer.call.place}: {answer.status} {self.words(answer)}")

    def _of_success(self, answer: Answer, told: str) -> ConnectorError | None:
        if answer.is_json or answer.status == 204:
            return None
        return answer.call.unclear(f"{told} (no JSON, where JSON was promised)")


def _by_status(answer: Answer, told: str) -> ConnectorError:
    call, status = answer.call, answer.status
    if status >= 500:
        return _of_server_error(answer, told)
    if status == 429:
        return Throttled(told, retry_after_s(answer.headers))
    if status == 401:
        return AuthFailed(f"{told}; look at the connector's credentials")
    if status in (404, 410):
        return CaseGone(told) if call.case_id else Unusable(f"{told}; look at the connector's url")
    if 300 <= status < 400:
        return Unusable(f"{told}; redirects are not followed, set url to the CRM's own address")
    if status in (402, 403):
        return Unusable(f"{told}; look at the rights and scopes of the connector's user")
    return Retryable(told) if status in (408, 409, 425) else Rejected(told)


def _of_server_error(answer: Answer, told: str) -> ConnectorError:
    if answer.status == 503 and "retry-after" in answer.headers:
        return Throttled(told, retry_after_s(answer.headers))
    return InDoubt(told) if answer.call.writes else Retryable(told)
