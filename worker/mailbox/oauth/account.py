"""What we show to get a token: one mailbox's oauth section with the values of its variables."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from worker.mailbox.oauth.errors import NoToken
from worker.settings.service_account import ServiceAccount, service_account_of

if TYPE_CHECKING:
    from worker.settings.model import MailboxSettings
    from worker.settings.oauth import OAuth


@dataclass(frozen=True, kw_only=True)
class Account:
    """Equal ``key`` means the same token."""

    provider: str
    #: client_credentials, service_account, refresh_token or device_code
    grant: str
    token_url: str
    scope: str
    #: whose mailbox it is
    user: str
    tenant: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    #: the one to begin with
    refresh_token: str = field(default="", repr=False)
    service: ServiceAccount | None = None

    @property
    def key(self) -> str:
        """A digest; an application's own token does for every mailbox that it may open."""
        secrets = hashlib.sha256(f"{self.client_secret}\0{self.refresh_token}".encode()).hexdigest()
        who = self.service.key_id + self.service.email if self.service else self.client_id
        personal = self.user.casefold() if self.grant in ("service_account", "device_code") else ""
        parts = (self.grant, self.token_url, self.scope, who, personal, secrets)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    @property
    def place(self) -> str:
        """Under which name its refresh token is kept: a renewed client secret must not lose it."""
        seed = hashlib.sha256(self.refresh_token.encode()).hexdigest()
        parts = (
            self.grant,
            self.token_url,
            self.client_id,
            self.user.casefold() if not self.refresh_token else "",
            seed,
        )
        return f"oauth:{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"

    @property
    def keeps_tokens(self) -> bool:
        """Whether its refresh token may be replaced by the provider."""
        return self.grant in ("refresh_token", "device_code")

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no text may show."""
        key = self.service.private_key if self.service else ""
        return tuple(filter(None, (self.client_secret, self.refresh_token, key)))


def account_of(settings: MailboxSettings) -> Account:
    """From a section whose grant is not a ready-made token. Raises NoToken when a variable is empty."""
    oauth = settings.oauth
    assert oauth is not None
    needed = {
        "client_secret_env": oauth.kind == "client_credentials"
        or (oauth.provider, oauth.kind) == ("google", "refresh_token"),
        "refresh_token_env": oauth.kind == "refresh_token",
    }
    values = {key: _value(oauth, key, is_needed) for key, is_needed in needed.items()}
    return Account(
        provider=oauth.provider,
        grant=oauth.kind,
        token_url=oauth.endpoint,
        scope=oauth.wanted_scope,
        user=settings.user,
        tenant=oauth.tenant,
        client_id=oauth.client_id,
        client_secret=values["client_secret_env"],
        refresh_token=values["refresh_token_env"],
        service=_service(oauth) if oauth.kind == "service_account" else None,
    )


def _value(oauth: OAuth, key: str, is_needed: bool) -> str:
    secret = getattr(oauth, key.removesuffix("_env"))
    variable = getattr(oauth, key)
    if secret is None and (is_needed or variable):
        raise NoToken(f"the environment variable {variable} is empty; set it" if variable else "is missing", key)
    return str(secret.get_secret_value()) if secret else ""


def _service(oauth: OAuth) -> ServiceAccount:
    key, file = "service_account_key_env", oauth.service_account_key_file
    try:
        if file is not None:
            key = "service_account_key_file"
            return service_account_of(file.read_text(encoding="utf-8"))
        return service_account_of(_value(oauth, key, is_needed=True))
    except (ValueError, OSError) as error:
        words = (
            f"{file} cannot be read; name a readable JSON file" if isinstance(error, OSError) else f"the key {error}"
        )
        raise NoToken(words, key) from None
