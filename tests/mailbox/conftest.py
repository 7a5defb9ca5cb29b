"""Mailboxes that are closed at the end of the test, on the real Dovecot or on the scripted server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.fakes.scripted_imap import Mail, ScriptedImap
from worker.mailbox import Mailbox
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
