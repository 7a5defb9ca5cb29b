"""Proving who we are: a password or an OAuth bearer token, and which refusals a person must cure."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from worker.mailbox.errors import Declined, LoginRefused, Refused, Unreachable, one_line
from worker.mailbox.oauth.refusals import cure_of

if TYPE_CHECKING:
    from worker.mailbox.oauth import Bearer
    from worker.mailbox.session import Session


def log_in(session: Session) -> frozenset[str]:
    """Log in, introduce ourselves (RFC 2971), and return the capabilities that hold from now on.

    Raises Refused when credentials are missing, LoginRefused when they are not accepted, Unreachable when the server
    says "later".
    """
    if session.bearer is None:
        capabilities = _proven(session, "password_env", _by_password(session))
    else:
        capabilities = _by_token(session, session.bearer)
    if "ID" in capabilities:
        # Some servers serve only clients that gave a name; what they answer does not matter.
        with contextlib.suppress(Declined):
            session.attempt(session.client.id_, {"name": "mail-to-case"})
    return capabilities


def _proven(session: Session, key: str, attempt: Callable[[], object]) -> frozenset[str]:
    try:
        return session.attempt(_then_capabilities, session, attempt)
    except Declined as no:
        if no.later:
            raise Unreachable(f"mailboxes.{session.name}: the server asks us to come back later: {no}") from None
        cure = cure_of(str(no), session.name) or _usual_cure(session.name, key)
        raise LoginRefused(
            f"mailboxes.{session.name}.{key}: the server does not accept these credentials for user "
            f"{session.settings.user!r}: {no}; {cure}"
        ) from None


def _usual_cure(mailbox: str, key: str) -> str:
    if key == "oauth":
        return f"correct mailboxes.{mailbox}.user, or let the application or user open this mailbox by IMAP"
    return f"correct mailboxes.{mailbox}.user or the variable that mailboxes.{mailbox}.{key} names"


def _then_capabilities(session: Session, attempt: Callable[[], object]) -> frozenset[str]:
    attempt()
    return frozenset(name.decode("ascii", "replace") for name in session.client.capabilities())


def _by_token(session: Session, bearer: Bearer) -> frozenset[str]:
    """Show the token; should it be refused, show a new one, once (M-20)."""
    token = session.waiting(bearer.token)
    if not token:
        oauth = session.settings.oauth
        raise _missing(session.name, bearer.key, (oauth.token_env if oauth else None) or "")
    try:
        return _shown(session, bearer.key, token)
    except LoginRefused:
        if not (another := session.waiting(lambda: bearer.renewed(token))):
            raise
    return _shown(session, bearer.key, another)


def _shown(session: Session, key: str, token: str) -> frozenset[str]:
    _printable(session.name, key, token)
    _printable(session.name, "user", session.settings.user)
    oauth = session.settings.oauth
    assert oauth is not None
    proof = Proof(oauth.mechanism, session.settings.user, token)
    try:
        return _proven(session, key, lambda: session.client.sasl_login(oauth.mechanism, proof))
    except LoginRefused as error:
        raise LoginRefused(f"{error}{proof.reason}") from None


class Proof:
    """One SASL exchange with a bearer token: XOAUTH2 as Google and Microsoft describe it, OAUTHBEARER by RFC 7628."""

    def __init__(self, mechanism: str, user: str, token: str) -> None:
        self._is_standard = mechanism == "OAUTHBEARER"
        self._user, self._token = user, token
        self._is_shown = False
        #: what the server gave as its reason, in words to be added
        self.reason = ""

    def __call__(self, challenge: bytes) -> bytes:
        if not self._is_shown:
            self._is_shown = True
            return self._first().encode()
        self.reason = self._told(challenge)
        # The server waits for an answer before it says NO: RFC 7628 3.2.3 wants this one, XOAUTH2 an empty one.
        return b"\x01" if self._is_standard else b""

    def _first(self) -> str:
        if self._is_standard:
            user = self._user.replace("=", "=3D").replace(",", "=2C")
            return f"n,a={user},\x01auth=Bearer {self._token}\x01\x01"
        return f"user={self._user}\x01auth=Bearer {self._token}\x01\x01"

    def _told(self, challenge: bytes) -> str:
        try:
            said = json.loads(challenge)
        except (ValueError, RecursionError):
            return ""
        known = [name for name in ("status", "scope") if isinstance(said, dict) and isinstance(said.get(name), str)]
        words = ", ".join(f"{name} {one_line(said[name], self._token)}" for name in known)
        return f" (the server's reason: {words})" if words else ""


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
    if any(char in value for char in "\r\n\0\x01"):
        raise Refused(f"mailboxes.{mailbox}.{key}: the value holds a line break or NUL; remove it")
