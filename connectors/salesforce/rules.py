"""What Salesforce's answers mean beyond their status: its codes, which come in one language whatever the words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simple_salesforce.api import Salesforce as Library

from connectors.contract import AuthFailed, CaseGone, ConnectorError, Rejected, Retryable, Throttled, Unusable
from connectors.http import Answer, Call, Limits, Rules, Secrets, retry_after_s

_LOCKED = "UNABLE_TO_LOCK_ROW"
#: codes of what passes by itself
PASSING = {_LOCKED, "SERVER_UNAVAILABLE", "QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG", "TOO_MANY_APEX_REQUESTS"}
#: codes that end only when a person acts, each with the cure
STOPPED = {
    "STORAGE_LIMIT_EXCEEDED": "make room in Salesforce, or buy storage",
    "API_DISABLED_FOR_ORG": "let an administrator turn the REST API on",
    "API_CURRENTLY_DISABLED": "let an administrator turn the REST API on",
    "UNSUPPORTED_API_VERSION": "set api_version to one that this org has",
}
_GONE = {"ENTITY_IS_DELETED", "NOT_FOUND"}
#: the daily allocation rolls on by the hour; that of long calls at once is free again in moments
_DAILY_WAIT_S, _CONCURRENT_WAIT_S = 900.0, 30.0
#: from this share of the daily allocation on, at most one call a second, so that others of the org get theirs
NEARLY_SPENT = 0.8
_SLOW, _FREE = (60, 60.0), (100_000, 60.0)


class Refused(Rejected):
    """Never, as it is; ``code`` is Salesforce's, ``part`` the subrequest that it refused (or "")."""

    def __init__(self, detail: str, code: str = "", fields: tuple[str, ...] = (), part: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.fields = fields
        self.part = part


class KeyTaken(Refused):
    """A value that must be unique is there already: ours, when the record turns up under our key."""


class NotThere(Refused):
    """There is no such record."""


class TooLarge(Rejected):
    """413: the request has more in it than Salesforce takes at once."""


@dataclass(frozen=True)
class Problem:
    """One of the errors that an answer lists."""

    code: str
    message: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" ({', '.join(self.fields)})" if self.fields else "")


def problems_of(data: Any) -> list[Problem]:
    """Those that a body lists, in either of its shapes; none when it is something else."""
    listed = data if isinstance(data, list) else [data]
    return [
        Problem(str(one["errorCode"]), str(one.get("message", "")), _names(one.get("fields")))
        for one in listed
        if isinstance(one, dict) and "errorCode" in one
    ]


def _names(fields: Any) -> tuple[str, ...]:
    return tuple(map(str, fields)) if isinstance(fields, list) else ()


class SalesforceRules(Rules):
    """The table's exceptions, and the answers whose status 200 hides a refusal."""

    def __init__(self, key_field: str) -> None:
        self._key_field = key_field
        #: calls used and allowed in 24 hours, as the latest answer tells; allowed 0: not told yet
        self.usage = (0, 0)

    def words(self, answer: Answer) -> str:
        if problems := problems_of(answer.data):
            return "; ".join(map(str, problems))
        if not answer.call.authorized and isinstance(answer.data, dict):
            return f"{answer.data.get('error', '')}: {answer.data.get('error_description', '')}"
        return super().words(answer)

    def observe(self, answer: Answer, limits: Limits) -> None:
        told = Library.parse_api_usage(answer.headers.get("sforce-limit-info", "")).get("api-usage")
        if told is None or told.total <= 0:
            return
        before, self.usage = self.nearly_spent, (told.used, told.total)
        if before != self.nearly_spent:
            limits.pace("", *(_SLOW if self.nearly_spent else _FREE))

    @property
    def nearly_spent(self) -> bool:
        """Whether most of the daily allocation is gone."""
        used, total = self.usage
        return total > 0 and used >= NEARLY_SPENT * total

    def error(self, answer: Answer, secrets: Secrets) -> ConnectorError | None:
        plain = super().error(answer, secrets)
        if plain is None and answer.call.path.endswith("/composite"):
            return self._of_composite(answer, secrets)
        return plain

    def special(self, answer: Answer, told: str) -> ConnectorError | None:
        status, call = answer.status, answer.call
        if not call.authorized and status in (400, 401, 403):
            return AuthFailed(f"{told}; look at the app's credentials and at the user it runs as")
        if status == 413:
            return TooLarge(told)
        if status == 410:
            return Unusable(f"{told}; {STOPPED['UNSUPPORTED_API_VERSION']}")
        if status == 300:
            return Unusable(f"{told}; make {self._key_field} unique")
        problems = problems_of(answer.data)
        if status == 401 or status >= 500 or not problems:
            return None
        return self._meaning(problems[0], told, answer, "")

    def _of_composite(self, answer: Answer, secrets: Secrets) -> ConnectorError | None:
        parts = answer.data.get("compositeResponse") if isinstance(answer.data, dict) else None
        if not isinstance(parts, list) or not parts or not all(_is_part(one) for one in parts):
            return answer.call.unclear(f"{answer.call.place}: the answer has no compositeResponse")
        refused = [one for one in parts if one["httpStatusCode"] >= 300]
        if not refused:
            return None
        part, problem = next(_culprits(refused), (refused[0], Problem("UNKNOWN", "nothing was said")))
        told = secrets.excerpt(f"{answer.call.place}: {part['httpStatusCode']} {problem}")
        if part["httpStatusCode"] >= 500:
            # Its siblings were rolled back with it, so nothing has happened.
            return Retryable(told)
        meant = self._meaning(problem, told, answer, str(part["referenceId"]))
        return meant or Refused(told, problem.code, problem.fields, str(part["referenceId"]))

    def _meaning(self, problem: Problem, told: str, answer: Answer, part: str) -> ConnectorError | None:
        code, call = problem.code, answer.call
        if code == "REQUEST_LIMIT_EXCEEDED":
            return Throttled(told, _wait_s(problem, answer))
        if code in PASSING or _LOCKED in problem.message:
            return Retryable(told)
        if code in STOPPED:
            return Unusable(f"{told}; {STOPPED[code]}")
        if self._key_field in problem.message and code.startswith("INVALID_FIELD"):
            return Unusable(f"{told}; run check, since {self._key_field} is missing or hidden from our user")
        if call.case_id and _says_gone(problem):
            return CaseGone(told)
        return self._refusal(problem, told, call, answer.status, part)

    def _refusal(self, problem: Problem, told: str, call: Call, status: int, part: str) -> ConnectorError | None:
        more = (problem.code, problem.fields, part)
        if problem.code == "DUPLICATE_VALUE":
            return KeyTaken(told, *more)
        if problem.code in _GONE and "/sobjects/" in call.path:
            return NotThere(told, *more)
        return Refused(told, *more) if status in (200, 400) else None


def _is_part(one: Any) -> bool:
    return isinstance(one, dict) and isinstance(one.get("httpStatusCode"), int) and "referenceId" in one


def _culprits(parts: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Problem]]:
    """Those that were not only halted because another failed."""
    for part in parts:
        for problem in problems_of(part.get("body")):
            if problem.code != "PROCESSING_HALTED":
                yield part, problem


def _says_gone(problem: Problem) -> bool:
    return problem.code in _GONE or (problem.code == "INVALID_CROSS_REFERENCE_KEY" and "OwnerId" not in problem.fields)


def _wait_s(problem: Problem, answer: Answer) -> float:
    if "retry-after" in answer.headers:
        return retry_after_s(answer.headers)
    return _CONCURRENT_WAIT_S if problem.message.startswith("Concurrent") else _DAILY_WAIT_S
