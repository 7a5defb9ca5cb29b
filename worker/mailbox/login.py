"""Proving who we are: a password or an OAuth bearer token, and which refusals a person must cure."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from worker.mailbox.errors import Declined, Refused, Unreachable

if TYPE_CHECKING:
    from worker.mailbox.session import Session


def log_in(session: Session) -> frozenset[str]:
    """Log in, introduce ourselves (RFC 2971), and return the capabilities that hold from now on.

    Raises Refused when the credentials are missing or not accepted, Unreachable when the server says "later".
    """
    key, attempt = _credentials(session)
    try:
        capabilities = session.attempt(_then_capabilities, session, attempt)
    except Declined as no:
        if no.later:
            raise Unreachable(f"mailboxes.{session.name}: the server asks us to come back later: {no}") from None
        raise Refused(
            f"mailboxes.{session.name}.{key}: the server does not accept these credentials for user "
            f"{session.settings.user!r}: {no}; correct mailboxes.{session.name}.user or the variable that "
            f"mailboxes.{session.name}.{key} names"
        ) from None
    if "ID" in capabilities:
        # Some servers serve only clients that gave a name; what they answer does not matter.
        with contextlib.suppress(Declined):
            session.attempt(session.client.id_, {"name": "mail-to-case"})
    return capabilities


def _then_capabilities(session: Session, attempt: Callable[[], object]) -> frozenset[str]:
    attempt()
    return frozenset(name.decode("ascii", "replace") for name in session.client.capabilities())


def _credentials(session: Session) -> tuple[str, Callable[[], object]]:
    """The settings key to blame, and the call that logs in."""
    settings = session.settings
    if settings.oauth is None:
        return "password_env", _by_password(session)
    key = "oauth.token_env"
    if settings.oauth.token is None:
        raise _missing(session.name, key, settings.oauth.token_env)
    token = settings.oauth.token.get_secret_value()
    _printable(session.name, key, token)
    if settings.oauth.mechanism == "OAUTHBEARER":
        return key, lambda: session.client.oauthbearer_login(settings.user, token)
    return key, lambda: session.client.oauth2_login(settings.user, token)


def _by_password(session: Session) -> Callable[[], object]:
    settings, client = session.settings, session.client
    if settings.password is None:
        raise _missing(session.name, "password_env", settings.password_env or "")
    password = settings.password.get_secret_value()
    _printable(session.name, "password_env", password)
    _printable(session.name, "user", settings.user)

    def attempt() -> object:
        # LOGIN takes ASCII only; AUTHENTICATE PLAIN takes UTF-8 (RFC 4616).
        ascii_only = password.isascii() and settings.user.isascii()
        if ascii_only and not client.has_capability("LOGINDISABLED"):
            return client.login(settings.user, password)
        return client.plain_login(settings.user, password)

    return attempt


def _missing(mailbox: str, key: str, variable: str) -> Refused:
    if not variable:
        return Refused(f"mailboxes.{mailbox}.{key}: names no environment variable; set it to the name of one")
    return Refused(f"mailboxes.{mailbox}.{key}: the environment variable {variable} is empty; set it")


def _printable(mailbox: str, key: str, value: str) -> None:
    if any(char in value for char in "\r\n\0"):
        raise Refused(f"mailboxes.{mailbox}.{key}: the value holds a line break or NUL; remove it")
