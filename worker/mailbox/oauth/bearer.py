"""A token while it is good: renewed at 80 % of its life, by one for all, and not asked for again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from worker.mailbox.errors import LoginRefused, MailboxError, Refused, Unreachable
from worker.mailbox.ladder import Ladder
from worker.mailbox.oauth.account import Account, account_of
from worker.mailbox.oauth.errors import NoToken
from worker.mailbox.oauth.prompt import Prompt
from worker.mailbox.oauth.vault import Vault

if TYPE_CHECKING:
    from worker.mailbox.oauth.endpoint import Granted
    from worker.settings.model import MailboxSettings

_RENEW_AT = 0.8
_NOWHERE = "there is no place for a renewed refresh token; see whether the ledger opens, and set worker.secret_env"


class Source:
    """The token of one account; safe for many threads, of which one asks and the others wait for it."""

    def __init__(self, account: Account, vault: Vault | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.account = account
        self._vault, self._clock = vault, clock
        self._lock = threading.Lock()
        self._ladder = Ladder(clock)
        self._refusal: NoToken | None = None
        self._value = self._unkept = ""
        self._renew_at = self._ends_at = 0.0

    @property
    def shown(self) -> str:
        """The token as it is known now, for hiding it."""
        return self._value

    def token(self) -> str:
        """A token believed to be good. Raises NoToken."""
        with self._lock:
            if self._clock() >= self._renew_at:
                self._renew_early()
            return self._value

    def renewed(self, refused: str) -> str:
        """Another token than the one that was refused. Raises NoToken."""
        with self._lock:
            # Another thread may have renewed it while this one waited.
            if self._value == refused:
                self._renew()
            return self._value

    def _renew_early(self) -> None:
        try:
            self._renew()
        except NoToken:
            # The old one may still be good for the last fifth of its life.
            if self._clock() >= self._ends_at:
                raise

    def _renew(self) -> None:
        if self._refusal and self._ladder.waits_s:
            raise self._refusal
        asked_at = self._clock()
        try:
            new = self._new()
        except NoToken as error:
            if error.refused:
                self._refusal = error
                self._ladder.refused()
            raise
        self._refusal = None
        self._ladder.admitted()
        self._value = new.access
        self._ends_at = asked_at + new.lives_s
        self._renew_at = asked_at + new.lives_s * _RENEW_AT

    def _new(self) -> Granted:
        # The HTTP library is loaded only where there are tokens to ask for.
        from worker.mailbox.oauth.endpoint import ask

        account, vault = self.account, self._vault
        if not account.keeps_tokens:
            return ask(account)
        if vault is None:
            raise NoToken(_NOWHERE, "grant")
        with vault.turn(account.place):
            if self._unkept:
                self._keep(vault, self._unkept)
            held = vault.get(account.place) or account.refresh_token
            if not held:
                raise NoToken("nobody has logged in yet; run `mail-to-case login MAILBOX`", "grant")
            new = ask(account, held)
            if new.refresh and new.refresh != held:
                self._keep(vault, new.refresh)
        return new

    def _keep(self, vault: Vault, refresh_token: str) -> None:
        """Before the access token is used: the old refresh token may be void by now."""
        self._unkept = refresh_token
        vault.put(self.account.place, refresh_token)
        self._unkept = ""


class Bearer:
    """One mailbox's way to its token; its errors name that mailbox."""

    def __init__(self, name: str, settings: MailboxSettings, source: Source | None) -> None:
        self._name, self._settings, self._source = name, settings, source

    @property
    def key(self) -> str:
        """The settings key to blame when the mail server refuses the token."""
        return "oauth.token_env" if self._source is None else "oauth"

    @property
    def account(self) -> Account | None:
        """Who asks; None for a ready-made token."""
        return self._source.account if self._source else None

    @property
    def shown(self) -> str:
        """The token as it is known now, for hiding it."""
        return self._source.shown if self._source else self._ready_made()

    def token(self) -> str:
        """A token believed to be good. Raises Refused, LoginRefused, Unreachable."""
        source = self._source
        return self._ready_made() if source is None else self._told(source.token)

    def renewed(self, refused: str) -> str:
        """Another token after this one was refused, or "" when there is none to be had. Raises as ``token``."""
        source = self._source
        return "" if source is None else self._told(lambda: source.renewed(refused))

    def _ready_made(self) -> str:
        oauth = self._settings.oauth
        return oauth.token.get_secret_value() if oauth and oauth.token else ""

    def _told(self, get: Callable[[], str]) -> str:
        try:
            return get()
        except NoToken as error:
            raise as_error(self._name, error) from None


def as_error(mailbox: str, error: NoToken) -> MailboxError:
    """What the lack of a token means for a mailbox."""
    key = f".{error.key}" if error.key else ""
    words = str(error).replace("login MAILBOX", f"login {mailbox}")
    kind = Unreachable if error.later else LoginRefused if error.refused else Refused
    return kind(f"mailboxes.{mailbox}.oauth{key}: {words}")


class Keyring:
    """The tokens of this process: mailboxes with the same account share one."""

    def __init__(self, vault: Vault | None = None) -> None:
        self._vault = vault
        self._sources: dict[str, Source] = {}
        self._lock = threading.Lock()

    def bearer(self, name: str, settings: MailboxSettings) -> Bearer | None:
        """For a mailbox with an oauth section, else None. Raises Refused when its variables are empty."""
        if settings.oauth is None:
            return None
        if settings.oauth.kind == "token":
            return Bearer(name, settings, None)
        try:
            account = account_of(settings)
        except NoToken as error:
            raise Refused(str(as_error(name, error))) from None
        with self._lock:
            source = self._sources.setdefault(account.key, Source(account, self._vault))
        return Bearer(name, settings, source)

    def log_in(self, name: str, settings: MailboxSettings, show: Callable[[Prompt], None]) -> None:
        """Have a person log in by a code that ``show`` is given, and keep the refresh token. Raises MailboxError."""
        from worker.mailbox.oauth.devicecode import begin, wait

        try:
            account = account_of(settings)
            if self._vault is None:
                raise NoToken(_NOWHERE, "grant")
            prompt = begin(account)
            show(prompt)
            self._vault.put(account.place, wait(account, prompt).refresh)
        except NoToken as error:
            raise as_error(name, error) from None
