"""Logging in as a person on another device (RFC 8628): here a code is shown, there it is typed into a browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from worker.mailbox.oauth.account import Account
from worker.mailbox.oauth.endpoint import Granted, Said, granted, post
from worker.mailbox.oauth.errors import NoToken
from worker.mailbox.oauth.prompt import Prompt

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL_S = 5.0
_LIVES_S = 900.0


def begin(account: Account) -> Prompt:
    """Ask for a code. Raises NoToken."""
    url = f"{account.token_url.removesuffix('/token')}/devicecode"
    said = post(account, url, {"client_id": account.client_id, "scope": account.scope})
    names = ("verification_uri", "user_code", "device_code")
    page, user_code, device_code = (said.get(name) for name in names)
    if not (isinstance(page, str) and isinstance(user_code, str) and isinstance(device_code, str)):
        raise NoToken("the provider gave no code to log in with", "token_url", later=True)
    lives_s, interval_s = _seconds(said, "expires_in", _LIVES_S), _seconds(said, "interval", _INTERVAL_S)
    return Prompt(page, user_code, lives_s, interval_s, device_code)


def _seconds(said: Mapping[str, Any], name: str, usual: float) -> float:
    value = said.get(name)
    return float(value) if isinstance(value, int | float) and value > 0 else usual


def wait(account: Account, prompt: Prompt, sleep: Callable[[float], None] = time.sleep) -> Granted:
    """Until the person has logged in. Raises NoToken when they declined, or let the time pass."""
    form = {"grant_type": _GRANT, "client_id": account.client_id, "device_code": prompt.device_code}
    if account.client_secret:
        form["client_secret"] = account.client_secret
    interval_s, until = prompt.interval_s, time.monotonic() + prompt.lives_s
    while time.monotonic() < until:
        sleep(interval_s)
        try:
            return _with_refresh(granted(post(account, account.token_url, form)))
        except NoToken as error:
            said = error.__cause__.error if isinstance(error.__cause__, Said) else ""
            if said == "slow_down":
                interval_s += _INTERVAL_S
            elif said != "authorization_pending" and not error.later:
                raise
    raise NoToken("nobody logged in with the code in time; run `mail-to-case login MAILBOX` again", "grant")


def _with_refresh(new: Granted) -> Granted:
    if not new.refresh:
        raise NoToken("the provider gave no refresh token; let scope contain offline_access", "scope")
    return new
