"""How we log in: an account's token, a service account's own credentials, or a Data Center's personal token."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from connectors.http import Auth, Call, ClientCredentials, FixedAuth, HttpClient, Secrets, Token, json_body
from connectors.jira.rules import JiraRules

GATEWAY: Final = "https://api.atlassian.com"
LOGIN_URL: Final = "https://auth.atlassian.com"
#: no token of an Atlassian account lives longer
TOKEN_LIVES_DAYS: Final = 365
_CLOUD_ID = re.compile(r"[A-Za-z0-9-]{1,64}\Z")
_TOKEN_LIVES_S: Final = 1800.0


# Without a picture of itself, which would show the secrets.
@dataclass(frozen=True, repr=False)
class Login:
    """Email and token, or client and cloud_id, or (Data Center) a token alone."""

    url: str
    email: str = ""
    token: str = ""
    client_id: str = ""
    client_secret: str = ""
    cloud_id: str = ""
    gateway: str = GATEWAY
    login_url: str = LOGIN_URL

    @property
    def is_data_center(self) -> bool:
        """Whether a token stands alone, which only Data Center has."""
        return not self.email and not self.client_id

    @property
    def base(self) -> str:
        """Where requests go: tokens with scopes and service accounts are only known at the gateway."""
        if self.cloud_id and not self.is_data_center:
            return f"{self.gateway.rstrip('/')}/ex/jira/{self.cloud_id}"
        return self.url.rstrip("/")

    @property
    def kind(self) -> str:
        """In an operator's words."""
        if self.client_id:
            return "a service account (OAuth)"
        if self.is_data_center:
            return "a personal access token"
        return "an API token with scopes" if self.cloud_id else "an API token without scopes"

    def secrets(self) -> Secrets:
        """What must never be shown."""
        return Secrets((self.token, self.client_secret, self._basic))

    @property
    def _basic(self) -> str:
        return b64encode(f"{self.email}:{self.token}".encode()).decode() if self.email else ""

    def office(self, secrets: Secrets) -> HttpClient | None:
        """The client that fetches tokens, or None where none are fetched; the caller closes it."""
        return HttpClient(self.login_url, JiraRules(), secrets, connections=1) if self.client_id else None

    def auth(self, office: HttpClient | None) -> Auth:
        """The Authorization header's source."""
        if office is not None:
            return ClientCredentials(lambda: self._fetch(office))
        return FixedAuth(f"Basic {self._basic}" if self.email else f"Bearer {self.token}")

    def _fetch(self, office: HttpClient) -> Token:
        body = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        call = Call(method="POST", path="/oauth/token", body=json_body(body), prepares=True, authorized=False)
        answer = office.send(call)
        value = str(answer.value("access_token"))
        office.secrets.add(value)
        lives_s = answer.data.get("expires_in")
        return Token(value, float(lives_s) if isinstance(lives_s, int) and lives_s > 0 else _TOKEN_LIVES_S)


def login_misfits(options: Mapping[str, object]) -> list[tuple[str, str]]:
    """What is missing or too much among the three ways."""
    given = {name for name in ("email", "token", "client_id", "client_secret", "cloud_id") if options.get(name)}
    oauth, personal = given & {"client_id", "client_secret"}, given & {"email", "token"}
    if oauth and personal:
        return [("client_id", "give client_id, client_secret_env and cloud_id, or email and token_env, not both")]
    if not oauth and not personal:
        cure = "give email and token_env, or client_id, client_secret_env and cloud_id; for Data Center token_env alone"
        return [("token", f"missing; {cure}")]
    wanted = ("client_id", "client_secret", "cloud_id") if oauth else ("token",)
    found = [(name, f"missing beside {min(oauth or personal)}") for name in wanted if name not in given]
    if "cloud_id" in given and not _CLOUD_ID.match(str(options["cloud_id"])):
        found.append(("cloud_id", "is no cloud id; the page URL/_edge/tenant_info shows it"))
    if "cloud_id" in given and personal == {"token"}:
        found.append(("email", "missing beside cloud_id; give the account's address"))
    return found
