"""The token endpoint: one form in, one token out, or why not and what to do about it."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard
from urllib.parse import urlencode, urlsplit

from connectors.contract import AuthFailed, ConnectorError, InDoubt, Retryable, Throttled
from connectors.http import Answer, Call, HttpClient, Rules, Secrets, Upload
from worker.mailbox.oauth.account import Account
from worker.mailbox.oauth.cures import cured, is_temporary, readable
from worker.mailbox.oauth.errors import NoToken

_FORM = "application/x-www-form-urlencoded"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_LIVES_S = 3600
#: RFC 6749 5.1 only recommends that a server says how long a token lives
_UNSAID_LIFE_S = 600.0
_LONGEST_LIFE_S = 24 * 3600.0


@dataclass(frozen=True)
class Granted:
    """A token and the seconds it lives, counted from when it was asked for; ``refresh`` when there is a new one."""

    access: str = field(repr=False)
    lives_s: float
    refresh: str = field(default="", repr=False)


class Said(AuthFailed):
    """The endpoint's own refusal (RFC 6749 5.2): ``error`` is its word for it."""

    def __init__(self, told: str, data: Mapping[str, Any]) -> None:
        super().__init__(told)
        self.error = str(data["error"])
        self.description = readable(data)


class _OAuthRules(Rules):
    def special(self, answer: Answer, told: str) -> ConnectorError | None:
        if answer.status >= 500 or answer.status == 429 or not _is_refusal(answer.data):
            return None
        return Said(told, answer.data)

    def words(self, answer: Answer) -> str:
        return readable(answer.data) if _is_refusal(answer.data) else super().words(answer)


def _is_refusal(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("error"), str)


def ask(account: Account, refresh_token: str = "") -> Granted:
    """A new token; ``refresh_token`` for the grants that have one. Raises NoToken."""
    answer = post(account, account.token_url, _form(account, refresh_token), refresh_token)
    return granted(answer)


def granted(answer: Mapping[str, Any]) -> Granted:
    """What a good answer holds (RFC 6749 5.1). Raises NoToken when it makes no sense."""
    access, refresh = answer.get("access_token"), answer.get("refresh_token", "")
    if not _is_token(access):
        raise NoToken("the token endpoint answered without a token that can be used", "token_url", later=True)
    if str(answer.get("token_type", "Bearer")).lower() != "bearer":
        raise NoToken("the token endpoint gives no bearer tokens", "token_url", refused=True)
    return Granted(access, _life_s(answer.get("expires_in")), refresh if _is_token(refresh) else "")


def _is_token(value: object) -> TypeGuard[str]:
    """Printable and without spaces: it goes into a SASL exchange whose parts are divided by a control character."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and value != "" and " " not in value


def _life_s(stated: object) -> float:
    try:
        life_s = float(str(stated))
    except ValueError:
        return _UNSAID_LIFE_S
    return min(life_s, _LONGEST_LIFE_S) if life_s > 0 else _UNSAID_LIFE_S


def post(account: Account, url: str, form: Mapping[str, str], *more_secrets: str) -> dict[str, Any]:
    """The JSON object that answers a form. Raises NoToken with the cure; ``Said`` is its cause when it was refused."""
    parts = urlsplit(url)
    secrets = Secrets([*account.secrets, *more_secrets, *_hidden(form)])
    http = HttpClient(f"{parts.scheme}://{parts.netloc}", _OAuthRules(), secrets, connections=1)
    body = urlencode(form).encode()
    upload = Upload(lambda: io.BytesIO(body), len(body), _FORM)
    try:
        answer = http.send(Call(method="POST", path=parts.path, upload=upload, prepares=True, authorized=False))
    except Said as said:
        raise _refusal(account, said, secrets) from said
    except ConnectorError as error:
        raise _failure(error) from error
    finally:
        # Tokens are asked for once an hour: a connection would only wait to be cut.
        http.close()
    if not isinstance(answer.data, dict):
        raise NoToken("the token endpoint answered something else than a JSON object", "token_url", later=True)
    return answer.data


def _hidden(form: Mapping[str, str]) -> list[str]:
    return [form[name] for name in ("assertion", "client_secret", "refresh_token", "device_code") if name in form]


def _refusal(account: Account, said: Said, secrets: Secrets) -> NoToken:
    words = secrets.excerpt(said.description)
    if is_temporary(said.error, said.description):
        return NoToken(f"the provider asks us to come back later: {words}", later=True)
    key, cure = cured(account, said.error, said.description)
    return NoToken(f"{words}; {cure}", key, refused=True)


def _failure(error: ConnectorError) -> NoToken:
    what = str(error).partition(";")[0]
    if isinstance(error, Throttled | Retryable | InDoubt):
        return NoToken(f"no token could be got now: {what}", later=True)
    return NoToken(f"no token could be got: {what}; look at tenant and token_url", "token_url", refused=True)


def _form(account: Account, refresh_token: str) -> dict[str, str]:
    if account.service:
        return {"grant_type": _JWT_BEARER, "assertion": _assertion(account)}
    form = {"client_id": account.client_id, "scope": account.scope}
    if account.client_secret:
        form["client_secret"] = account.client_secret
    if account.grant == "client_credentials":
        form["grant_type"] = "client_credentials"
    else:
        form |= {"grant_type": "refresh_token", "refresh_token": refresh_token}
        if account.provider == "google":
            # Google gives a refreshed token the scopes that were consented to.
            del form["scope"]
    return {name: value for name, value in form.items() if value}


def _assertion(account: Account) -> str:
    """RFC 7523, as Google wants it: signed by the service account, for the user whose mailbox it is."""
    # Loaded only where something has to be signed.
    import jwt

    service = account.service
    assert service is not None
    now = int(time.time())
    claims = {"iss": service.email, "sub": account.user, "scope": account.scope, "aud": account.token_url}
    claims_for = {**claims, "iat": now, "exp": now + _ASSERTION_LIVES_S}
    return jwt.encode(claims_for, service.private_key, "RS256", {"kid": service.key_id} if service.key_id else None)
