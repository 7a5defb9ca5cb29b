"""What Zendesk's answers mean beyond their status, in whichever of its four shapes an error comes."""

from __future__ import annotations

import re
from typing import Any

from connectors.contract import AuthFailed, CaseGone, ConnectorError, Rejected, Throttled, Unusable
from connectors.http import Answer, Rules, retry_after_s

#: a ticket holds so many comments and then no more
_FULL = re.compile(r"comment.{0,60}(limit|maximum|too many|exceed)|5,?000 comments", re.IGNORECASE)


class KeyTaken(Rejected):
    """The idempotency key came with another body before: the ticket exists, written from other upload tokens."""


class CaseClosed(Rejected):
    """A closed ticket takes nothing more; a follow-up ticket can refer to it."""


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
        if status == 422:
            return _of_invalid(answer, told)
        return _of_limit(answer, told) if status == 429 else None


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


def _of_limit(answer: Answer, told: str) -> Throttled:
    """Of the account, or of this one ticket: then the account's own counters still show something left."""
    left = [
        int(found[1])
        for name, value in answer.headers.items()
        if (found := re.fullmatch(r"(?:.*remaining=)?(\d{1,9})(?:;.*)?", value)) and _counts(name, value)
    ]
    of_ticket = bool(answer.call.case_id) and bool(left) and min(left) > 0
    return Throttled(told, retry_after_s(answer.headers), answer.call.case_id if of_ticket else "")


def _counts(header: str, value: str) -> bool:
    plain = header in ("x-rate-limit-remaining", "ratelimit-remaining")
    return plain or (header.startswith("zendesk-ratelimit-") and "remaining=" in value)
