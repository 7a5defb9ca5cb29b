"""Every scripted fault, once: what a client sees of it, and what was really done."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.demo.raw import RawClient
from worker.demo.imap import Action, Fault, Faults
from worker.demo.server import TestMailbox

MAIL = b"Subject: hello\r\n\r\nText\r\n"


@contextmanager
def opened(folder: Path, *faults: Fault) -> Iterator[tuple[TestMailbox, RawClient]]:
    """A mailbox of one message with these faults, and a client that has INBOX open."""
    with TestMailbox(folder, faults=Faults(*faults)) as mailbox:
        mailbox.deliver(MAIL)
        with RawClient(mailbox.imap_port) as client:
            client.login().command(b"SELECT INBOX")
            yield mailbox, client


def flags_in(mailbox: TestMailbox) -> frozenset[str]:
    return mailbox.store.inbox.snapshot().messages[1].flags


STORE = b"UID STORE 1 +FLAGS ($Done)"
FETCH = b"UID FETCH 1 (RFC822.SIZE BODY.PEEK[])"


def test_drop_before_leaves_nothing_done(tmp_path: Path) -> None:
    """N2"""
    with opened(tmp_path, Fault("STORE", 2, Action.DROP_BEFORE)) as (mailbox, client):
        assert b" OK " in client.command(b"UID STORE 1 +FLAGS (\\Seen)")[-1]
        assert client.command(STORE) == []
        assert flags_in(mailbox) == {"\\Seen"}
        assert [fault.action for fault in mailbox.faults.fired] == [Action.DROP_BEFORE]


def test_drop_after_leaves_it_done_without_an_answer(tmp_path: Path) -> None:
    with opened(tmp_path, Fault("STORE", 1, Action.DROP_AFTER)) as (mailbox, client):
        assert client.command(STORE) == []
        assert flags_in(mailbox) == {"$Done"}


def test_drop_midway_cuts_the_body(tmp_path: Path) -> None:
    with opened(tmp_path, Fault("FETCH", 1, Action.DROP_MIDWAY)) as (_, client):
        answer = client.command(FETCH)
        assert b"".join(answer).startswith(b"* 1 FETCH (UID 1")
        assert MAIL not in b"".join(answer)
        assert client.line() == b""


def test_bye_in_the_middle_and_at_the_greeting(tmp_path: Path) -> None:
    """M-1"""
    faults = (Fault("FETCH", 1, Action.BYE, text="Restarting"), Fault("GREETING", 2, Action.BYE, text="Busy"))
    with opened(tmp_path, *faults) as (mailbox, client):
        assert client.command(FETCH) == [b"* BYE Restarting\r\n"]
        with RawClient(mailbox.imap_port) as refused:
            assert refused.greeting == b"* BYE Busy\r\n"
        with RawClient(mailbox.imap_port) as welcome:
            assert welcome.greeting.startswith(b"* OK")


@pytest.mark.parametrize(("action", "kind"), [(Action.NO, b"NO"), (Action.BAD, b"BAD"), (Action.IGNORED, b"OK")])
def test_forced_answers_leave_nothing_done(tmp_path: Path, action: Action, kind: bytes) -> None:
    """M-13, M-15, M-17"""
    with opened(tmp_path, Fault("STORE", 1, action, text="[OVERQUOTA] No more room")) as (mailbox, client):
        assert client.command(STORE)[-1].endswith(b" " + kind + b" [OVERQUOTA] No more room\r\n")
        assert flags_in(mailbox) == frozenset()
        assert b" OK " in client.command(STORE)[-1]


def test_delay(tmp_path: Path) -> None:
    with opened(tmp_path, Fault("NOOP", 1, Action.DELAY, seconds=0.3)) as (_, client):
        started = time.monotonic()
        assert b" OK " in client.command(b"NOOP")[-1]
        assert time.monotonic() - started >= 0.3


def test_a_long_delay_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    with opened(tmp_path, Fault("NOOP", 1, Action.DELAY, seconds=600)) as (mailbox, client):
        client.socket.sendall(b"X NOOP\r\n")
        time.sleep(0.1)
        started = time.monotonic()
        mailbox.stop()
        assert time.monotonic() - started < 5


def test_silence_keeps_the_connection(tmp_path: Path) -> None:
    """N5"""
    with opened(tmp_path, Fault("NOOP", 1, Action.SILENCE)) as (_, client):
        client.socket.sendall(b"X NOOP\r\n")
        client.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        client.socket.settimeout(10)
        client.socket.sendall(b"Y CAPABILITY\r\n")
        assert client.socket.recv(1000).startswith(b"* CAPABILITY")


def test_alert_and_garbage_come_before_the_answer(tmp_path: Path) -> None:
    """M-21, M-30"""
    faults = (Fault("NOOP", 1, Action.ALERT, text="Quota soon full"), Fault("NOOP", 2, Action.GARBAGE))
    with opened(tmp_path, *faults) as (_, client):
        assert client.command(b"NOOP")[0] == b"* OK [ALERT] Quota soon full\r\n"
        assert b"nonsense" in client.command(b"NOOP")[0]


def test_nil_body(tmp_path: Path) -> None:
    """M-5"""
    with opened(tmp_path, Fault("FETCH", 1, Action.NIL_BODY)) as (_, client):
        assert b"BODY[] NIL)" in client.command(FETCH)[0]
        assert MAIL in client.command(FETCH)[0]


def test_lying_size(tmp_path: Path) -> None:
    """M-23"""
    with opened(tmp_path, Fault("FETCH", 1, Action.LYING_SIZE, number=3)) as (_, client):
        assert b"RFC822.SIZE 3 " in client.command(FETCH)[0]


def test_long_literal(tmp_path: Path) -> None:
    """M-24, M-25"""
    with opened(tmp_path, Fault("FETCH", 1, Action.LONG_LITERAL, number=8_000_000_000)) as (_, client):
        client.socket.sendall(b"X " + FETCH + b"\r\n")
        assert b"BODY[] {%d}" % (8_000_000_000 + len(MAIL)) in client.file.readline()


def test_dropped_keywords(tmp_path: Path) -> None:
    """M-13"""
    fault = Fault("STORE", 1, Action.DROPPED_KEYWORDS, times=0)
    with opened(tmp_path, fault, Fault("APPEND", 1, Action.DROPPED_KEYWORDS)) as (mailbox, client):
        for _ in range(3):
            assert b" OK " in client.command(b"UID STORE 1 +FLAGS ($Done \\Seen)")[-1]
        assert flags_in(mailbox) == {"\\Seen"}
        client.command(b"APPEND INBOX ($Done) {1+}\r\nx")
        assert mailbox.store.inbox.snapshot().messages[2].flags == frozenset()


def test_deaf_idle_says_nothing(tmp_path: Path) -> None:
    """M-11"""
    with opened(tmp_path, Fault("IDLE", 1, Action.DEAF)) as (mailbox, client):
        client.socket.sendall(b"X IDLE\r\n")
        assert client.line() == b"+ idling\r\n"
        mailbox.deliver(MAIL)
        client.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        client.socket.settimeout(10)
        client.socket.sendall(b"DONE\r\n")
        assert b"* 2 EXISTS" in client.socket.recv(1000)


@pytest.mark.parametrize("text", ["Restarting", ""])
def test_idle_ends_from_the_other_side(tmp_path: Path, text: str) -> None:
    """M-1: BYE, or nothing but the end, in the middle of IDLE."""
    with opened(tmp_path, Fault("IDLE", 1, Action.END_OF_IDLE, seconds=0.2, text=text)) as (_, client):
        client.socket.sendall(b"X IDLE\r\n")
        assert client.line() == b"+ idling\r\n"
        assert client.line() == (f"* BYE {text}\r\n".encode() if text else b"")


def test_dribble(tmp_path: Path) -> None:
    """N4: each byte comes in time, the answer does not."""
    with opened(tmp_path, Fault("NOOP", 1, Action.DRIBBLE, seconds=0.02)) as (_, client):
        client.socket.settimeout(0.5)
        started = time.monotonic()
        assert client.command(b"NOOP")[-1].endswith(b"OK NOOP completed\r\n")
        assert time.monotonic() - started > 0.3


def test_a_silent_greeting(tmp_path: Path) -> None:
    """N5"""
    with opened(tmp_path, Fault("GREETING", 2, Action.SILENCE)) as (mailbox, _):
        with socket.create_connection(("127.0.0.1", mailbox.imap_port), timeout=0.3) as client:
            with pytest.raises(TimeoutError):
                client.recv(1)


def test_new_uidvalidity_in_a_session_and_between_two(tmp_path: Path) -> None:
    """M-2, M-3"""
    faults = (Fault("STORE", 1, Action.NEW_UIDVALIDITY), Fault("SELECT", 2, Action.NEW_UIDVALIDITY))
    with opened(tmp_path, *faults) as (mailbox, client):
        seen = [mailbox.store.inbox.uidvalidity]
        assert b" NO " in client.command(STORE)[-1]
        seen.append(mailbox.store.inbox.uidvalidity)
        assert b"UIDVALIDITY" in b"".join(client.command(b"SELECT INBOX"))
        seen.append(mailbox.store.inbox.uidvalidity)
        assert seen == sorted(set(seen))
        assert flags_in(mailbox) == frozenset()


def test_faults_are_counted_over_connections_and_may_be_planned_late(tmp_path: Path) -> None:
    with opened(tmp_path) as (mailbox, client):
        client.command(b"NOOP")
        mailbox.faults.add(Fault("NOOP", 2, Action.NO, times=2, text="later"))
        with RawClient(mailbox.imap_port) as other:
            answers = [who.command(b"NOOP")[-1].split()[1] for who in (client, other, client, other)]
        assert answers == [b"OK", b"NO", b"NO", b"OK"]
        mailbox.faults.add(Fault("*", 1, Action.NO, times=0))
        assert b" NO " in client.command(b"CAPABILITY")[-1]
        mailbox.faults.clear()
        assert b" OK " in client.command(b"CAPABILITY")[-1]
        assert len(mailbox.faults.fired) == 3
