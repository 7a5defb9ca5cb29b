"""Where refresh tokens are kept: in the ledger, encrypted with a key that does not stand in the ledger."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from worker.mailbox.oauth.errors import NoToken
from worker.settings.model import WorkerSettings

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_LEASE_S = 60.0
_PATIENCE_S = 30.0
_SQLITE = "sqlite:///"


class Shelf(Protocol):
    """What the ledger does for us: it keeps texts under names, and gives one holder at a time its turn."""

    def kept(self, name: str) -> str:
        """The text, or ""."""

    def keep(self, name: str, value: str) -> None:
        """Durable on return."""

    def acquire(self, name: str, ttl_s: float = ...) -> Any:
        """A lease, or None while another worker has it."""

    def release(self, lease: Any) -> None:
        """Give it back."""


class Vault:
    """Puts texts on a shelf that only somebody with the key can read. All methods raise NoToken."""

    def __init__(self, shelf: Shelf, key: Callable[[], bytes]) -> None:
        """``key`` is asked for when something is to be kept or read; it may raise OSError."""
        self._shelf, self._key = shelf, key

    @cached_property
    def _fernet(self) -> Fernet:
        # Loaded only where something is kept.
        from cryptography.fernet import Fernet

        key = self._key()
        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"mail-to-case oauth\0" + key).digest()))

    def get(self, place: str) -> str:
        """The refresh token kept there, or ""."""
        from cryptography.fernet import InvalidToken

        with _told("read"):
            sealed = self._shelf.kept(place)
            fernet = self._fernet
        try:
            return fernet.decrypt(sealed.encode()).decode() if sealed else ""
        except InvalidToken:
            words = "the refresh token in the ledger was kept with another worker.secret_env, or another key file"
            raise NoToken(f"{words}; put the old one back, or run `mail-to-case login MAILBOX`") from None

    def put(self, place: str, token: str) -> None:
        """Durable on return."""
        with _told("kept"):
            self._shelf.keep(place, self._fernet.encrypt(token.encode()).decode())

    @contextmanager
    def turn(self, place: str) -> Iterator[None]:
        """Of all workers, one at a time renews: a refresh token that is used twice may be revoked (RFC 9700 4.14)."""
        lease = self._lease(place)
        try:
            yield
        finally:
            # A lease that cannot be given back ends by itself.
            with contextlib.suppress(NoToken), _told("released"):
                self._shelf.release(lease)

    def _lease(self, place: str) -> Any:
        until = time.monotonic() + _PATIENCE_S
        while True:
            with _told("renewed"):
                lease = self._shelf.acquire(place, _LEASE_S)
            if lease is not None:
                return lease
            if time.monotonic() > until:
                raise NoToken("another worker has been renewing this token for a while", later=True)
            time.sleep(0.1)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """The ledger is another room, whose errors are not ours to know: whatever it says, time may cure it."""
    try:
        yield
    except Exception as error:
        raise NoToken(f"the refresh token could not be {what}: {error}", later=True) from error


def vault_of(settings: WorkerSettings, shelf: Shelf) -> Vault | None:
    """With worker.secret_env, or else with a key file beside an SQLite ledger; None where there is no key to be had."""
    secret = settings.secret
    if secret is not None:
        return Vault(shelf, lambda: secret.get_secret_value().encode())
    if settings.database.startswith(_SQLITE):
        ledger = Path(settings.database.removeprefix(_SQLITE).partition("?")[0])
        return Vault(shelf, lambda: _key_beside(ledger))
    return None


def _key_beside(ledger: Path) -> bytes:
    """The content of LEDGER.key, made when it is missing: for its owner alone."""
    file = ledger.with_name(f"{ledger.name}.key")
    if not file.exists():
        _make(file)
    return file.read_bytes()


def _make(file: Path) -> None:
    """Whole or not at all, and by one process only: the others use what it made."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as new:
        new.write(secrets.token_hex(32).encode())
        new.flush()
        os.fsync(new.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
