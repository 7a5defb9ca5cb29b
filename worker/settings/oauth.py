"""[mailboxes.NAME.oauth]: who gives us bearer tokens, and what we show for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import Field, SecretStr

from worker.settings.section import Section

Provider: TypeAlias = Literal["google", "microsoft", "generic"]
Grant: TypeAlias = Literal["client_credentials", "service_account", "refresh_token", "device_code"]
GOOGLE_SCOPE = "https://mail.google.com/"
_MICROSOFT_APP_SCOPE = "https://outlook.office365.com/.default"
_MICROSOFT_USER_SCOPE = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"


class OAuth(Section):
    """[mailboxes.NAME.oauth]"""

    provider: Provider = Field(description="Who issues the tokens.")
    mechanism: Literal["XOAUTH2", "OAUTHBEARER"] = Field("XOAUTH2", description="SASL mechanism.")
    grant: Grant | None = Field(
        None, description="How a token is got; when left out, what the keys given make possible."
    )
    token_env: str | None = Field(
        None, description="Environment variable with a ready-made bearer token; then nothing else is needed."
    )
    tenant: str = Field("", description="Microsoft: the directory's ID, or its domain.")
    client_id: str = Field("", description="The application's ID.")
    client_secret_env: str | None = Field(None, description="Environment variable with the application's secret.")
    client_secret_expires: date | None = Field(
        None, description="Day on which that secret ends, if known; `check` warns 30 days before."
    )
    refresh_token_env: str | None = Field(
        None, description="Environment variable with a refresh token; newer ones are kept in the ledger, encrypted."
    )
    service_account_key_env: str | None = Field(
        None, description="Google: environment variable with the JSON key of a service account."
    )
    service_account_key_file: Path | None = Field(None, description="Google: the same, as a file.")
    scope: str = Field("", description="What the token is for, when the provider's usual one does not fit.")
    token_url: str = Field("", description="Token endpoint; generic needs it, the others have their own.")

    @property
    def kind(self) -> Grant | Literal["token"]:
        """The grant meant, or ``token`` for a ready-made one."""
        if self.token_env is not None:
            return "token"
        return self.grant or self._usual()

    def _usual(self) -> Grant:
        if self.provider == "google":
            keyed = self.service_account_key_env is not None or self.service_account_key_file is not None
            return "service_account" if keyed or self.refresh_token_env is None else "refresh_token"
        if self.refresh_token_env is not None:
            return "refresh_token"
        if self.provider == "microsoft" and self.client_secret_env is None:
            return "device_code"
        return "client_credentials"

    @property
    def keeps_tokens(self) -> bool:
        """Whether there is a refresh token that the provider may replace, so that the new one must be kept."""
        return self.kind in ("refresh_token", "device_code")

    @property
    def wanted_scope(self) -> str:
        """The scope to ask for; "" when the provider is to decide."""
        if self.scope or self.provider == "generic":
            return self.scope
        if self.provider == "google":
            return GOOGLE_SCOPE
        return _MICROSOFT_APP_SCOPE if self.kind == "client_credentials" else _MICROSOFT_USER_SCOPE

    @property
    def endpoint(self) -> str:
        """The address that gives tokens."""
        if self.token_url or self.provider == "generic":
            return self.token_url
        if self.provider == "google":
            return "https://oauth2.googleapis.com/token"
        return f"https://login.microsoftonline.com/{self.tenant}/oauth2/v2.0/token"

    @property
    def token(self) -> SecretStr | None:
        """The ready-made bearer token, from the environment."""
        return self.secret_in(self.token_env)

    @property
    def client_secret(self) -> SecretStr | None:
        """The application's secret, from the environment."""
        return self.secret_in(self.client_secret_env)

    @property
    def refresh_token(self) -> SecretStr | None:
        """The refresh token to begin with, from the environment."""
        return self.secret_in(self.refresh_token_env)

    @property
    def service_account_key(self) -> SecretStr | None:
        """The service account's JSON key, from the environment."""
        return self.secret_in(self.service_account_key_env)

    def secrets(self) -> Iterator[SecretStr | None]:
        """All that the environment holds for this section."""
        yield from (self.token, self.client_secret, self.refresh_token, self.service_account_key)
