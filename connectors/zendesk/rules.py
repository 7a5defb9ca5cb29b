"""What Zendesk's answers mean beyond their status, in whichever of its four shapes an error comes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from connectors.contract import AuthFailed, CaseGone, ConnectorError, Rejected, Throttled, Unusable
from connectors.http import Answer, Limits, Rules, retry_after_s

#: a ticket holds so many comments and then no more
_FULL = re.compile(r"comment.{0,60}(limit|maximum|too many|exceed)|5,?000 comments", re.IGNORECASE)

_ENDPOINT = "zendesk-ratelimit-"
#: every counter of Zendesk's is one of a minute, or of ten
_WINDOW_S = 600.0


class KeyTaken(Rejected):
    """The idempotency key came with another body before: the ticket exists, written from other upload tokens."""


class CaseClosed(Rejected):
    """A closed ticket takes nothing more; a follow-up ticket can refer to it."""


class Collision(Rejected):
    """The ticket has changed since the moment whose stamp the update carried: as it is, it will never be applied."""


class NameMissing(Rejected):
    """A user who does not exist yet needs a name."""


class ZendeskRules(Rules):
    """The table's exceptions. Bodies are read in their English form, which the API always uses."""

    def words(self, answer: Answer) -> str:
        return describe(answer.data) if answer.is_json else super().words(answer)

    def special(self, answer: Answer, told: str) -> ConnectorError | None:
        status, body = answer.status, answer.body
        if status == 400 and b"IdempotentRequestError" in body:
            return KeyTaken(told)
        if not answer.call.authorized and status in (400, 401, 403):
            return AuthFailed(f"{told}; look at client_id and client_secret_env")
        if status == 404:
            return _of_not_found(answer, told)
        if status == 409 and answer.call.method == "PUT" and b"DatabaseConflict" not in body:
            return Collision(told)
        if status == 422:
            return _of_invalid(answer, told)
        if status == 429:
            return Throttled(told, retry_after_s(answer.headers), _bucket(answer))
        return None

    def observe(self, answer: Answer, limits: Limits) -> None:
        """Close a bucket once its counter shows nothing left: agents use up the same counters."""
        kind = _kind(answer)
        for counter in filter(None, map(_endpoint_counter, answer.headers.items())):
            if kind and counter.left == 0:
                limits.close(kind, counter.resets_s, f"Zendesk's limit of {kind} is used up")
        # A refusal says itself how long it lasts, and the worker heeds that.
        if answer.status < 400 and _number(answer.headers.get("ratelimit-remaining")) == 0:
            resets_s = _number(answer.headers.get("ratelimit-reset")) or 0
            limits.close("", min(resets_s, _WINDOW_S), "Zendesk's limit of requests is used up")


def describe(data: Any) -> str:
    """The vendor's words out of an error body: codes, titles, and each field with what is wrong with it."""
    if isinstance(data, list):
        return "; ".join(filter(None, map(describe, data)))
    if not isinstance(data, dict):
        return data if isinstance(data, str) else ""
    said = [
        describe(data.get(name)) for name in ("error", "errors", "code", "title", "message", "description", "detail")
    ]
    details = data.get("details")
    if isinstance(details, dict):
        said += [f"{field}: {describe(what)}" for field, what in details.items()]
    return ": ".join(dict.fromkeys(filter(None, said)))


def _of_not_found(answer: Answer, told: str) -> ConnectorError:
    if answer.call.case_id and b"RecordNotFound" in answer.body:
        return CaseGone(told)
    if b"RecordNotFound" in answer.body:
        return Rejected(told)
    return Unusable(f"{told}; look at the connector's url")


def _of_invalid(answer: Answer, told: str) -> ConnectorError | None:
    text = answer.body.decode("utf-8", "replace")
    if answer.call.case_id and "closed prevents ticket update" in text:
        return CaseClosed(told)
    if answer.call.case_id and _FULL.search(text):
        return CaseGone(told)
    details = answer.data.get("details") if isinstance(answer.data, dict) else None
    if "/users/" in answer.call.path and isinstance(details, dict) and "name" in details:
        return NameMissing(told)
    return None


@dataclass(frozen=True)
class _Counter:
    """Of one endpoint; ``resets_s`` seconds from now."""

    left: int
    resets_s: float


def _endpoint_counter(header: tuple[str, str]) -> _Counter | None:
    """As in ``Zendesk-RateLimit-Tickets-Index: total=100; remaining=99; resets=41``."""
    name, value = header
    found = dict(re.findall(r"(remaining|resets)\s*=\s*(\d{1,9})", value)) if name.startswith(_ENDPOINT) else {}
    if "remaining" not in found:
        return None
    return _Counter(int(found["remaining"]), min(float(found.get("resets", _WINDOW_S)), _WINDOW_S))


def _kind(answer: Answer) -> str:
    """Which of the call's buckets is that of its kind, and not of its ticket."""
    return next((bucket for bucket in answer.call.buckets if bucket != answer.call.case_id), "")


def _bucket(answer: Answer) -> str:
    """What a refusal is about: this kind of call, this one ticket, or the whole account."""
    counters = [one for one in map(_endpoint_counter, answer.headers.items()) if one]
    if any(one.left == 0 for one in counters):
        return _kind(answer)
    account = (_number(answer.headers.get(name)) for name in ("x-rate-limit-remaining", "ratelimit-remaining"))
    left = [*(one.left for one in counters), *(one for one in account if one is not None)]
    # The account's own counters still show something left, so it is the ticket that has had enough.
    return answer.call.case_id if left and min(left) > 0 else ""


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
