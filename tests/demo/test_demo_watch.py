"""What happens to the folder is seen and announced, and what was told survives a restart."""

from __future__ import annotations

import json
import os
import smtplib
import time
from pathlib import Path

import pytest
from imapclient import IMAPClient

from tests.demo.conftest import Connect
from tests.demo.raw import RawClient
from worker.demo.imap.state import FILE_NAME
from worker.demo.server import TestMailbox

MAIL = b"From: ann@example.net\r\nSubject: hello\r\n\r\nText\r\n"


def heard(client: IMAPClient, wanted: bytes, within_s: float = 1.0) -> float:
    """Seconds until IDLE announces it."""
    started = time.monotonic()
    while (left := started + within_s - time.monotonic()) > 0:
        if any(wanted in response for response in client.idle_check(left)):
            return time.monotonic() - started
    raise AssertionError(f"no {wanted!r} within {within_s} s")


def test_idle_announces_a_dropped_file_a_deleted_one_and_flags(mailbox: TestMailbox, connect: Connect) -> None:
    client, other = connect(), connect()
    client.idle()
    (mailbox.folder / "dropped.eml").write_bytes(MAIL)
    assert heard(client, b"EXISTS") < 1
    other.noop()
    other.add_flags([1], ["$Seen-by-us"])
    assert heard(client, b"FETCH") < 1
    (mailbox.folder / "dropped.eml").unlink()
    assert heard(client, b"EXPUNGE") < 1
    client.idle_done()
    assert client.search() == []


def test_idle_announces_an_smtp_delivery(mailbox: TestMailbox, connect: Connect) -> None:
    client = connect()
    client.idle()
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as smtp:
        smtp.sendmail("ann@example.net", ["help@example.com"], MAIL)
    assert heard(client, b"EXISTS") < 1
    client.idle_done()
    assert client.search(["SUBJECT", "hello"]) == [1]


def test_idle_goes_on_by_day_and_night_for_many(mailbox: TestMailbox, connect: Connect) -> None:
    clients = [connect() for _ in range(20)]
    for client in clients:
        client.idle()
    mailbox.deliver(MAIL)
    assert max(heard(client, b"EXISTS") for client in clients) < 1


def test_idle_without_a_folder_waits_for_done(raw: RawClient) -> None:
    raw.login()
    assert b" OK " in raw.command(b"IDLE", b"DONE")[-1]


def test_a_file_still_being_written_is_not_served_before_it_is_whole(mailbox: TestMailbox, connect: Connect) -> None:
    """H: half a mail must not become a case."""
    client = connect()
    with (mailbox.folder / "slow.eml").open("wb") as file:
        for _ in range(8):
            file.write(b"X-Line: " + b"y" * 100 + b"\r\n")
            file.flush()
            time.sleep(0.1)
            mailbox.store.inbox.refresh()
            assert mailbox.store.inbox.snapshot().messages == {}
    client.noop()
    assert client.fetch(client.search(), ["RFC822.SIZE"])[1][b"RFC822.SIZE"] == 8 * 110


def test_a_select_just_after_a_drop_sees_it(mailbox: TestMailbox, connect: Connect) -> None:
    client = connect(folder=None)
    (mailbox.folder / "new.eml").write_bytes(MAIL)
    assert client.select_folder("INBOX")[b"EXISTS"] == 1


def test_other_files_are_no_messages(mailbox: TestMailbox, connect: Connect) -> None:
    for name in ("notes.txt", ".hidden.eml", "no-suffix"):
        (mailbox.folder / name).write_bytes(MAIL)
    (mailbox.folder / "folder.eml").mkdir()
    os.mkfifo(mailbox.folder / "pipe.eml")
    assert connect().search() == []


def test_an_edited_file_is_another_message(mailbox: TestMailbox, connect: Connect) -> None:
    """IMAP messages never change: an editor's save gives a new UID, also while the server runs."""
    path = mailbox.deliver(MAIL)
    client = connect()
    path.write_bytes(MAIL + b"more\r\n")
    client.fetch([1], ["BODY.PEEK[]"])
    assert client.search() == [2]
    assert client.fetch([2], ["BODY.PEEK[]"])[2][b"BODY[]"].endswith(b"more\r\n")


