"""I15: a stop reaches a mailbox at once, wherever it waits: resolver, connect, greeting, handshake, login."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.scripted_imap import ScriptedImap
from tests.mailbox.conftest import MakeMailbox
from worker.mailbox import Interrupted, Mailbox, Unreachable
from worker.settings.model import MailboxSettings

#: long before any time-out of ours
_AT_ONCE_S = 1.0


@pytest.fixture
def silent() -> Iterator[int]:
    """A port where connections are taken, and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@pytest.fixture
def full() -> Iterator[int]:
    """A port whose queue is full, so that connecting takes for ever."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = int(listener.getsockname()[1])
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        yield port
        for sock in waiting:
            sock.close()


def settings(port: int, **changes: object) -> MailboxSettings:
    plain = {"host": "127.0.0.1", "port": port, "security": "plaintext", "user": "u", "timeout_s": 30.0}
    return MailboxSettings.model_validate(plain | {"password_env": "ANY_PASSWORD"} | changes)


@pytest.fixture
def any_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANY_PASSWORD", "open sesame")


def ends_at_once(mailbox: Mailbox, stop: Callable[[], None]) -> None:
    """Open it, stop it meanwhile, and take the time."""
    stopped_at: list[float] = []

    def later() -> None:
        stopped_at.append(time.monotonic())
        stop()

    timer = threading.Timer(0.3, later)
    timer.start()
    with pytest.raises(Interrupted, match=r"mailboxes\.support.*stopped on request"):
        mailbox.open()
    timer.join()
    assert time.monotonic() - stopped_at[0] < _AT_ONCE_S


@pytest.mark.usefixtures("any_password")
@pytest.mark.parametrize("way", ["interrupt", "refrain"])
@pytest.mark.parametrize("security", ["plaintext", "tls"])
def test_while_waiting_for_a_greeting_or_a_handshake(silent: int, tmp_path: Path, security: str, way: str) -> None:
    mailbox = Mailbox("support", settings(silent, security=security), tmp_path)
    ends_at_once(mailbox, getattr(mailbox, way))


@pytest.mark.usefixtures("any_password")
def test_while_connecting(full: int, tmp_path: Path) -> None:
    mailbox = Mailbox("support", settings(full), tmp_path)
    ends_at_once(mailbox, mailbox.interrupt)


@pytest.mark.usefixtures("any_password")
def test_while_a_name_is_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(3.0) or [])
    mailbox = Mailbox("support", settings(993, host="mail.example.com", security="tls"), tmp_path)
    ends_at_once(mailbox, mailbox.interrupt)


@pytest.mark.parametrize("way", ["interrupt", "refrain"])
def test_while_logging_in(
    scripted: ScriptedImap,
    settings_for: Callable[..., MailboxSettings],
    mailbox_for: MakeMailbox,
    way: str,
) -> None:
    scripted.rig("LOGIN", b"")
    mailbox = mailbox_for(settings_for(scripted, timeout_s=30.0), opened=False)
    ends_at_once(mailbox, getattr(mailbox, way))


def test_refraining_leaves_a_live_connection_alone(mailbox: Mailbox) -> None:
    """What is in hand is brought to its end; but nothing is connected anew."""
    mailbox.refrain()
    assert mailbox.unmarked() == (1, 2, 5)
    mailbox.close()
    with pytest.raises(Interrupted):
        mailbox.open()


@pytest.mark.usefixtures("any_password")
@pytest.mark.parametrize("way", ["interrupt", "refrain"])
def test_a_stop_that_comes_first(silent: int, tmp_path: Path, way: str) -> None:
    mailbox = Mailbox("support", settings(silent), tmp_path)
    getattr(mailbox, way)()
    with pytest.raises(Interrupted):
        mailbox.open()


@pytest.mark.usefixtures("any_password")
def test_a_closed_port_is_still_told_at_once(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        mailbox = Mailbox("support", settings(listener.getsockname()[1]), tmp_path)
        with pytest.raises(Unreachable, match="refused"):
            mailbox.open()
