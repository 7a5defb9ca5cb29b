"""Mail by SMTP into the folder, and the verb that serves it all."""

from __future__ import annotations

import re
import signal
import smtplib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path

import pytest
from imapclient import IMAPClient

from worker.demo.server import TestMailbox
from worker.settings.model import MailboxSettings


def test_one_file_with_a_trace_of_sender_and_recipients(mailbox: TestMailbox) -> None:
    body = b"From: ann@example.net\r\nSubject: dots\r\n\r\n.\r\n..two\r\n\x00\xff\r\n"
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as smtp:
        assert smtp.sendmail("ann@example.net", ["help@example.com", "billing@example.com"], body) == {}
    (path,) = mailbox.folder.glob("*.eml")
    stored = path.read_bytes()
    parsed = message_from_bytes(stored)
    assert stored.endswith(body)
    assert parsed["Return-Path"] == "<ann@example.net>"
    assert parsed.get_all("X-Original-To") == ["help@example.com", "billing@example.com"]
    assert parsed.get_all("Delivered-To") == ["help@example.com", "billing@example.com"]
    assert re.fullmatch(r"from \S+ \(\[127\.0\.0\.1\]\)\s+by localhost .*;\s+.* \+0000", parsed["Received"], re.DOTALL)
    assert list(mailbox.folder.glob(".*.partial")) == []


def test_long_lines_and_much_content_are_taken_as_they_are(mailbox: TestMailbox) -> None:
    body = b"Subject: long\r\n\r\n" + b"x" * 100_000 + b"\r\n" + b"y" * 900 * 1024 + b"\r\n"
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as smtp:
        smtp.sendmail("ann@example.net", ["help@example.com"], body)
    (path,) = mailbox.folder.glob("*.eml")
    assert path.read_bytes().endswith(body)


def test_an_empty_return_path_and_utf8_addresses(mailbox: TestMailbox) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as smtp:
        smtp.ehlo()
        smtp.mail("", ["SMTPUTF8"])
        smtp.rcpt("用户@example.com")
        assert smtp.data(b"Subject: bounce\r\n\r\nx\r\n")[0] == 250
    (path,) = mailbox.folder.glob("*.eml")
    lines = path.read_bytes().splitlines()
    assert lines[0] == b"Return-Path: <>"
    assert "Delivered-To: 用户@example.com".encode() in lines


def test_a_folder_that_cannot_be_written_is_a_temporary_refusal(mailbox: TestMailbox) -> None:
    """The sender keeps the mail and tries again."""
    mailbox.folder.rename(mailbox.folder.with_name("moved-away"))
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as smtp:
        smtp.ehlo("client.example.net")
        smtp.mail("ann@example.net")
        smtp.rcpt("help@example.com")
        code, text = smtp.data(b"Subject: x\r\n\r\n")
    assert (code, text[:5]) == (451, b"4.3.0")


def test_stopping_twice_and_starting_on_a_taken_port(mailbox: TestMailbox, tmp_path: Path) -> None:
    other = TestMailbox(tmp_path / "other", smtp_port=mailbox.smtp_port)
    with pytest.raises(OSError, match="in use"):
        other.start()
    other.stop()
    mailbox.stop()
    mailbox.stop()


@contextmanager
def served(folder: Path) -> Iterator[tuple[subprocess.Popen[str], MailboxSettings]]:
    """A process that serves the folder, and the settings that it printed."""
    code = "import sys; from pathlib import Path; from worker.demo.server import serve; serve(Path(sys.argv[1]), 0, 0)"
    with subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            printed = ""
            while "folder =" not in printed:
                printed += server.stdout.readline()
            section = tomllib.loads(printed[printed.index("[mailboxes.test]") :])["mailboxes"]["test"]
            yield server, MailboxSettings(**section)
        finally:
            server.kill()


def login(settings: MailboxSettings) -> IMAPClient:
    client = IMAPClient(settings.host, settings.port, ssl=False, timeout=10)
    client.login(settings.user, "test")
    client.select_folder(settings.folder)
    return client


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_prints_settings_that_work_and_stops_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    with served(tmp_path / "served") as (server, settings), login(settings) as client:
        assert client.search() == []
        server.send_signal(number)
        assert server.wait(10) == 0


def test_what_was_answered_survives_sigkill(tmp_path: Path) -> None:
    """UIDs, flags and moves that a client was told of are there after kill -9."""
    with served(tmp_path / "served") as (server, settings), login(settings) as client:
        for n in range(4):
            client.append("INBOX", b"Subject: %d\r\n\r\n" % n)
        client.create_folder("Done")
        client.add_flags([2, 3], ["$Done"])
        client.move([3], "Done")
        told = client.select_folder("INBOX")
        server.kill()
        server.wait(10)
    with TestMailbox(tmp_path / "served") as again:
        kept = again.store.inbox.snapshot()
        assert (kept.uidvalidity, kept.uidnext) == (told[b"UIDVALIDITY"], told[b"UIDNEXT"])
        assert {uid: set(message.flags) for uid, message in kept.messages.items()} == {1: set(), 2: {"$Done"}, 4: set()}
        (moved,) = again.store.folder("Done").snapshot().messages.values()
        assert (moved.uid, moved.flags) == (1, frozenset({"$Done"}))
