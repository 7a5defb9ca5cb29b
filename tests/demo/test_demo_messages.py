"""Messages over IMAP: fetched whole and in pieces, searched, copied, moved, removed."""

from __future__ import annotations

import imaplib
from datetime import UTC, datetime, timedelta

import pytest
from imapclient.exceptions import IMAPClientError

from tests.demo.conftest import Connect
from tests.demo.mails import MAIL, fill, mail
from tests.demo.raw import RawClient
from worker.demo.server import TestMailbox


def test_whole_message_and_every_piece_of_it_are_the_same_bytes(mailbox: TestMailbox, connect: Connect) -> None:
    mailbox.deliver(MAIL)
    client = connect()
    asked = ["BODY.PEEK[]", "RFC822.SIZE", "BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]", "RFC822", "RFC822.HEADER"]
    got = client.fetch([1], asked)[1]
    assert got[b"BODY[]"] == got[b"RFC822"] == MAIL == got[b"BODY[HEADER]"] + got[b"BODY[TEXT]"]
    assert got[b"RFC822.SIZE"] == len(MAIL)
    assert got[b"RFC822.HEADER"] == got[b"BODY[HEADER]"]
    pieces = [client.fetch([1], [f"BODY.PEEK[]<{at}.7>"])[1][b"BODY[]<%d>" % at] for at in range(0, len(MAIL) + 9, 7)]
    assert b"".join(pieces) == MAIL


def test_bare_line_feeds_are_served_as_crlf_and_odd_bytes_stay(mailbox: TestMailbox, connect: Connect) -> None:
    odd = b"Subject: x\n\nNUL \x00, lone CR \r here, \xff\xfe\r\nmixed\n\r\n\r"
    expected = b"Subject: x\r\n\r\nNUL \x00, lone CR \r here, \xff\xfe\r\nmixed\r\n\r\n\r"
    (mailbox.folder / "odd.eml").write_bytes(odd)
    client = connect()
    got = client.fetch([1], ["BODY.PEEK[]", "RFC822.SIZE"])[1]
    assert (got[b"BODY[]"], got[b"RFC822.SIZE"]) == (expected, len(expected))
    pieces = [client.fetch([1], [f"BODY.PEEK[]<{at}.5>"])[1][b"BODY[]<%d>" % at] for at in range(0, len(expected), 5)]
    assert b"".join(pieces) == expected


def test_header_fields_chosen_and_left_out(mailbox: TestMailbox, connect: Connect) -> None:
    mailbox.deliver(MAIL)
    got = connect().fetch([1], ["BODY.PEEK[HEADER.FIELDS (SUBJECT X-LONG)]", "BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT)]"])
    assert got[1][b"BODY[HEADER.FIELDS (SUBJECT X-LONG)]"] == (
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nX-Long: a\r\n\tb\r\n\r\n"
    )
    assert got[1][b"BODY[HEADER.FIELDS.NOT (SUBJECT)]"] == (b"From: Ann <ann@example.net>\r\nX-Long: a\r\n\tb\r\n\r\n")


def test_only_a_fetch_without_peek_marks_as_seen(mailbox: TestMailbox, connect: Connect) -> None:
    mailbox.deliver(MAIL)
    client = connect()
    client.fetch([1], ["BODY.PEEK[]", "RFC822.HEADER", "ENVELOPE"])
    assert client.get_flags([1])[1] == ()
    assert client.fetch([1], ["BODY[TEXT]"])[1][b"FLAGS"] == (b"\\Seen",)
    client.remove_flags([1], ["\\Seen"])
    client.select_folder("INBOX", readonly=True)
    client.fetch([1], ["BODY[]"])
    assert client.get_flags([1])[1] == ()


def test_envelope_shows_sender_and_subject(mailbox: TestMailbox, connect: Connect) -> None:
    mailbox.deliver(MAIL)
    envelope = connect().fetch([1], ["ENVELOPE"])[1][b"ENVELOPE"]
    assert envelope.subject == b"=?utf-8?q?Gr=C3=BC=C3=9Fe?="
    assert str(envelope.from_[0]) == "Ann <ann@example.net>"


