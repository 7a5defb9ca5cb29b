"""Flags, keywords and MODSEQ, what each connection hears of them, and servers that lack a capability."""

from __future__ import annotations

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from tests.demo.conftest import Connect
from tests.demo.mails import MAIL, fill
from tests.demo.raw import RawClient
from worker.demo.server import TestMailbox


def test_keywords_are_kept_whatever_their_case_and_searched(mailbox: TestMailbox, connect: Connect) -> None:
    """M-13: a keyword that STORE said OK to is there."""
    fill(mailbox, 3)
    client = connect()
    assert b"\\*" in client.select_folder("INBOX")[b"PERMANENTFLAGS"]
    assert client.add_flags([2], ["$CaseDone", "\\Flagged"]) == {2: (b"$CaseDone", b"\\Flagged")}
    client.add_flags([3], ["$casedone"])
    assert client.search(["KEYWORD", "$CASEDONE"]) == [2, 3]
    assert client.search(["UNKEYWORD", "$CaseDone"]) == [1]
    assert client.search(["FLAGGED"]) == [2]
    client.remove_flags([2, 3], ["$CASEDONE"])
    assert client.search(["KEYWORD", "$CaseDone"]) == []


def test_too_many_keywords_are_refused_by_name(mailbox: TestMailbox, connect: Connect) -> None:
    """M-14: Cyrus refuses the 101st keyword so."""
    fill(mailbox, 1)
    client = connect()
    client.add_flags([1], [f"k{n}" for n in range(100)], silent=True)
    with pytest.raises(IMAPClientError, match="Too many user flags"):
        client.add_flags([1], ["one-more"])
    assert len(client.get_flags([1])[1]) == 100


def test_sequence_numbers_hold_during_fetch_store_and_search(
    raw: RawClient, mailbox: TestMailbox, connect: Connect
) -> None:
    """RFC 3501 §7.4.1: no EXPUNGE while a command speaks in sequence numbers."""
    fill(mailbox, 3)
    raw.login().command(b"SELECT INBOX")
    other = connect()
    other.delete_messages([1])
    other.expunge()
    for command in (b"FETCH 1:3 FLAGS", b"STORE 3 +FLAGS (\\Seen)", b"SEARCH ALL"):
        assert not [line for line in raw.command(command) if b"EXPUNGE" in line and b"EXPUNGEISSUED" not in line]
    assert b"* 1 EXPUNGE\r\n" in raw.command(b"NOOP")
    assert raw.command(b"SEARCH ALL")[0] == b"* SEARCH 1 2\r\n"


def test_condstore(raw: RawClient, mailbox: TestMailbox, connect: Connect) -> None:
    """RFC 7162: HIGHESTMODSEQ, CHANGEDSINCE, UNCHANGEDSINCE, SEARCH MODSEQ."""
    fill(mailbox, 2)
    raw.login().command(b"ENABLE CONDSTORE")
    selected = b"".join(raw.command(b"SELECT INBOX (CONDSTORE)"))
    highest = int(selected.split(b"HIGHESTMODSEQ ")[1].split(b"]")[0])
    connect().add_flags([1], ["\\Flagged"])
    heard = raw.command(b"NOOP")
    assert heard[0].startswith(b"* 1 FETCH (UID 1 FLAGS (\\Flagged) MODSEQ (")
    modseq = int(heard[0].split(b"MODSEQ (")[1].split(b")")[0])
    assert modseq > highest
    changed = raw.command(b"UID FETCH 1:2 (FLAGS) (CHANGEDSINCE %d)" % highest)
    assert [line.split()[1] for line in changed[:-1]] == [b"1"]
    lost = raw.command(b"UID STORE 1:2 (UNCHANGEDSINCE %d) +FLAGS.SILENT ($Mine)" % highest)
    assert lost[-1].startswith(b"T6 OK [MODIFIED 1]")
    assert raw.command(b"UID SEARCH KEYWORD $Mine")[0] == b"* SEARCH 2\r\n"
    assert raw.command(b"UID SEARCH MODSEQ %d" % modseq)[0].startswith(b"* SEARCH 1 2 (MODSEQ ")
    assert b"HIGHESTMODSEQ" in raw.command(b"STATUS INBOX (HIGHESTMODSEQ)")[0]


def test_silent_store_is_not_echoed_and_hides_nothing_of_others(
    raw: RawClient, mailbox: TestMailbox, connect: Connect
) -> None:
    fill(mailbox, 1)
    raw.login().command(b"SELECT INBOX")
    assert raw.command(b"UID STORE 1 +FLAGS.SILENT (\\Seen)")[:-1] == []
    assert raw.command(b"NOOP")[:-1] == []
    connect().add_flags([1], ["\\Flagged"])
    told = raw.command(b"UID STORE 1 +FLAGS.SILENT (\\Answered)")
    assert told[0] == b"* 1 FETCH (UID 1 FLAGS (\\Flagged \\Seen))\r\n"


def test_hidden_capabilities_are_neither_offered_nor_done(mailbox: TestMailbox, connect: Connect) -> None:
    """M-8, M-9, M-11, M-12: servers without them exist."""
    hidden = frozenset({"MOVE", "UIDPLUS", "IDLE", "CONDSTORE", "KEYWORDS"})
    with TestMailbox(mailbox.folder, capabilities_hidden=hidden) as bare:
        mailbox.deliver(MAIL)
        client: IMAPClient = connect(bare)
        assert not {b"MOVE", b"UIDPLUS", b"IDLE", b"CONDSTORE"} & set(client.capabilities())
        answer = client.select_folder("INBOX")
        assert b"\\*" not in answer[b"PERMANENTFLAGS"]
        assert b"HIGHESTMODSEQ" not in answer
        assert client.add_flags([1], ["$Lost", "\\Seen"])[1] == (b"\\Seen",)
        assert b"APPENDUID" not in client.append("INBOX", MAIL)
        with RawClient(bare.imap_port) as raw:
            raw.login().command(b"SELECT INBOX")
            refused = [b"UID MOVE 1 INBOX", b"UID EXPUNGE 1", b"IDLE"]
            assert all(b" BAD " in raw.command(command)[-1] for command in refused)
            assert b" NO " in raw.command(b"UID STORE 1 (UNCHANGEDSINCE 1) FLAGS ()")[-1]
