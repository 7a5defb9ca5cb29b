"""Microsoft's numbers for why there is no token (AADSTS…), and what an operator has to do about each."""

from __future__ import annotations

import re

_CODE = re.compile(r"AADSTS(\d{5,7})")
_TEMPORARY_CODES = frozenset({"90033", "90055", "50196", "90024", "81016"})
_LOG_IN = "run `mail-to-case login MAILBOX` again"
_ENTRA = "Entra admin centre"
_APP = f"{_ENTRA}, App registrations"
_CONSENT = f"{_APP}, API permissions"
_LOGS = f"{_ENTRA}, Sign-in logs"
_APP_ONLY = 'use grant = "client_credentials", or exempt this user'

#: Microsoft's number → the key to look at, and the cure; "" when it is to log in again
_AADSTS: dict[str, tuple[str, str]] = {
    "700016": ("client_id", "the directory knows no such application: correct client_id or tenant"),
    "90002": ("tenant", "there is no such directory: write its ID or its domain"),
    "900023": ("tenant", "this is no directory's name: write its ID or its domain"),
    "900021": ("tenant", "this is no directory's name: write its ID or its domain"),
    "7000215": ("client_secret_env", "the secret is wrong: the variable must hold its Value, not its Secret ID"),
    "7000222": ("client_secret_env", f"the secret has expired: make a new one ({_APP}, Certificates & secrets)"),
    "7000218": (
        "client_secret_env",
        "the application wants its secret: add client_secret_env, or allow public client flows",
    ),
    "700025": ("client_secret_env", "the application is a public one: leave out client_secret_env"),
    "7000112": ("client_id", f"the application is disabled: enable it ({_ENTRA}, Enterprise applications)"),
    "65001": ("scope", f"nobody consented to IMAP: grant admin consent ({_CONSENT})"),
    "65004": ("scope", f"the user declined: {_LOG_IN} and accept, or have an admin consent"),
    "90094": ("scope", f"an admin has to consent: grant admin consent ({_CONSENT})"),
    "90008": ("scope", f"the application lacks the permission: add it ({_CONSENT})"),
    "650057": ("scope", f"the application lacks the permission for Exchange: add it ({_CONSENT})"),
    "650052": ("scope", "the directory has no Exchange Online subscription: look at tenant"),
    "500011": ("scope", "the directory knows no such service: leave out scope"),
    "70011": ("scope", "the scope is not valid: leave out scope"),
    "1002012": ("scope", "client credentials want a scope that ends in /.default: leave out scope"),
    "28000": ("scope", "a scope may name one service only: leave out scope"),
    "70000": ("refresh_token_env", ""),
    "700003": ("refresh_token_env", ""),
    "70008": ("refresh_token_env", ""),
    "700082": ("refresh_token_env", ""),
    "700084": ("refresh_token_env", ""),
    "70043": ("refresh_token_env", ""),
    "50173": ("refresh_token_env", ""),
    "50078": ("refresh_token_env", ""),
    "50076": ("refresh_token_env", ""),
    "50079": ("refresh_token_env", ""),
    "9002313": ("refresh_token_env", ""),
    "54005": ("refresh_token_env", ""),
    "70019": ("grant", f"the code was not entered in time: {_LOG_IN}"),
    "70020": ("grant", f"the code was not entered in time: {_LOG_IN}"),
    "50034": ("user", "the directory knows no such user: correct user or tenant"),
    "50020": ("user", "the user belongs to another directory: correct tenant"),
    "50057": ("user", f"the user's account is disabled: enable it ({_ENTRA}, Users)"),
    "500341": ("user", "the user's account was deleted: restore it, or name another user"),
    "50105": ("user", f"the user is not assigned to the application: assign it ({_ENTRA}, Enterprise applications)"),
    "50126": ("user", f"user or password was wrong: {_LOG_IN}"),
    "53000": ("grant", f"Conditional Access wants a managed device: {_APP_ONLY}"),
    "53001": ("grant", f"Conditional Access wants a joined device: {_APP_ONLY}"),
    "53003": ("grant", f"Conditional Access blocks this login: {_LOGS}, names the policy, which must let us in"),
    "530032": ("grant", f"a security policy of the directory blocks this login: {_LOGS}, names it"),
    "530035": ("grant", f"the security defaults of the directory block this login: {_APP_ONLY}"),
    "50059": ("tenant", "the directory is not named: write tenant"),
    "50194": ("tenant", "the application is for one directory: write its ID or its domain as tenant"),
}


def is_temporary(description: str) -> bool:
    """Whether time may cure it."""
    return _number(description) in _TEMPORARY_CODES


def cured(description: str) -> tuple[str, str] | None:
    """The key of the oauth section to look at, and what to do; the latter "" when somebody has to log in again."""
    return _AADSTS.get(_number(description))


def _number(description: str) -> str:
    found = _CODE.search(description)
    return found[1] if found else ""
