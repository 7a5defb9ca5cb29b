"""A server that drags its feet or says odd things: reconnect, never crash or hang; what is only odd is understood."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from tests.fakes.scripted_imap import HANG_UP, ScriptedImap
from tests.mailbox.conftest import MakeMailbox
from worker.mailbox import Interrupted, Mailbox, MailboxError, Refused, Unreachable
from worker.settings.model import MailboxSettings

Settings = Callable[..., MailboxSettings]


@pytest.mark.parametrize("silent", [False, True], ids=["dribbled", "silent"])
@pytest.mark.parametrize("stage", ["greeting", "command"])
def test_the_whole_command_has_a_deadline(
    scripted: ScriptedImap, settings_for: Settings, mailbox_for: MakeMailbox, stage: str, silent: bool
) -> None:
    """M13, M14, N4, N5: each byte comes in time, the answer never does; a socket timeout alone would wait for ever."""
    mailbox = mailbox_for(settings_for(scripted, timeout_s=0.6), opened=stage == "command")
    answer = b"" if silent else b"* OK " + b"x" * 500 + b"\r\n"
    scripted.greeting = answer
    scripted.rig("UID SEARCH", answer)
    scripted.dribble_s = 0.05
    started = time.monotonic()
    with pytest.raises(Unreachable, match=r"no complete answer within 0\.6 s"):
        mailbox.open() if stage == "greeting" else mailbox.unmarked()
    assert 0.5 < time.monotonic() - started < 2


def test_ok_without_text(scripted: ScriptedImap, mailbox: Mailbox) -> None:
    """Trap 9: imaplib gives up on it; we need no text."""
    scripted.rig("NOOP", b"* OK\r\nTAG OK\r\n")
    scripted.rig("UID SEARCH", b"* SEARCH 1 2\r\nTAG OK\r\n")
    mailbox.open()
    assert mailbox.unmarked() == (1, 2)
    assert scripted.connections == 1


@pytest.mark.parametrize(
    ("answer", "uids"),
    [
        (b"* SEARCH\r\n", ()),
        (b"", ()),
        (b"* SEARCH 1 2\r\n* SEARCH 5\r\n", (1, 2, 5)),
        (b"* SEARCH 5 1 2 2 (MODSEQ 917162500)\r\n", (1, 2, 5)),
        (b"* SEARCH  2 \r\n", (2,)),
    ],
)
def test_search_answers(scripted: ScriptedImap, mailbox: Mailbox, answer: bytes, uids: tuple[int, ...]) -> None:
    """Trap 6."""
    scripted.rig("UID SEARCH", answer + b"TAG OK x\r\n")
    assert mailbox.unmarked() == uids


@pytest.mark.parametrize(
    "answer",
    [
        b"* SEARCH one two\r\nTAG OK x\r\n",
        b"* SEARCH " + b"123456789 " * 110_000 + b"\r\nTAG OK x\r\n",
        b"* BYE going\r\n" + HANG_UP,
        b"garbage\r\n",
        b"TAG BAD [CLIENTBUG] what?\r\n",
        b"TAG NO [UNAVAILABLE] later\r\n",
        b"TAGX OK x\r\n",
        (b"* OK " + b"x" * 90_000 + b"\r\n") * 400,
        b"\0\xff\n",
    ],
    ids=["words", "long line", "bye", "garbage", "bad", "no", "foreign tag", "flood", "bytes"],
)
def test_useless_answers_mean_reconnect(scripted: ScriptedImap, mailbox: Mailbox, answer: bytes) -> None:
    """Traps 6 and 9, M17, M-1, M-17, M-28, M-30."""
    scripted.rig("UID SEARCH", answer, lambda _: None)
    with pytest.raises(Unreachable, match=r"mailboxes\.support"):
        mailbox.unmarked()
    mailbox.open()
    assert mailbox.unmarked() == (1, 2, 5)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("21-Nov-2026 10:00:00 +0900", datetime(2026, 11, 21, 1, tzinfo=UTC)),
        (" 1-Jan-1970 00:00:00 +0000", datetime(1970, 1, 1, tzinfo=UTC)),
        ("19-Jan-2038 03:14:08 -1200", datetime(2038, 1, 19, 15, 14, 8, tzinfo=UTC)),
        ("31-Dec-9999 23:59:59 -1200", datetime(1970, 1, 1, tzinfo=UTC)),
        ("yesterday", datetime(1970, 1, 1, tzinfo=UTC)),
        ("", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_arrival_is_aware_utc_whatever_the_server_says(
    scripted: ScriptedImap, mailbox: Mailbox, date: str, expected: datetime
) -> None:
    """Trap 10, M-32."""
    scripted.mails[1].date = date
    assert mailbox.describe([1])[0].received_at == expected


def test_uidvalidity_that_changes_within_a_session(scripted: ScriptedImap, mailbox: Mailbox) -> None:
    """M-3."""
    scripted.rig("UID SEARCH", b"* OK [UIDVALIDITY 8] rebuilt\r\n* SEARCH 1\r\nTAG OK x\r\n")
    with pytest.raises(Unreachable, match="UIDVALIDITY"):
        mailbox.unmarked()
    scripted.uidvalidity = 8
    mailbox.open()
    assert mailbox.uidvalidity == 8


def test_a_folder_replaced_without_a_word_is_found_out_before_marking(
    scripted: ScriptedImap, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M8, M-3: on a server that says nothing, selecting again tells."""
    monkeypatch.setattr("worker.mailbox.session.CONFIRM_S", 0.0)
    scripted.uidvalidity = 8
    with pytest.raises(Unreachable, match="UIDVALIDITY"):
        mailbox.acknowledge([1])
    mailbox.open()
    scripted.rig("SELECT", b"TAG NO [NONEXISTENT] gone\r\n", lambda _: None)
    with pytest.raises(Unreachable, match="cannot be found any more"):
        mailbox.acknowledge([1])
    assert not {"UID STORE", "UID MOVE"} & set(scripted.names())


