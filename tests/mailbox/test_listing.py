"""Listing on a real Dovecot: what waits, at the cost of the new mail, in bounded answers."""

from __future__ import annotations

import imaplib
from datetime import UTC, datetime, timedelta

import pytest

from tests.dovecot import Account
from tests.mailbox.conftest import MakeMailbox
from worker.mailbox import listing

pytestmark = pytest.mark.dovecot


def test_lists_unmarked_mail_oldest_first_and_only_what_is_above(account: Account, mailbox_for: MakeMailbox) -> None:
    account.append(*(b"Subject: %d\r\n\r\nx\r\n" % number for number in range(6)))
    mailbox = mailbox_for(account.settings())
    assert mailbox.unmarked() == (1, 2, 3, 4, 5, 6)
    assert mailbox.unmarked(above_uid=4) == (5, 6)
    # "7:*" names the last message although its UID is 6: it must not come back.
    assert mailbox.unmarked(above_uid=6) == ()
    assert mailbox.unmarked(above_uid=10_000) == ()


def test_new_mail_shows_on_the_kept_connection(account: Account, mailbox_for: MakeMailbox) -> None:
    mailbox = mailbox_for(account.settings())
    assert (mailbox.open().exists, mailbox.unmarked()) == (0, ())
    account.append(b"Subject: later\r\n\r\nx\r\n")
    assert mailbox.open().exists == 1
    assert mailbox.unmarked(above_uid=0) == (1,)


def test_marked_and_deleted_mail_is_not_listed(account: Account, mailbox_for: MakeMailbox) -> None:
    account.append(*[b"Subject: x\r\n\r\nx\r\n"] * 4)
    with account.server.client(account.user) as other:
        other.select("INBOX")
        other.store("1", "+FLAGS", "$MailToCase")
        other.store("2", "+FLAGS", "\\Deleted")
        # A person's reading is no mark (M-7).
        other.store("3", "+FLAGS", "(\\Seen \\Flagged)")
    assert mailbox_for(account.settings()).unmarked() == (3, 4)


def test_mail_received_before_since_is_left_alone(account: Account, mailbox_for: MakeMailbox) -> None:
    with account.server.client(account.user) as other:
        old = imaplib.Time2Internaldate(datetime.now(UTC) - timedelta(days=30))
        other.append("INBOX", "", old, b"Subject: old\r\n\r\nx\r\n")
        other.append("INBOX", "", "", b"Subject: new\r\n\r\nx\r\n")
    since = (datetime.now(UTC) - timedelta(days=7)).date()
    mailbox = mailbox_for(account.settings(since=since))
    assert (mailbox.unmarked(), mailbox.unmarked(above_uid=1)) == ((2,), (2,))


def test_large_folder_is_searched_in_spans_without_gaps(
    account: Account, mailbox_for: MakeMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M17, M-28: no answer line nears imaplib's limit, however sparse the UIDs are."""
    monkeypatch.setattr(listing, "SPAN", 10)
    account.append(*[b"Subject: x\r\n\r\nx\r\n"] * 60)
    with account.server.client(account.user) as other:
        other.select("INBOX")
        other.store("5:24", "+FLAGS", "\\Deleted")
        other.expunge()
    mailbox = mailbox_for(account.settings())
    expected = (*range(1, 5), *range(25, 61))
    assert mailbox.unmarked() == expected
    assert mailbox.unmarked(above_uid=30) == tuple(range(31, 61))
    assert mailbox.unmarked(above_uid=58) == (59, 60)
    account.append(*[b"Subject: x\r\n\r\nx\r\n"] * 25)
    mailbox.open()
    assert mailbox.unmarked(above_uid=59) == tuple(range(60, 86))


def test_described_with_size_arrival_and_flags_and_without_those_gone(
    account: Account, mailbox_for: MakeMailbox
) -> None:
    mail = b"Subject: sized\r\n\r\n" + b"x" * 100
    before = datetime.now(UTC).replace(microsecond=0)
    account.append(mail, mail)
    mailbox = mailbox_for(account.settings())
    with account.server.client(account.user) as other:
        other.select("INBOX")
        other.store("2", "+FLAGS", "\\Flagged")
    second, first = mailbox.describe([2, 99, 1])
    assert (first.slot.uid, second.slot.uid) == (1, 2)
    assert first.size_bytes == len(mail)
    assert before <= first.received_at <= datetime.now(UTC)
    assert first.received_at.tzinfo is UTC
    assert "\\Flagged" in second.flags
    assert (first.slot.mailbox, first.slot.folder, first.slot.uidvalidity) == ("support", "INBOX", mailbox.uidvalidity)


def test_swept_is_true_after_a_whole_search_and_only_on_this_connection(
    account: Account, mailbox_for: MakeMailbox
) -> None:
    mailbox = mailbox_for(account.settings())
    seen = []
    for search in (lambda: mailbox.unmarked(above_uid=5), mailbox.unmarked, mailbox.close, mailbox.open):
        search()
        seen.append(mailbox.swept)
    assert seen == [False, True, True, False]


def test_an_idle_poll_costs_little_on_the_wire(account: Account, mailbox_for: MakeMailbox) -> None:
    """The cost of a poll is that of the new mail: two commands and their answers, whatever the folder holds."""
    account.append(*[b"Subject: x\r\n\r\nx\r\n"] * 300)
    mailbox = mailbox_for(account.settings())
    mailbox.unmarked()
    mailbox.stragglers()
    before = mailbox.bytes_in + mailbox.bytes_out
    mailbox.open()
    assert mailbox.unmarked(above_uid=300) == ()
    assert mailbox.stragglers() == ()
    assert mailbox.bytes_in + mailbox.bytes_out - before < 400


@pytest.mark.parametrize("name", ["Grüße & Co", "受信箱", 'a"b', "Ärger\\Post", "100%"])
def test_folder_names_in_modified_utf7(account: Account, mailbox_for: MakeMailbox, name: str) -> None:
    """M-31: the folder that we poll and the one that we move to may have any name."""
    account.append(b"Subject: x\r\n\r\nx\r\n")
    mailbox = mailbox_for(account.settings(processed=f"move:{name}"))
    assert mailbox.acknowledge([1]).problem == ""
    moved = mailbox_for(account.settings(folder=name))
    assert moved.open().exists == 1
    assert moved.describe([1])[0].slot.folder == name
