"""How we log in: an app's own credentials, or an assertion that we sign for a user who trusts the app."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.contract import AuthFailed, Unusable
from connectors.http import Answer, Auth, Call, ClientCredentials, HttpClient, Token, Upload

_FORM = "application/x-www-form-urlencoded"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_LIVES_S = 180
#: Salesforce does not say how long a token lives; this is an org's usual session, and a 401 ends it sooner
_TOKEN_LIVES_S = 7200.0
_MUST_HAVE = {"api", "full"}


@dataclass(frozen=True, repr=False)
class Login:
    """Client credentials when there is a secret, else JWT bearer. ``audience`` is the login host's address."""

    client_id: str
    client_secret: str = ""
    user: str = ""
    private_key: str = ""
    audience: str = "https://login.salesforce.com"

    def auth(self, http: HttpClient) -> Auth:
        """The Authorization header's source."""
        return ClientCredentials(lambda: self._fetch(http))

    def _fetch(self, http: HttpClient) -> Token:
        answer = http.send(_token_call(self._form()))
        value = str(answer.value("access_token"))
        http.secrets.add(value)
        _must_do(answer)
        return Token(value, _TOKEN_LIVES_S)

    def _form(self) -> dict[str, str]:
        if self.client_secret:
            return {
                "grant_type": "client_credentials",
                "client_id": self.client_id,
                "client_secret": self.client_secret,
            }
        claims = {"iss": self.client_id, "sub": self.user, "aud": self.audience}
        claims_until = claims | {"exp": int(time.time()) + _ASSERTION_LIVES_S}
        return {"grant_type": _JWT_BEARER, "assertion": jwt.encode(claims_until, _pem(self.private_key), "RS256")}

    @property
    def cure(self) -> str:
        """What an operator looks at when Salesforce does not know us."""
        if self.client_secret:
            return "look at client_id and client_secret_env, and at the run-as user of the External Client App's flow"
        return "look at client_id, user and private_key_env, at the app's certificate, and whether the user may use it"


def _token_call(form: Mapping[str, str]) -> Call:
    body = urlencode(form).encode()
    upload = Upload(lambda: io.BytesIO(body), len(body), _FORM)
    return Call(method="POST", path="/services/oauth2/token", upload=upload, prepares=True, authorized=False)


def _must_do(answer: Answer) -> None:
    scopes = answer.data.get("scope")
    if isinstance(scopes, str) and scopes and not _MUST_HAVE & set(scopes.split()):
        raise Unusable("the token lacks the scope api; add it to the External Client App's OAuth settings")
    if str(answer.data.get("token_type", "Bearer")).lower() != "bearer":
        raise AuthFailed("Salesforce gave no bearer token")


def _pem(private_key: str) -> str:
    """Variables often hold the lines of a key joined by a backslash and an n."""
    return private_key.replace("\\n", "\n").strip() + "\n"


def default_audience(url: str) -> str:
    """The login host that an assertion is meant for: the test one for a sandbox."""
    host = urlsplit(url).hostname or ""
    return "https://test.salesforce.com" if ".sandbox." in host else "https://login.salesforce.com"


def login_misfits(options: Mapping[str, object]) -> list[tuple[str, str]]:
    """What is missing of the set that was begun, or of both."""
    secret, jwt_keys = bool(options.get("client_secret")), {"user", "private_key"}
    given = {name for name in jwt_keys if options.get(name)}
    if secret and given:
        return [("client_secret", "give client_secret_env, or user and private_key_env, not both")]
    if not secret and not given:
        return [("client_secret", "missing; give client_secret_env, or user and private_key_env")]
    if given and (lacking := jwt_keys - given):
        return [(name, f"missing beside {next(iter(given))}") for name in sorted(lacking)]
    return _key_misfit(str(options["private_key"])) if given else []


def _key_misfit(private_key: str) -> list[tuple[str, str]]:
    try:
        key = load_pem_private_key(_pem(private_key).encode(), None)
    # The library's own text may show what it could not read, and is left out.
    except (ValueError, TypeError):
        return [("private_key", "is no private key in PEM; give one without a password, as openssl genrsa makes it")]
    except Exception as error:
        return [("private_key", f"cannot be used ({type(error).__name__}); give an RSA key in PEM")]
    return [] if isinstance(key, RSAPrivateKey) else [("private_key", "must be an RSA key")]


def version_problem(version: str) -> str:
    """What is wrong with ``api_version``, or ""."""
    return "" if re.fullmatch(r"v?\d{2,3}\.0", version) else "is no version; write it as v67.0"
