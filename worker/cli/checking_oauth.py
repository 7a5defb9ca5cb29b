"""What `check` says of a mailbox's bearer token: how long it lasts, when its secret ends, why it opens nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from connectors.contract import Finding, Severity
from worker.cli.printing import span
from worker.mailbox import Mailbox, MailboxError
from worker.mailbox.oauth import Bearer
from worker.mailbox.oauth.claims import claims_of
from worker.mailbox.oauth.refusals import NOT_CONNECTED, explained
from worker.settings import MailboxSettings
from worker.settings.oauth import OAuth

_SOON_S = 24 * 3600.0
_SECRET_SOON_DAYS = 30


def token_findings(section: MailboxSettings, mailbox: Mailbox) -> Iterator[Finding]:
    """After a login that went well."""
    if section.oauth is None:
        return
    if section.oauth.kind == "token":
        yield from ready_made(section.oauth)
        return
    yield Finding(Severity.OK, f"{section.oauth.provider} gives bearer tokens by {section.oauth.kind}; renewed in time")
    yield from secret_findings(section.oauth, mailbox.name, datetime.now(UTC))


def ready_made(oauth: OAuth) -> Iterator[Finding]:
    """How long the token is good for, when it is of the kind that says so (RFC 7519 section 4.1.4)."""
    left_s = _seconds_left(oauth.token.get_secret_value()) if oauth.token else None
    if left_s is None:
        return
    good = left_s > _SOON_S
    cure = "" if good else f"put a fresh token into {oauth.token_env} before then"
    yield Finding(Severity.OK if good else Severity.WARNING, f"the bearer token ends in {span(left_s)}", cure)


def _seconds_left(token: str) -> float | None:
    ends = claims_of(token).get("exp")
    return float(ends) - time.time() if isinstance(ends, int | float) else None


def secret_findings(oauth: OAuth, mailbox: str, now: datetime) -> Iterator[Finding]:
    """No provider tells when a secret ends; so we know what the operator wrote down."""
    if oauth.client_secret_expires is None:
        return
    days = (oauth.client_secret_expires - now.date()).days
    fact = f"the secret in {oauth.client_secret_env} {'ended' if days < 0 else 'ends'} on {oauth.client_secret_expires}"
    if days > _SECRET_SOON_DAYS:
        yield Finding(Severity.OK, f"{fact}, in {days} days")
        return
    key = f"mailboxes.{mailbox}.oauth.client_secret_expires"
    yield Finding(Severity.WARNING, fact, f"make a new secret, put it into the variable, and its end into {key}")


def refusal_findings(section: MailboxSettings, mailbox: Mailbox, error: MailboxError) -> Iterator[Finding]:
    """After a login that led to nothing: what the token tells of the reasons that a server keeps to itself."""
    if NOT_CONNECTED not in str(error).lower():
        return
    bearer = _bearer(mailbox)
    if bearer is None:
        return
    for fact, cure in explained(bearer.shown, bearer.account, section.user):
        yield Finding(Severity.STOPS_MAIL, fact, cure)


def _bearer(mailbox: Mailbox) -> Bearer | None:
    try:
        return mailbox.bearer()
    except MailboxError:
        return None
