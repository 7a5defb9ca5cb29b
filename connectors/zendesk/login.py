"""How we log in: an OAuth client's own credentials, or an API token while Zendesk still takes one."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from connectors.http import Auth, Call, ClientCredentials, FixedAuth, HttpClient, Token, json_body

#: the day on which every API token stops working
TOKENS_END: Final = date(2027, 4, 30)
#: the day on which OAuth clients whose tokens never end must have been given an end
ENDLESS_END: Final = date(2027, 4, 1)
SCOPES: Final = ("tickets:read", "tickets:write", "users:read", "users:write")


@dataclass(frozen=True)
class Login:
    """Either the first pair or the second."""

    client_id: str = ""
    client_secret: str = ""
    email: str = ""
    token: str = ""

    @property
    def by_token(self) -> bool:
        """Whether it is an API token."""
        return not self.client_id

    def auth(self, http: HttpClient) -> Auth:
        """The Authorization header's source."""
        if self.by_token:
            value = b64encode(f"{self.email}/token:{self.token}".encode()).decode()
            http.secrets.add(value)
            return FixedAuth(f"Basic {value}")
        return ClientCredentials(lambda: self._fetch(http))

    def _fetch(self, http: HttpClient) -> Token:
        body = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "scope": " ".join(SCOPES),
        }
        answer = http.send(
            Call(method="POST", path="/oauth/tokens", body=json_body(body), prepares=True, authorized=False)
        )
        value = str(answer.value("access_token"))
        http.secrets.add(value)
        lives_s = answer.data.get("expires_in")
        return Token(value, float(lives_s) if isinstance(lives_s, int) and lives_s > 0 else 1800.0)


def login_misfits(options: Mapping[str, object]) -> list[tuple[str, str]]:
    """What is missing of the pair that was begun, or of both."""
    given = {name for name in ("client_id", "client_secret", "email", "token") if options.get(name)}
    oauth, basic = given & {"client_id", "client_secret"}, given & {"email", "token"}
    if oauth and basic:
        return [("client_id", "give client_id and client_secret_env, or email and token_env, not both")]
    if not given:
        return [("client_id", "missing; give client_id and client_secret_env")]
    pair = ("client_id", "client_secret") if oauth else ("email", "token")
    return [(name, f"missing beside {next(iter(given))}") for name in pair if name not in given]
