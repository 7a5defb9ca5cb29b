"""Who we are to a CRM: a fixed header, or a token fetched once for all threads and renewed in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from connectors.contract import AuthFailed, ConnectorError

_RENEW_AT = 0.8
#: a login that was refused is not tried again at once, lest the account be locked
_REFUSAL_LASTS_S = 60.0


class Auth(Protocol):
    """The value of the Authorization header."""

    def header(self) -> str:
        """A value believed to be good. Raises ConnectorError when there is none to be had."""

    def renew(self, refused: str) -> bool:
        """After a 401 with that value: whether ``header`` now gives another one."""


@dataclass(frozen=True)
class FixedAuth:
    """One value for ever, such as an API token."""

    value: str

    def header(self) -> str:
        return self.value

    def renew(self, refused: str) -> bool:
        return False


@dataclass(frozen=True)
class Token:
    """A bearer token and the seconds it lives, counted from when it was asked for."""

    value: str
    lives_s: float


class ClientCredentials:
    """A token from ``fetch``, renewed at 80 % of its life; however many threads need it, one fetches."""

    def __init__(self, fetch: Callable[[], Token], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._value = ""
        self._renew_at = 0.0
        self._ends_at = 0.0
        self._refusal: AuthFailed | None = None
        self._refused_until = 0.0

    def header(self) -> str:
        with self._lock:
            if self._clock() >= self._renew_at:
                self._renew_early()
            return self._value

    def renew(self, refused: str) -> bool:
        with self._lock:
            # Another thread may have renewed it while this one waited.
            if self._value == refused:
                self._renew()
            return True

    def _renew_early(self) -> None:
        try:
            self._renew()
        except ConnectorError:
            # The old one may still be good for the last fifth of its life.
            if self._clock() >= self._ends_at:
                raise

    def _renew(self) -> None:
        now = self._clock()
        if self._refusal is not None and now < self._refused_until:
            raise AuthFailed(str(self._refusal))
        try:
            token = self._fetch()
        except AuthFailed as error:
            self._refusal, self._refused_until = error, now + _REFUSAL_LASTS_S
            raise
        self._refusal = None
        self._value = f"Bearer {token.value}"
        self._ends_at = now + token.lives_s
        self._renew_at = now + token.lives_s * _RENEW_AT