def test_a_folder_without_uidvalidity_is_refused(
    scripted: ScriptedImap, settings_for: Settings, mailbox_for: MakeMailbox
) -> None:
    scripted.rig("SELECT", b"* 3 EXISTS\r\n* FLAGS (\\Deleted)\r\nTAG OK [READ-WRITE] x\r\n")
    with pytest.raises(Refused, match="UIDVALIDITY"):
        mailbox_for(settings_for(scripted))


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (b"TAG NO [UNAVAILABLE] backend down\r\n", Unreachable, "cannot be opened now"),
        (b"TAG NO [SERVERBUG] oops\r\n", Unreachable, "cannot be opened now"),
        (b"TAG NO nobody knows why\r\n", Unreachable, "cannot be opened now"),
        (b"TAG NO [NOPERM] not yours\r\n", Refused, "grant the rights"),
        (b"* OK [UIDVALIDITY 1] x\r\n* 1 EXISTS\r\nTAG OK [READ-ONLY] x\r\n", Refused, "only be looked at"),
        (b"* OK [UIDVALIDITY 1] x\r\n* OK [PERMANENTFLAGS ()] x\r\nTAG OK x\r\n", Refused, "only be looked at"),
        (b"* FLAGS oops\r\n* x EXISTS\r\nTAG OK [UIDVALIDITY one] x\r\n", Unreachable, "makes no sense"),
        (b"* 1 EXISTS\r\nTAG OK [UIDVALIDITY 99x] x\r\n", Unreachable, "makes no sense"),
    ],
)
def test_select_answers(
    scripted: ScriptedImap,
    settings_for: Settings,
    mailbox_for: MakeMailbox,
    answer: bytes,
    kind: type[Exception],
    text: str,
) -> None:
    """M-12, M-17, M-36."""
    scripted.rig("SELECT", answer)
    with pytest.raises(kind, match=text):
        mailbox_for(settings_for(scripted))


def test_lost_connection_is_made_anew_by_open(scripted: ScriptedImap, mailbox: Mailbox) -> None:
    """M-1, trap 5: a dead connection is discarded, and counters go on."""
    scripted.rig("NOOP", b"* BYE idle for too long\r\n" + HANG_UP)
    before = mailbox.bytes_in
    assert mailbox.open().exists == 3
    assert scripted.connections == 2
    assert mailbox.bytes_in > before > 0


def test_interrupt_ends_a_running_command_and_all_later_ones(scripted: ScriptedImap, mailbox: Mailbox) -> None:
    """SIGTERM must not wait for a slow server."""
    scripted.rig("UID SEARCH", b"")
    timer = threading.Timer(0.2, mailbox.interrupt)
    timer.start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        mailbox.unmarked()
    assert time.monotonic() - started < 2
    with pytest.raises(Interrupted):
        mailbox.open()
    timer.join()


_WORDS = (
    b'* |TAG |OK |NO |BAD |BYE |PREAUTH |+ |\r\n|{3}\r\nabc|{0}\r\n|(|)|"|\\|NIL |1 |2 |FETCH |UID |EXISTS|SEARCH |'
    b"FLAGS |BODY[]<0> |RFC822.SIZE |INTERNALDATE |[UIDVALIDITY 7] |[READ-ONLY] |[TRYCREATE] |"
    b"CAPABILITY IMAP4rev1 |\xff\0|[|]|<|]<0>"
)


@pytest.mark.parametrize(
    "command", ["SELECT", "UID SEARCH", "UID FETCH", "NOOP", "UID MOVE", "IDLE", "LOGIN", "CAPABILITY"]
)
def test_no_answer_whatever_raises_anything_else(
    scripted: ScriptedImap, settings_for: Settings, tmp_path: Path, command: str
) -> None:
    """M-27: hypothesis speaks nearly-IMAP; only MailboxError comes out, and quickly."""
    words = strategies.sampled_from(_WORDS.split(b"|"))

    errors: list[str] = []

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategies.lists(words, max_size=14))
    def speak(parts: list[bytes]) -> None:
        scripted.rig(command, b"".join(parts) + b"\r\n" + HANG_UP)
        mailbox = Mailbox("support", settings_for(scripted), tmp_path)
        try:
            mailbox.open()
            mailbox.open()
            list(mailbox.read(mailbox.describe(mailbox.unmarked())))
            mailbox.acknowledge([1])
            mailbox.begin_idle()
            mailbox.end_idle()
        except MailboxError as error:
            errors.append(str(error))
        finally:
            mailbox.close()
        assert not any("\n" in error for error in errors)

    speak()
