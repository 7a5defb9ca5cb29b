"""Fixtures: a real Dovecot, an account of one's own on it, certificates that only the tests trust."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import trustme

from worker.bench.dovecot import PASSWORD, Dovecot, Options
from worker.settings.model import MailboxSettings

_USERS = tuple(f"user{number}" for number in range(500))
_PASSWORD_VARIABLE = "TEST_MAIL_PASSWORD"


@dataclass(frozen=True)
class Certificates:
    """PEM files: an authority, and a server's certificate and key for 127.0.0.1 and localhost, signed by it."""

    authority: Path
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Account:
    """An empty account on a running Dovecot, used by one test only."""

    server: Dovecot
    user: str

    def settings(self, **changes: object) -> MailboxSettings:
        """The account as a [mailboxes.NAME] section would describe it; plaintext, unless changed."""
        plain: dict[str, object] = {
            "host": self.server.host,
            "port": self.server.imap,
            "security": "plaintext",
            "user": self.user,
            "password_env": _PASSWORD_VARIABLE,
        }
        return MailboxSettings.model_validate(plain | changes)

    def append(self, *mails: bytes, folder: str = "INBOX") -> None:
        """Put mails into a folder."""
        self.server.append(self.user, folder, mails)

    def folder(self, name: str = "INBOX") -> list[tuple[bytes, frozenset[str]]]:
        """What another mail program sees: body and flags of every message, in order; [] if there is no such folder."""
        with self.server.client(self.user) as client:
            kind, count = client.select(f'"{name}"', readonly=True)
            if kind != "OK" or count == [b"0"]:
                return []
            answer = client.fetch("1:*", "(FLAGS BODY.PEEK[])")[1]
            parts = [part for part in answer if isinstance(part, tuple)]
            return [
                (body, frozenset(head.decode().partition("FLAGS (")[2].partition(")")[0].split()))
                for head, body in parts
            ]


@pytest.fixture(scope="session")
def public_folder() -> Iterator[Path]:
    """A folder that Dovecot may enter when the tests run as root: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="mail-to-case-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def certificates(public_folder: Path) -> Certificates:
    """See the class."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    files = Certificates(*(public_folder / f"{name}.pem" for name in ("authority", "certificate", "key")))
    authority.cert_pem.write_to_path(files.authority)
    issued.cert_chain_pems[0].write_to_path(files.certificate)
    issued.private_key_pem.write_to_path(files.key)
    return files


@pytest.fixture(scope="session")
def dovecot(public_folder: Path, certificates: Certificates) -> Iterator[Dovecot]:
    """Maildir, plain and TLS, for all tests that need nothing special. A missing Dovecot is an error, not a skip."""
    options = Options(users=_USERS, certificate=(certificates.certificate, certificates.key))
    with Dovecot(public_folder / "dovecot", options) as server:
        yield server


_numbers = itertools.count()


@pytest.fixture
def account(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> Account:
    """A fresh account on the shared Dovecot."""
    monkeypatch.setenv(_PASSWORD_VARIABLE, PASSWORD)
    return Account(dovecot, _USERS[next(_numbers)])


@pytest.fixture(scope="session")
def special_servers(public_folder: Path) -> Iterator[dict[Options, Dovecot]]:
    """Started when first asked for, and kept: Dovecot takes a second to stop."""
    servers: dict[Options, Dovecot] = {}
    yield servers
    for server in servers.values():
        server.terminate()
    for server in servers.values():
        server.stop()


@pytest.fixture
def special_account(
    public_folder: Path, special_servers: dict[Options, Dovecot], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Options], Account]:
    """A fresh account on a Dovecot with these options."""
    monkeypatch.setenv(_PASSWORD_VARIABLE, PASSWORD)

    def account(options: Options) -> Account:
        if options not in special_servers:
            server = Dovecot(public_folder / f"special{len(special_servers)}", replace(options, users=_USERS))
            server.start()
            special_servers[options] = server
        return Account(special_servers[options], _USERS[next(_numbers)])

    return account
