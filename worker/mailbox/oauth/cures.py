"""From an identity provider's own words to what an operator has to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from worker.mailbox.oauth import microsoft
from worker.mailbox.oauth.account import Account

Cure = tuple[str, str]

#: what follows is for Microsoft's support: Trace ID, Correlation ID, Timestamp
_FOR_SUPPORT = re.compile(r"\s*(Trace ID|Correlation ID|Timestamp):.*", re.DOTALL)
_TEMPORARY = frozenset(
    {"temporarily_unavailable", "server_error", "internal_failure", "slow_down", "rate_limit_exceeded"}
)


def readable(data: Mapping[str, Any]) -> str:
    """What the provider said, without what only its support can use."""
    error, description = str(data.get("error", "")), data.get("error_description")
    if not isinstance(description, str) or not description:
        return error
    # A comma: what follows "token:" or "secret:" would be taken for one, and hidden.
    return f"{error}, {_FOR_SUPPORT.sub('', description)}"


def is_temporary(error: str, description: str) -> bool:
    """Whether time may cure it."""
    return error in _TEMPORARY or microsoft.is_temporary(description)


def cured(account: Account, error: str, description: str) -> Cure:
    """The key of the oauth section to look at, and what to do."""
    if known := microsoft.cured(description):
        key, cure = known
        return key, cure or _again(account)
    if account.provider == "google":
        return _google(account, error, description.lower())
    return _usual(account, error)


def _again(account: Account) -> str:
    if account.grant == "device_code":
        return "the login is over: run `mail-to-case login MAILBOX` again"
    return "the refresh token is not valid any more: log in again and put the new one into the variable"


def _google(account: Account, error: str, said: str) -> Cure:
    for words, key, cure in _GOOGLE_SAID:
        if words in said:
            return key, cure(account)
    if error == "unauthorized_client" or (error == "access_denied" and account.service):
        return "scope", _delegation(account)
    if error == "invalid_grant" and account.service:
        return "", f"look whether {account.user} exists and is not suspended, and whether this machine's clock is right"
    return _usual(account, error)


def _delegation(account: Account) -> str:
    if account.service is None:
        return "the OAuth client may not do this: make one of the type Desktop app, and a new refresh token with it"
    number = account.service.client_id or f"the numeric ID of {account.service.email}"
    return (
        "delegation is missing: in the Google Admin console, Security, API controls, Domain-wide delegation, "
        f"add client ID {number} with scope {account.scope}"
    )


def _new_refresh_token(_: Account) -> str:
    return (
        "the refresh token is not valid any more (revoked, password changed, unused for 6 months, or 7 days old while "
        "the consent screen is in status Testing): publish the app, and put a new one into the variable"
    )


def _user(account: Account) -> str:
    return f"{account.user} is no user of this Google Workspace: write the user's own address, not an alias or group"


def _new_key(_: Account) -> str:
    return "the key was deleted or its account is disabled: make a new JSON key in the Google Cloud console"


#: words of Google's descriptions, in lower case → the key, and the cure
_GOOGLE_SAID: tuple[tuple[str, str, Callable[[Account], str]], ...] = (
    ("invalid jwt signature", "service_account_key_env", _new_key),
    ("account not found", "service_account_key_env", _new_key),
    ("short-lived token", "", lambda _: "this machine's clock is wrong: set it, by NTP"),
    ("invalid email or user id", "", _user),
    ("not a valid email", "", _user),
    ("expired or revoked", "refresh_token_env", _new_refresh_token),
    ("not authorized for any of the scopes", "scope", _delegation),
    ("client is unauthorized", "scope", _delegation),
    ("client was disabled", "client_id", lambda _: "enable the OAuth client in the Google Cloud console"),
    ("has been disabled", "", lambda _: "turn the service on for this user: Google Admin console, Apps, Gmail"),
    (
        "admin_policy_enforced",
        "client_id",
        lambda _: "an admin must trust this app: Google Admin console, API controls",
    ),
)


def _usual(account: Account, error: str) -> Cure:
    """RFC 6749 5.2."""
    if error == "invalid_grant":
        return ("refresh_token_env" if account.grant == "refresh_token" else "grant"), _again(account)
    return {
        "invalid_client": ("client_secret_env", "correct client_id, or the secret in the variable"),
        "unauthorized_client": ("grant", f"allow the application the grant {account.grant}"),
        "unsupported_grant_type": ("grant", f"the token endpoint knows no {account.grant}: use another grant"),
        "invalid_scope": ("scope", "correct scope; ask the provider which one IMAP wants"),
        "access_denied": ("scope", "the login was declined: consent to it, or have an admin consent"),
    }.get(error, ("", "look up these words in the provider's documentation"))
