"""How we log in: a service key or private app's token, or OAuth with a refresh token that may change each time."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from connectors.contract import Rejected, Unusable
from connectors.http import Auth, Call, ClientCredentials, FixedAuth, HttpClient, Token, Upload, json_body

#: what the connector uses in daily work
SCOPES: Final = (
    "tickets",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.objects.owners.read",
    "sales-email-read",
    "files",
)
_OAUTH: Final = ("client_id", "client_secret", "refresh_token")
_LIVES_S = 1800.0


class Login:
    """Either the token or the OAuth trio. One thread at a time renews, so no refresh token is used twice."""

    def __init__(self, options: Mapping[str, str], version: str) -> None:
        self._options = options
        self._version = version
        self._refresh_token = options.get("refresh_token", "")
        self._access_token = options.get("token", "")
        #: whether HubSpot has replaced the refresh token that the settings hold
        self.rotated = False

    @property
    def by_token(self) -> bool:
        """Whether it is a token that does not run out."""
        return bool(self._options.get("token"))

    def auth(self, http: HttpClient) -> Auth:
        """The Authorization header's source."""
        if self.by_token:
            return FixedAuth(f"Bearer {self._access_token}")
        return ClientCredentials(lambda: self._fetch(http))

    def facts(self, http: HttpClient) -> dict[str, Any] | None:
        """What HubSpot says of the token in use (scopes, hub_id …), or None when it says nothing."""
        if not self.by_token and not self._access_token:
            return None
        try:
            data = http.send(self._question()).data
        except (Rejected, Unusable):
            return None
        return data if isinstance(data, dict) else None

    def _question(self) -> Call:
        if self.by_token:
            body = json_body({"tokenKey": self._access_token})
            return Call(method="POST", path="/oauth/v2/private-apps/get/access-token-info", body=body, prepares=True)
        form = {name: self._options[name] for name in ("client_id", "client_secret")}
        return _form(f"/oauth/{self._version}/token/introspect", form | {"token": self._access_token})

    def _fetch(self, http: HttpClient) -> Token:
        form = {name: self._options[name] for name in ("client_id", "client_secret")}
        form |= {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        answer = http.send(_form(f"/oauth/{self._version}/token", form))
        self._access_token = str(answer.value("access_token"))
        following = answer.data.get("refresh_token")
        if isinstance(following, str) and following and following != self._refresh_token:
            self._refresh_token, self.rotated = following, True
        for secret in (self._access_token, self._refresh_token):
            http.secrets.add(secret)
        lives_s = answer.data.get("expires_in")
        return Token(self._access_token, float(lives_s) if isinstance(lives_s, int) and lives_s > 0 else _LIVES_S)


def _form(path: str, fields: Mapping[str, str]) -> Call:
    body = urlencode(fields).encode()
    upload = Upload(lambda: io.BytesIO(body), len(body), "application/x-www-form-urlencoded")
    return Call(method="POST", path=path, upload=upload, prepares=True, authorized=False)


def login_misfits(options: Mapping[str, object]) -> list[tuple[str, str]]:
    """What is missing of the way that was begun, or of both."""
    oauth = [name for name in _OAUTH if options.get(name)]
    if options.get("token"):
        return [("token", "give token_env, or the OAuth keys, not both")] if oauth else []
    if not oauth:
        return [("token", "missing; set token_env to the variable that holds a service key")]
    return [(name, f"missing beside {oauth[0]}") for name in _OAUTH if name not in oauth]
