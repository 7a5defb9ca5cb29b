"""A server that lies about bodies or breaks off within one: a whole mail, or none, and little memory."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.fakes.scripted_imap import HANG_UP, Line, Mail, ScriptedImap
from worker.mailbox import Mailbox, Unreachable
from worker.mailbox.reading import PIECE_BYTES
from worker.message import Source


def _bodies(mailbox: Mailbox) -> dict[int, Source | None]:
    return {waiting.slot.uid: source for waiting, source in mailbox.read(mailbox.describe(mailbox.unmarked()))}


def test_nil_body_is_a_mail_that_is_gone(scripted: ScriptedImap, mailbox: Mailbox) -> None:
    """M6, trap 8: NIL is not an empty mail."""
    waiting = mailbox.describe([1, 2])
    scripted.rig(
        "UID FETCH",
        b'* 1 FETCH (UID 1 BODY[]<0> NIL)\r\n* 2 FETCH (UID 2 BODY[]<0> "")\r\nTAG OK [EXPUNGEISSUED] x\r\n',
    )
    (_, gone), (_, empty) = mailbox.read(waiting)
    assert gone is None
    assert empty is not None
    assert empty.content == b""


def test_answers_for_others_and_without_uid_are_not_mixed_in(scripted: ScriptedImap, mailbox: Mailbox) -> None:
    """Trap 8, M-26: renumbering within an answer must not give one mail another's body or flags."""
    waiting = mailbox.describe([1, 2])
    scripted.rig(
        "UID FETCH",
        b"* 1 FETCH (FLAGS (\\Deleted))\r\n* 7 EXISTS\r\n* 1 FETCH (UID 1 BODY[]<0> {3}\r\none)\r\n* 1 EXPUNGE\r\n"
        b"* 1 FETCH (UID 2 FLAGS ())\r\n* 1 FETCH (BODY[]<0> {5}\r\nwrong UID 2)\r\n"
        b"* 2 FETCH (UID 5 BODY[]<0> {4}\r\nfive)\r\n* 1 FETCH (BODY[]<0> {3}\r\ntwo UID 2)\r\nTAG OK x\r\n",
    )
    assert [source and source.content for _, source in mailbox.read(waiting)] == [b"one", b"two"]
    scripted.rig(
        "UID FETCH",
        b"* 1 FETCH (FLAGS (\\Deleted) RFC822.SIZE 9)\r\n* 2 FETCH (RFC822.SIZE 3 FLAGS (a) UID 2)\r\nTAG OK x\r\n",
    )
    (only,) = mailbox.describe([1, 2])
    assert (only.slot.uid, set(only.flags)) == (2, {"a"})


@pytest.mark.parametrize("real", [70_000, PIECE_BYTES, 2 * PIECE_BYTES + 5])
@pytest.mark.parametrize("announced", [0, 10, 10 * PIECE_BYTES])
def test_a_wrong_size_neither_cuts_nor_blocks(
    scripted: ScriptedImap, mailbox: Mailbox, announced: int, real: int
) -> None:
    """M-23: RFC822.SIZE is an estimate on some servers, and a lie on others."""
    scripted.mails[2] = Mail(b"Subject: x\r\n\r\n".ljust(real, b"y"), announced=announced)
    source = _bodies(mailbox)[2]
    assert source is not None
    assert source.size_bytes == real
    if isinstance(source.content, Path):
        assert source.content.read_bytes() == scripted.mails[2].body
    else:
        assert source.content == scripted.mails[2].body


def test_reading_stops_at_the_limit_when_the_size_was_a_lie(scripted: ScriptedImap, mailbox: Mailbox) -> None:
    """M-23: the caller sees the true extent and no half mail."""
    scripted.mails[2] = Mail(b"x" * (4 * PIECE_BYTES), announced=10)
    waiting = mailbox.describe([2, 5])
    (told, source), (_, after) = mailbox.read(waiting, limit_bytes=2 * PIECE_BYTES)
    assert source is None
    assert told.size_bytes > 2 * PIECE_BYTES
    assert after is not None
    assert list(mailbox._spool.iterdir()) == []


@pytest.mark.parametrize("size", [50 * 10**9, 8 * 2**30, 2 * PIECE_BYTES])
def test_a_literal_larger_than_asked_for_is_not_read(scripted: ScriptedImap, mailbox: Mailbox, size: int) -> None:
    """Traps 6 and 7, M-24: no memory is taken on a server's word."""
    waiting = mailbox.describe([1])
    scripted.rig("UID FETCH", b"* 1 FETCH (UID 1 BODY[]<0> {%d}\r\nabc" % size)
    started = time.monotonic()
    with pytest.raises(Unreachable, match="literal of"):
        list(mailbox.read(waiting))
    assert time.monotonic() - started < 2


def test_the_mail_that_breaks_a_batch_is_read_alone_afterwards(scripted: ScriptedImap, mailbox: Mailbox) -> None:
    """One bad message stops no other: after the break, each of the batch comes by itself."""

    def poisoned(line: Line) -> bytes | None:
        uids = line.arguments.split(" ")[0]
        return b"* 2 FETCH (UID 2 BODY[]<0> (((\r\nTAG OK x\r\n" if "2" in uids or ":" in uids else None

    waiting = mailbox.describe([1, 2, 5])
    scripted.rig("UID FETCH", poisoned)
    with pytest.raises(Unreachable):
        list(mailbox.read(waiting))
    mailbox.open()
    reading = mailbox.read(waiting)
    assert next(reading)[0].slot.uid == 1
    with pytest.raises(Unreachable):
        next(reading)
    mailbox.open()
    assert [message.slot.uid for message, source in mailbox.read([waiting[2]]) if source] == [5]


def test_an_answer_cut_at_any_byte_gives_no_half_mail(scripted: ScriptedImap, mailbox: Mailbox) -> None:
    """N2, M-25, M12."""
    (waiting,) = mailbox.describe([1])
    whole = b"* 1 FETCH (UID 1 BODY[]<0> {9}\r\nabc\r\ndef\r)\r\nTAG OK done\r\n"
    for cut in range(len(whole)):
        scripted.rig("UID FETCH", whole[:cut] + HANG_UP)
        with pytest.raises(Unreachable):
            list(mailbox.read([waiting]))
        mailbox.open()


@pytest.mark.parametrize("announced", [b"3", b"12", b"0", b"99999999999999999999", b"-1", b"x"])
def test_a_literal_of_the_wrong_length(scripted: ScriptedImap, mailbox: Mailbox, announced: bytes) -> None:
    """M-25: too short, too long, absurd: the connection is given up, at the latest in the time of one command."""
    (waiting,) = mailbox.describe([1])
    scripted.rig(
        "UID FETCH", b"* 1 FETCH (UID 1 BODY[]<0> {" + announced + b"}\r\nabcdefghi)\r\nTAG OK done\r\n" + HANG_UP
    )
    with pytest.raises(Unreachable):
        list(mailbox.read([waiting]))