@pytest.mark.parametrize("field", ["From: <", 'From: "', "To: x@[", "From: " + "(" * 3000, "Cc: ,,,;:", "From: \xff"])
def test_envelope_of_unreadable_addresses_is_an_answer(mailbox: TestMailbox, connect: Connect, field: str) -> None:
    mailbox.deliver(field.encode("latin-1") + b"\r\n\r\nx")
    assert b"ENVELOPE" in connect().fetch([1], ["ENVELOPE"])[1]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (["ALL"], [1, 2, 3]),
        (["UID", "2:*"], [2, 3]),
        (["1,3"], [1, 3]),
        (["UNSEEN"], [1, 3]),
        (["SEEN"], [2]),
        (["DELETED"], [3]),
        (["UNDELETED", "UNSEEN"], [1]),
        (["NOT", "SEEN"], [1, 3]),
        (["OR", "SEEN", "DELETED"], [2, 3]),
        (["OR", ["SEEN", "UNDELETED"], ["NOT", ["UNDELETED"]]], [2, 3]),
        (["SUBJECT", "NUMBER 2"], [2]),
        (["FROM", "a3@"], [3]),
        (["HEADER", "Subject", "number"], [1, 2, 3]),
        (["HEADER", "X-None", ""], []),
        (["TEXT", "text 1"], [1]),
        (["BODY", "number"], []),
        (["LARGER", "10"], [1, 2, 3]),
        (["SMALLER", "10"], []),
        (["SINCE", datetime.now(UTC).date() + timedelta(days=1)], []),
        (["BEFORE", datetime.now(UTC).date() + timedelta(days=1)], [1, 2, 3]),
        (["SENTSINCE", datetime(2020, 1, 1, tzinfo=UTC).date()], []),
        (["ON", datetime.now(UTC).date(), "NEW"], []),
    ],
)
def test_search(mailbox: TestMailbox, connect: Connect, keys: list[object], found: list[int]) -> None:
    fill(mailbox, 3)
    client = connect()
    client.add_flags([2], ["\\Seen"])
    client.add_flags([3], ["\\Deleted"])
    assert client.search(keys) == found


def test_search_looks_through_encoded_words_and_literals(mailbox: TestMailbox, connect: Connect) -> None:
    mailbox.deliver(MAIL)
    client = connect()
    assert client.search(["SUBJECT", "grüße"], charset="UTF-8") == [1]
    with pytest.raises(IMAPClientError, match="BADCHARSET"):
        client.search(["SUBJECT", "x"], charset="KOI8-R")


def test_expunge_by_uid_leaves_other_deleted_messages(mailbox: TestMailbox, connect: Connect) -> None:
    """M-8: UID EXPUNGE removes ours only."""
    fill(mailbox, 3)
    client = connect()
    client.add_flags([1, 2, 3], ["\\Deleted"])
    client.uid_expunge([2])
    assert client.search() == [1, 3]
    client.expunge()
    assert client.search() == []
    assert list(mailbox.folder.glob("*.eml")) == []


def test_close_expunges_unselect_and_examine_do_not(mailbox: TestMailbox, connect: Connect) -> None:
    fill(mailbox, 1)
    client = connect()
    client.add_flags([1], ["\\Deleted"])
    client.unselect_folder()
    client.select_folder("INBOX", readonly=True)
    with pytest.raises(IMAPClientError, match="READ-ONLY"):
        client.add_flags([1], ["\\Seen"])
    client.close_folder()
    client.select_folder("INBOX")
    assert client.search() == [1]
    client.close_folder()
    assert client.select_folder("INBOX")[b"EXISTS"] == 0


