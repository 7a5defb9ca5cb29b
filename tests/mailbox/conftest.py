"""Mailboxes that are closed at the end of the test, on the real Dovecot or on the scripted server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.fakes.identity_server import IdentityServer
from tests.fakes.scripted_imap import Mail, ScriptedImap
from tests.mailbox.oauth import ENVIRON, Make, guarded, section
from worker.mailbox import Mailbox
from worker.mailbox.oauth import Keyring
from worker.settings.model import MailboxSettings


class MakeMailbox(Protocol):
    """A mailbox for these settings, open unless said otherwise."""

    def __call__(self, settings: MailboxSettings, opened: bool = True) -> Mailbox: ...


@pytest.fixture
def mailbox_for(tmp_path: Path) -> Iterator[MakeMailbox]:
    """See MakeMailbox."""
    made: list[Mailbox] = []

    def make(settings: MailboxSettings, opened: bool = True) -> Mailbox:
        mailbox = Mailbox("support", settings, tmp_path / "spool")
        made.append(mailbox)
        if opened:
            mailbox.open()
        return mailbox

    yield make
    for mailbox in made:
        mailbox.close()


@pytest.fixture
def scripted() -> Iterator[ScriptedImap]:
    """A scripted server with three mails, UIDs 1, 2 and 5."""
    with ScriptedImap({uid: Mail(b"Subject: mail %d\r\n\r\nhello\r\n" % uid) for uid in (1, 2, 5)}) as server:
        yield server


@pytest.fixture
def settings_for(monkeypatch: pytest.MonkeyPatch) -> Callable[..., MailboxSettings]:
    """Settings for a scripted server: ``settings_for(server, **changes)``."""
    monkeypatch.setenv("SCRIPTED_PASSWORD", "open sesame")

    def make(server: ScriptedImap, **changes: object) -> MailboxSettings:
        plain: dict[str, object] = {
            "host": "127.0.0.1",
            "port": server.port,
            "security": "plaintext",
            "user": "support",
            "password_env": "SCRIPTED_PASSWORD",
            "timeout_s": 5.0,
        }
        return MailboxSettings.model_validate(plain | changes)

    return make


@pytest.fixture
def mailbox(scripted: ScriptedImap, settings_for: Callable[..., MailboxSettings], mailbox_for: MakeMailbox) -> Mailbox:
    """Open on the scripted server; a command may take 5 s."""
    return mailbox_for(settings_for(scripted))


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityServer]:
    """A provider that knows FIRST_TOKEN."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    server = IdentityServer().start()
    server.refresh_tokens.add(ENVIRON["FIRST_TOKEN"])
    yield server
    server.stop()


@pytest.fixture
def make(scripted: ScriptedImap, identity: IdentityServer, tmp_path: Path) -> Iterator[Make]:
    """Mailboxes on a server that asks the provider about every token."""
    guarded(scripted, identity)
    made: list[Mailbox] = []

    def build(oauth: dict[str, object], keyring: Keyring | None = None, name: str = "support") -> Mailbox:
        made.append(Mailbox(name, section(scripted, oauth), tmp_path / "spool", keyring or Keyring()))
        return made[-1]

    yield build
    for mailbox in made:
        mailbox.close()
