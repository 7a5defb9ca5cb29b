"""Idling: hints arrive, once, from any number of mailboxes, and never a spin."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.dovecot import Account
from tests.fakes.scripted_imap import HANG_UP, ScriptedImap
from tests.mailbox.conftest import MakeMailbox
from worker.mailbox import Mailbox, Unreachable, Watch
from worker.settings.model import MailboxSettings

Settings = Callable[..., MailboxSettings]


class Hints:
    """Collects names as they come."""

    def __init__(self) -> None:
        self.names: queue.Queue[str] = queue.Queue()

    def __call__(self, name: str) -> None:
        self.names.put(name)

    def none_within(self, seconds: float) -> bool:
        try:
            self.names.get(timeout=seconds)
        except queue.Empty:
            return True
        return False


@pytest.fixture
def hints() -> Hints:
    return Hints()


@pytest.fixture
def watch(hints: Hints) -> Iterator[Watch]:
    watch = Watch(hints)
    yield watch
    watch.stop()


def _idle(mailbox: Mailbox, watch: Watch) -> None:
    # As a poll does: what was there when the folder was listed is no news.
    mailbox.unmarked()
    mailbox.begin_idle()
    assert mailbox.idling
    watch.add(mailbox)


@pytest.mark.dovecot
def test_new_mail_gives_one_hint_and_the_poll_finds_it(
    account: Account, mailbox_for: MakeMailbox, watch: Watch, hints: Hints
) -> None:
    mailbox = mailbox_for(account.settings())
    for number in (1, 2):
        _idle(mailbox, watch)
        account.append(b"Subject: x\r\n\r\n")
        assert hints.names.get(timeout=5) == "support"
        assert watch.remove("support") is None
        mailbox.end_idle()
        mailbox.open()
        assert mailbox.unmarked()[-1] == number
    assert hints.none_within(0.1)


@pytest.mark.dovecot
def test_removed_mailbox_is_still_idling_and_gives_no_hint(
    account: Account, mailbox_for: MakeMailbox, watch: Watch, hints: Hints
) -> None:
    mailbox = mailbox_for(account.settings())
    _idle(mailbox, watch)
    assert watch.remove("support") is mailbox
    account.append(b"Subject: x\r\n\r\n")
    assert hints.none_within(1.0)
    # open() leaves IDLE by itself.
    assert mailbox.open().exists == 1


def test_news_before_the_plus_or_with_it_is_not_lost(
    scripted: ScriptedImap, settings_for: Settings, mailbox_for: MakeMailbox, watch: Watch, hints: Hints
) -> None:
    """Traps 3 and 4: EXISTS before "+", which imapclient takes for an error, or in the same segment after it."""
    for reply in (b"* 4 EXISTS\r\n+ idling\r\n", b"+ idling\r\n* 4 EXISTS\r\n"):
        mailbox = mailbox_for(settings_for(scripted))
        scripted.rig("IDLE", reply)
        mailbox.begin_idle()
        # The segment after the "+" is there at the latest when the descriptor is readable.
        watch.add(mailbox)
        assert hints.names.get(timeout=5) == "support"
        mailbox.end_idle()
        assert mailbox.open().exists == 4


@pytest.mark.parametrize("goodbye", [b"* BYE restarting\r\n" + HANG_UP, b"* 4 EXI" + HANG_UP, HANG_UP])
def test_a_dead_connection_hints_once_and_the_poll_reconnects(
    scripted: ScriptedImap, settings_for: Settings, mailbox_for: MakeMailbox, watch: Watch, hints: Hints, goodbye: bytes
) -> None:
    """Trap 2, M-1, N3: readable but empty is dead; no selector spins on it."""
    mailbox = mailbox_for(settings_for(scripted))
    scripted.rig("IDLE", b"+ idling\r\n" + goodbye)
    mailbox.begin_idle()
    watch.add(mailbox)
    assert hints.names.get(timeout=5) == "support"
    before = time.process_time()
    assert hints.none_within(0.3)
    assert time.process_time() - before < 0.2
    with pytest.raises(Unreachable):
        mailbox.end_idle()
    assert not mailbox.idling
    assert mailbox.open().exists == 3
    assert scripted.connections == 2


def test_idle_is_renewed_in_time(
    scripted: ScriptedImap, settings_for: Settings, mailbox_for: MakeMailbox, hints: Hints
) -> None:
    """RFC 2177: servers hang up after 30 minutes of IDLE."""
    watch = Watch(hints, renew_s=0.2)
    mailbox = mailbox_for(settings_for(scripted))
    started = time.monotonic()
    _idle(mailbox, watch)
    assert hints.names.get(timeout=5) == "support"
    assert time.monotonic() - started >= 0.2
    mailbox.end_idle()
    watch.stop()
    assert scripted.names()[-2:] == ["IDLE", "DONE"]


def test_a_server_without_idle_is_left_alone(
    settings_for: Settings, mailbox_for: MakeMailbox, watch: Watch, hints: Hints
) -> None:
    """M-11."""
    with ScriptedImap(capabilities="IMAP4rev1 MOVE") as server:
        mailbox = mailbox_for(settings_for(server))
        assert not mailbox.pushes
        mailbox.begin_idle()
        watch.add(mailbox)
        assert not mailbox.idling
        assert watch.remove("support") is None
        assert "IDLE" not in server.names()
        mailbox.close()


def test_a_listener_that_fails_deafens_nobody(
    scripted: ScriptedImap, settings_for: Settings, mailbox_for: MakeMailbox
) -> None:
    heard = threading.Semaphore(0)

    def fail(_: str) -> None:
        heard.release()
        raise RuntimeError("listener's own mistake")

    watch = Watch(fail, renew_s=0.05)
    mailbox = mailbox_for(settings_for(scripted))
    for _ in range(2):
        _idle(mailbox, watch)
        assert heard.acquire(timeout=5)
        mailbox.end_idle()
    watch.stop()
    watch.stop()


def test_after_stop_nothing_is_watched(
    scripted: ScriptedImap, settings_for: Settings, mailbox_for: MakeMailbox, watch: Watch, hints: Hints
) -> None:
    mailbox = mailbox_for(settings_for(scripted))
    _idle(mailbox, watch)
    watch.stop()
    watch.add(mailbox)
    scripted.say(b"* 9 EXISTS\r\n")
    assert hints.none_within(0.2)
    assert watch.remove("support") is None
    mailbox.end_idle()


def test_many_mailboxes_one_thread(
    scripted: ScriptedImap, settings_for: Settings, mailbox_for: MakeMailbox, watch: Watch, hints: Hints
) -> None:
    settings = settings_for(scripted)
    threads = threading.active_count()
    mailboxes = []
    for number in range(30):
        mailbox = mailbox_for(settings)
        mailbox.name = f"box{number}"
        mailboxes.append(mailbox)
    server_threads = threading.active_count() - threads
    for mailbox in mailboxes:
        _idle(mailbox, watch)
    assert threading.active_count() - threads == server_threads
    for sock in scripted._sockets:
        sock.sendall(b"* 4 EXISTS\r\n")
    assert {hints.names.get(timeout=5) for _ in mailboxes} == {mailbox.name for mailbox in mailboxes}
    for mailbox in mailboxes:
        mailbox.end_idle()
