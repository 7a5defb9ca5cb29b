"""An identity provider on a real socket: Google's, Microsoft's and a plain one, with state and their own words."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import jwt

from tests.fakes.http_server import FakeServer, Reply, Seen

TENANT = "contoso.onmicrosoft.com"
CLIENT = "0f2e6c1a-5d0b-4e56-9a53-app"
SECRET = "canary-client-secret-8Q~"
SERVICE_EMAIL = "worker@project.iam.gserviceaccount.com"
SERVICE_CLIENT = "108234567890123456789"
MAIL_SCOPE = "https://mail.google.com/"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_FOOT = " Trace ID: 9b1f-trace Correlation ID: 77aa-corr Timestamp: 2026-11-22 02:00:00Z"
_AADSTS = {
    "700016": ("unauthorized_client", "Application with identifier '{client_id}' was not found in the directory."),
    "7000215": (
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
        "not the client secret ID, for a secret added to app '{client_id}'.",
    ),
    "7000222": (
        "invalid_client",
        "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create new keys.",
    ),
    "65001": ("invalid_grant", "The user or administrator has not consented to use the application '{client_id}'."),
    "50034": ("invalid_grant", "The user account {{EmailHidden}} does not exist in the contoso directory."),
    "53003": ("invalid_grant", "Access has been blocked by Conditional Access policies."),
    "700082": ("invalid_grant", "The refresh token has expired due to inactivity."),
    "90033": ("temporarily_unavailable", "A transient error has occurred. Please try again."),
    "70016": ("authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."),
    "70020": ("expired_token", "The provided value for the input parameter 'device_code' is not valid or has expired."),
    "65004": ("authorization_declined", "The user declined to consent to access the app."),
}  # fmt: skip


@dataclass
class Device:
    """A device code; ``user`` once a person has approved it."""

    user_code: str
    user: str = ""
    declined: bool = False
    expired: bool = False


@dataclass
class IdentityServer(FakeServer):
    """``start`` and ``stop`` as every fake. Tokens end by the wall clock, refresh tokens when they were used."""

    lives_s: float = 3600.0
    #: answer every request for a token with this AADSTS number, or this (error, description)
    wrong: str | tuple[str, str] = ""
    #: PEM of the service account's public half
    public_key: str = ""
    #: users that the service account may be
    delegated: frozenset[str] = frozenset()
    rotates: bool = True
    delay_s: float = 0.0
    tokens: dict[str, float] = field(default_factory=dict)
    refresh_tokens: set[str] = field(default_factory=set)
    spent: set[str] = field(default_factory=set)
    devices: dict[str, Device] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def is_good(self, token: str) -> bool:
        """As a mail server asks."""
        with self.lock:
            return self.tokens.get(token, 0.0) > time.time()

    def revoke_all(self) -> None:
        """Every access token is void; what may be asked for again may be asked for."""
        with self.lock:
            self.tokens.clear()

    def answer(self, seen: Seen) -> Reply:
        if seen.headers.get("content-type") != "application/x-www-form-urlencoded" or seen.method != "POST":
            return _refused("invalid_request", "must be a form")
        form = {name: values[0] for name, values in parse_qs(seen.body.decode(), keep_blank_values=True).items()}
        self.asked.append({"path": seen.path, **form})
        if seen.path.endswith("/devicecode"):
            return self._device()
        if self.wrong:
            return self._aadsts(self.wrong, form) if isinstance(self.wrong, str) else _refused(*self.wrong)
        if seen.path == "/google/token":
            return self._google(form)
        return self._microsoft(form) if TENANT in seen.path else self._generic(form)

    # ---- Google -----------------------------------------------------------------------------------------

    def _google(self, form: dict[str, str]) -> Reply:
        if form.get("grant_type") != _JWT_BEARER:
            wrong = self._unknown_client(form)
            return wrong or self._refreshed(form, _refused("invalid_grant", "Token has been expired or revoked."))
        try:
            claims = jwt.decode(form["assertion"], self.public_key, ["RS256"], audience=f"{self.url}/google/token")
        except (jwt.PyJWTError, ValueError, KeyError):
            return _refused("invalid_grant", "Invalid JWT Signature.")
        if claims["exp"] - claims["iat"] > 3600 or claims["iss"] != SERVICE_EMAIL:
            return _refused("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes)")
        if claims["scope"] != MAIL_SCOPE or claims["sub"] not in self.delegated:
            words = "Client is unauthorized to retrieve access tokens using this method, or client not authorized for "
            return _refused("unauthorized_client", words + "any of the scopes requested.", 401)
        return self._granted()

    # ---- Microsoft --------------------------------------------------------------------------------------

    def _microsoft(self, form: dict[str, str]) -> Reply:
        if form.get("client_id") != CLIENT:
            return self._aadsts("700016", form)
        grant = form.get("grant_type")
        if grant == "client_credentials":
            if form.get("client_secret") != SECRET:
                return self._aadsts("7000215", form)
            return self._granted()
        if grant == _DEVICE:
            return self._approved(form)
        return self._refreshed(form, self._aadsts("700082", form))

    def _aadsts(self, number: str, form: dict[str, str]) -> Reply:
        error, words = _AADSTS[number]
        words = words.format(client_id=form.get("client_id", ""), EmailHidden="{EmailHidden}")
        status = 401 if error == "invalid_client" else 503 if error.startswith("temporarily") else 400
        body = {"error": error, "error_description": f"AADSTS{number}: {words}{_FOOT}", "error_codes": [int(number)]}
        return Reply(status, body | {"error_uri": f"https://login.microsoftonline.com/error?code={number}"})

    def _device(self) -> Reply:
        code, shown = f"canary-device-{secrets.token_hex(16)}", secrets.token_hex(4).upper()
        self.devices[code] = Device(shown)
        page = "https://microsoft.com/devicelogin"
        words = f"To sign in, use a web browser to open the page {page} and enter the code {shown} to authenticate."
        return Reply(
            200,
            {"user_code": shown, "device_code": code, "verification_uri": page, "expires_in": 900, "interval": 0.05}
            | {"message": words},
        )

    def _approved(self, form: dict[str, str]) -> Reply:
        device = self.devices.get(form.get("device_code", ""))
        if device is None or device.expired:
            return self._aadsts("70020", form)
        if device.declined:
            return self._aadsts("65004", form)
        return self._granted(self._fresh()) if device.user else self._aadsts("70016", form)

    # ---- anybody's --------------------------------------------------------------------------------------

    def _generic(self, form: dict[str, str]) -> Reply:
        if wrong := self._unknown_client(form):
            return wrong
        if form.get("grant_type") == "client_credentials":
            return self._granted()
        return self._refreshed(form, _refused("invalid_grant", "The refresh token is invalid"))

    def _unknown_client(self, form: dict[str, str]) -> Reply | None:
        if form.get("client_id") != CLIENT:
            return _refused("invalid_client", "The OAuth client was not found.", 401)
        if form.get("client_secret") != SECRET:
            # Some servers repeat what they got.
            return _refused("invalid_client", f"Unauthorized: {form.get('client_secret')}", 401)
        return None

    def _refreshed(self, form: dict[str, str], refusal: Reply) -> Reply:
        given = form.get("refresh_token", "")
        if given not in self.refresh_tokens:
            if given in self.spent:
                # RFC 9700 4.14.2: who uses one twice may be a thief, so that nobody may go on.
                self.refresh_tokens.clear()
            return refusal
        if not self.rotates:
            return self._granted()
        self.refresh_tokens.discard(given)
        self.spent.add(given)
        return self._granted(self._fresh())

    def _fresh(self) -> str:
        token = f"canary-refresh-{secrets.token_hex(24)}"
        self.refresh_tokens.add(token)
        return token

    def _granted(self, refresh: str = "") -> Reply:
        time.sleep(self.delay_s)
        token = f"canary-access-{secrets.token_hex(24)}"
        if self.claims:
            token = jwt.encode({**self.claims, "jti": secrets.token_hex(8)}, "k" * 32, "HS256")
        self.tokens[token] = time.time() + self.lives_s
        body = {"access_token": token, "token_type": "Bearer", "expires_in": self.lives_s}
        return Reply(200, body | ({"refresh_token": refresh} if refresh else {}))


def _refused(error: str, words: str, status: int = 400) -> Reply:
    return Reply(status, {"error": error, "error_description": words})