def test_a_restart_keeps_uids_flags_dates_and_modseq(tmp_path: Path, connect: Connect) -> None:
    folder = tmp_path / "kept"
    with TestMailbox(folder) as first:
        for _ in range(3):
            first.deliver(MAIL)
        client = connect(first)
        client.add_flags([2], ["$Done", "\\Seen"])
        client.delete_messages([1])
        client.expunge()
        client.create_folder("Done")
        client.copy([2], "Done")
        asked = ["FLAGS", "INTERNALDATE", "RFC822.SIZE"]
        before = (client.select_folder("INBOX"), client.fetch([2, 3], asked), client.select_folder("Done"))
    with TestMailbox(folder) as second:
        second.deliver(MAIL)
        client = connect(second)
        after = client.fetch([2, 3], asked)
        assert after == before[1]
        assert client.search() == [2, 3, 4]
        assert client.select_folder("Done")[b"UIDVALIDITY"] == before[2][b"UIDVALIDITY"]
        assert client.search(["KEYWORD", "$Done"]) == [1]
        again = client.select_folder("INBOX")
        assert again[b"UIDVALIDITY"] == before[0][b"UIDVALIDITY"]
        assert again[b"HIGHESTMODSEQ"] > before[0][b"HIGHESTMODSEQ"]


def test_what_changed_between_two_runs_is_noticed(tmp_path: Path, connect: Connect) -> None:
    with TestMailbox(tmp_path / "kept") as first:
        paths = [first.deliver(MAIL) for _ in range(3)]
        connect(first)
    paths[0].unlink()
    paths[1].write_bytes(MAIL + b"edited\r\n")
    with TestMailbox(tmp_path / "kept") as second:
        assert connect(second).search() == [3, 4]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"format":9}', b'{"format":1,"messages":[[1]]}', b"\xff\x00"])
def test_a_damaged_state_file_means_a_new_uidvalidity_and_all_mail(
    tmp_path: Path, connect: Connect, damage: bytes
) -> None:
    """M-2: never the old UIDVALIDITY with other UIDs."""
    with TestMailbox(tmp_path / "kept") as first:
        for _ in range(2):
            first.deliver(MAIL)
        uidvalidity = first.store.inbox.uidvalidity
        state = tmp_path / "kept" / FILE_NAME
        connect(first).delete_messages([1])
    saved = json.loads(state.read_bytes())
    assert [row[0] for row in saved["messages"]] == [1, 2]
    state.write_bytes(damage)
    # UIDVALIDITY is a time in tenths of seconds.
    time.sleep(0.1)
    with TestMailbox(tmp_path / "kept") as second:
        client = connect(second)
        assert client.search() == [1, 2]
        assert client.search(["DELETED"]) == []
        assert second.store.inbox.uidvalidity > uidvalidity


def test_renumber_voids_what_connections_know(mailbox: TestMailbox, connect: Connect) -> None:
    """M-2, M-3"""
    mailbox.deliver(MAIL)
    client = connect()
    client.add_flags([1], ["\\Seen"])
    before = mailbox.store.inbox.uidvalidity
    mailbox.renumber()
    with pytest.raises(Exception, match="replaced"):
        client.search()
    assert client.select_folder("INBOX")[b"UIDVALIDITY"] > before
    assert client.get_flags([1])[1] == ()


def test_a_full_disk_is_a_refusal_and_the_server_goes_on(mailbox: TestMailbox, raw: RawClient) -> None:
    """The folder cannot be written: as root nothing else stops a write than a file in the way."""
    raw.login()
    (mailbox.folder / (FILE_NAME + ".partial")).mkdir()
    assert b" NO [UNAVAILABLE]" in raw.command(b"APPEND INBOX {1+}\r\nx")[-1]
    (mailbox.folder / (FILE_NAME + ".partial")).rmdir()
    assert b" OK " in raw.command(b"NOOP")[-1]