def test_copy_and_move_keep_flags_date_and_bytes_and_say_the_new_uids(raw: RawClient, mailbox: TestMailbox) -> None:
    fill(mailbox, 3)
    raw.login().command(b"CREATE Done")
    raw.command(b"SELECT INBOX")
    raw.command(b"UID STORE 2 +FLAGS (\\Flagged $Mine)")
    before = raw.command(b"UID FETCH 2 (INTERNALDATE FLAGS BODY.PEEK[])")[0]
    uidvalidity = mailbox.store.folder("Done").uidvalidity
    assert b" OK [COPYUID %d 1:2 1:2] " % uidvalidity in raw.command(b"UID COPY 1:2 Done")[-1]
    moved = raw.command(b"UID MOVE 2:3 Done")
    assert moved[0].startswith(b"* OK [COPYUID %d 2:3 3:4]" % uidvalidity)
    assert moved[1:3] == [b"* 3 EXPUNGE\r\n", b"* 2 EXPUNGE\r\n"]
    assert raw.command(b"UID MOVE 2 Done")[:-1] == []
    raw.command(b"SELECT Done")
    for uid in (2, 3):
        after = raw.command(b"UID FETCH %d (INTERNALDATE FLAGS BODY.PEEK[])" % uid)[0]
        assert after.split(b"INTERNALDATE")[1] == before.split(b"INTERNALDATE")[1]
    assert b"$Mine" in before


def test_copy_into_a_missing_folder_asks_to_create_it(mailbox: TestMailbox, connect: Connect) -> None:
    """M-16"""
    fill(mailbox, 1)
    client = connect()
    for act in (client.copy, client.move):
        with pytest.raises(IMAPClientError, match="TRYCREATE"):
            act([1], "Nowhere")
    with pytest.raises(IMAPClientError, match="TRYCREATE"):
        client.append("Nowhere", b"x")
    assert client.search() == [1]


def test_move_within_one_folder_gives_new_uids_and_loses_nothing(mailbox: TestMailbox, connect: Connect) -> None:
    fill(mailbox, 2)
    client = connect()
    client.move([1, 2], "INBOX")
    assert client.search() == [3, 4]
    assert client.fetch([3], ["BODY.PEEK[]"])[3][b"BODY[]"] == mail(1)


def test_append_with_flags_and_date(mailbox: TestMailbox, connect: Connect) -> None:
    client = connect()
    at = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)
    answer = client.append("INBOX", MAIL, flags=["\\Seen", "$Kept"], msg_time=at)
    assert answer.startswith(b"[APPENDUID %d 1]" % mailbox.store.inbox.uidvalidity)
    got = client.fetch([1], ["FLAGS", "INTERNALDATE", "BODY.PEEK[]"])[1]
    assert (set(got[b"FLAGS"]), got[b"BODY[]"]) == ({b"\\Seen", b"$Kept"}, MAIL)
    assert client.fetch([1], ["INTERNALDATE"])[1][b"INTERNALDATE"].astimezone(UTC) == at
    assert client.search(["SINCE", at.date(), "BEFORE", at.date() + timedelta(days=1)]) == [1]


def test_imaplib_speaks_with_it_too(mailbox: TestMailbox) -> None:
    with imaplib.IMAP4("127.0.0.1", mailbox.imap_port, timeout=10) as client:
        client.login("test", "test")
        assert client.append("INBOX", "(\\Seen)", '"01-Feb-2022 03:04:05 +0900"', MAIL)[0] == "OK"
        assert client.select()[1] == [b"1"]
        (found, _) = client.fetch("1", "(BODY.PEEK[])")[1]
        assert isinstance(found, tuple)
        assert found[1] == MAIL
        assert client.uid("SEARCH", "ALL")[1] == [b"1"]
        assert client.store("1", "+FLAGS.SILENT", "\\Deleted")[0] == "OK"
        assert client.expunge()[1] == [b"1"]


def test_a_message_whose_file_is_gone_is_no_empty_message(raw: RawClient, mailbox: TestMailbox) -> None:
    """M-5: no body is made up for a message that was expunged."""
    path = mailbox.deliver(MAIL)
    mailbox.deliver(MAIL)
    raw.login().command(b"SELECT INBOX")
    path.unlink()
    answer = raw.command(b"UID FETCH 1:2 (RFC822.SIZE BODY.PEEK[])")
    assert [line.split()[1] for line in answer[:-1]] == [b"2"]
    assert b"OK [EXPUNGEISSUED]" in answer[-1]
