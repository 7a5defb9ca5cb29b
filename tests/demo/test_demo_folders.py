"""Folders, logins and the protocol's edges: names, lists, literals, limits."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from tests.demo.conftest import Connect
from tests.demo.raw import RawClient
from worker.demo.imap import ImapServer, Service, Store, names
from worker.demo.imap.errors import Refused
from worker.demo.server import TestMailbox
from worker.demo.smtp import SmtpListener

NAMES = [
    "Erledigt",
    "Größe & Co",
    "処理済み/済み",
    'with "quotes"',
    "back\\slash",
    "&-",
    "~peter",
    "[Gmail]/Sent",
    "🙂",
]


@pytest.mark.parametrize("name", NAMES)
def test_folder_names_of_every_kind(connect: Connect, name: str) -> None:
    """M-31: create, list, status, append, rename, delete."""
    client = connect(folder=None)
    client.create_folder(name)
    assert name in [listed for _, _, listed in client.list_folders()]
    client.append(name, b"Subject: x\r\n\r\n")
    assert client.folder_status(name, ["MESSAGES", "UNSEEN"]) == {b"MESSAGES": 1, b"UNSEEN": 1}
    client.rename_folder(name, "Renamed")
    assert client.select_folder("Renamed")[b"EXISTS"] == 1
    client.close_folder()
    client.delete_folder("Renamed")
    assert not client.folder_exists("Renamed")


@pytest.mark.parametrize("name", NAMES)
def test_modified_utf7_round_trip(name: str) -> None:
    assert names.decode(names.encode(name)) == name


@pytest.mark.parametrize("raw", [b"&", b"a&b", b"&AOQ", b"&A-", b"\xff", b"&2AA-", b"&====-"])
def test_bad_modified_utf7_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        names.decode(raw)


@pytest.mark.parametrize(
    "name", [b"../outside", b"a/../b", b"/etc", b".hidden", b"a//b", b"..", b"INBOX/x", b"x&AAA-y", b"x" * 300, b'""']
)
def test_no_name_leads_out_of_the_folder(raw: RawClient, mailbox: TestMailbox, name: bytes) -> None:
    answer = raw.login().command(b"CREATE " + name)[-1]
    assert b" NO " in answer
    assert sorted(path.name for path in mailbox.folder.parent.rglob("*") if path.is_dir()) == ["mail"]


def test_list_patterns(connect: Connect) -> None:
    client = connect(folder=None)
    for name in ("A", "A/B", "A/B/C", "AB"):
        client.create_folder(name)

    def listed(reference: str, pattern: str) -> list[str]:
        return [name for _, _, name in client.list_folders(reference, pattern)]

    assert listed("", "%") == ["INBOX", "A", "AB"]
    assert listed("", "*") == ["INBOX", "A", "A/B", "A/B/C", "AB"]
    assert listed("A/", "%") == ["A/B"]
    assert listed("", "A*C") == ["A/B/C"]
    assert listed("", "inbox") == ["INBOX"]
    assert listed("", "") == [""]
    assert [name for _, _, name in client.list_sub_folders()] == listed("", "*")
    flags = {name: attributes for attributes, _, name in client.list_folders()}
    assert flags["A"] == (b"\\HasChildren",)
    assert flags["AB"] == (b"\\HasNoChildren",)


def test_many_wildcards_cost_no_time(raw: RawClient) -> None:
    raw.login().command(b"CREATE " + b"a" * 150)
    assert b" OK " in raw.command(b'LIST "" "' + b"*a" * 300 + b'b"')[-1]


def test_folders_that_hold_other_things_are_not_deleted(connect: Connect, mailbox: TestMailbox) -> None:
    client = connect(folder=None)
    client.create_folder("A/B")
    (mailbox.folder / "A" / "B" / "notes.txt").write_text("mine", encoding="utf-8")
    for name in ("INBOX", "A", "A/B", "None"):
        with pytest.raises(IMAPClientError):
            client.delete_folder(name)
    assert (mailbox.folder / "A" / "B" / "notes.txt").exists()


def test_rename_takes_the_folders_below_along_and_empties_inbox(connect: Connect, mailbox: TestMailbox) -> None:
    mailbox.deliver(b"Subject: 1\r\n\r\n")
    client = connect(folder=None)
    client.create_folder("A/B")
    client.rename_folder("A", "Z/Y")
    assert [name for _, _, name in client.list_folders()] == ["INBOX", "Z", "Z/Y", "Z/Y/B"]
    client.rename_folder("INBOX", "Old")
    assert client.folder_status("Old", ["MESSAGES"])[b"MESSAGES"] == 1
    assert client.folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"] == 0
    with pytest.raises(IMAPClientError):
        client.rename_folder("Z", "Z/inside")


def test_a_folder_made_anew_has_a_higher_uidvalidity(connect: Connect, mailbox: TestMailbox) -> None:
    """M-3: what a connection knew of the old folder is void, and said to be."""
    client, other = connect(folder=None), connect(folder=None)
    client.create_folder("F")
    client.append("F", b"Subject: 1\r\n\r\n")
    first = other.select_folder("F")[b"UIDVALIDITY"]
    client.delete_folder("F")
    client.create_folder("F")
    with pytest.raises(IMAPClientError, match="replaced"):
        other.search()
    assert other.select_folder("F")[b"UIDVALIDITY"] > first


def test_logins(mailbox: TestMailbox, connect: Connect) -> None:
    """M-18: a wrong password is AUTHENTICATIONFAILED, and the connection can be used after it."""
    with RawClient(mailbox.imap_port) as raw:
        assert b" BAD " in raw.command(b"SELECT INBOX")[-1]
        assert b"[AUTHENTICATIONFAILED]" in raw.command(b"LOGIN test wrong")[-1]
        assert b" OK " in raw.command(b"LOGIN {4}", b'test "test"')[-1]
        assert b" BAD " in raw.command(b"LOGIN test test")[-1]
    with RawClient(mailbox.imap_port) as raw:
        assert b" OK " in raw.command(b"AUTHENTICATE PLAIN " + base64.b64encode(b"\0test\0test"))[-1]
    with RawClient(mailbox.imap_port) as raw:
        assert b" OK " in raw.command(b"AUTHENTICATE PLAIN", base64.b64encode(b"\0test\0test"))[-1]
    with RawClient(mailbox.imap_port) as raw:
        assert b" BAD " in raw.command(b"AUTHENTICATE PLAIN", b"*")[-1]
        assert b" BAD " in raw.command(b"AUTHENTICATE PLAIN ???")[-1]
        assert b" NO " in raw.command(b"AUTHENTICATE GSSAPI")[-1]


@pytest.mark.parametrize("method", ["oauth2_login", "oauthbearer_login"])
def test_bearer_tokens(mailbox: TestMailbox, method: str) -> None:
    with IMAPClient("127.0.0.1", mailbox.imap_port, ssl=False, timeout=10) as client:
        with pytest.raises(LoginError):
            getattr(client, method)("test", "expired")
        getattr(client, method)("test", "test")
        assert client.select_folder("INBOX")[b"EXISTS"] == 0


def test_guessing_passwords_ends_the_connection(mailbox: TestMailbox) -> None:
    with RawClient(mailbox.imap_port) as raw:
        answers = [raw.command(b"LOGIN test wrong")[-1] for _ in range(5)]
    assert [b" NO " in answer for answer in answers] == [True] * 4 + [False]
    assert answers[-1].startswith(b"* BYE")


def test_small_commands(raw: RawClient, connect: Connect) -> None:
    assert b"IMAP4rev1" in raw.command(b"CAPABILITY")[0]
    raw.login()
    assert raw.command(b'ID ("name" "x")')[0].startswith(b'* ID ("name"')
    assert raw.command(b"NAMESPACE")[0] == b'* NAMESPACE (("" "/")) NIL NIL\r\n'
    assert raw.command(b"ENABLE QRESYNC")[0] == b"* ENABLED\r\n"
    assert b" OK " in raw.command(b"SUBSCRIBE INBOX")[-1]
    assert b" NO " in raw.command(b"UNSUBSCRIBE INBOX")[-1]
    assert b" OK " in raw.command(b"CHECK")[-1]
    farewell = raw.command(b"LOGOUT")
    assert farewell[0].startswith(b"* BYE")
    assert b" OK " in farewell[1]
    assert raw.line() == b""


def test_literals_of_both_kinds(raw: RawClient) -> None:
    raw.login()
    assert b" OK " in raw.command(b"CREATE {3}", b"one")[-1]
    assert b" OK " in raw.command(b"CREATE {3+}\r\ntwo")[-1]
    assert b" OK " in raw.command(b"APPEND {3+}\r\none (\\Seen $K) {5+}\r\nhello")[-1]
    raw.command(b"SELECT one")
    assert b"hello" in raw.command(b"FETCH 1 BODY.PEEK[]")[0]
    assert b"[HEADER.FIELDS (X)]" in raw.command(b"FETCH 1 BODY.PEEK[HEADER.FIELDS ({1}", b"X)]")[0]


def test_literals_beyond_the_limit_are_refused_unread(raw: RawClient, mailbox: TestMailbox) -> None:
    """M-24: what is announced is not believed."""
    raw.login()
    assert b" NO [TOOBIG]" in raw.command(b"CREATE {99999999999}")[-1]
    assert b" NO [TOOBIG]" in raw.command(b"APPEND INBOX {8000000000}")[-1]
    assert b" OK " in raw.command(b"NOOP")[-1]
    assert raw.command(b"APPEND INBOX {8000000000+}")[-1].startswith(b"* BYE [TOOBIG]")
    assert raw.line() == b""


def test_a_line_without_end_ends_the_connection(raw: RawClient) -> None:
    """M-30"""
    raw.socket.sendall(b"a" * 1_100_000)
    assert raw.line().startswith(b"* BYE Line too long")


@pytest.mark.parametrize(
    "command",
    [
        b"", b"FROB", b"FETCH", b"FETCH 1", b"FETCH 0 FLAGS", b"FETCH 2 FLAGS", b"FETCH 1 (FLAGS", b"FETCH 1 BODY[",
        b"FETCH 1 BODY[HEADER.FIELDS]", b"FETCH 1 BODY[1.2.MIME]", b"FETCH 1 ()", b"FETCH 1 FROB", b"FETCH a FLAGS",
        b"STORE 1 FLAGS", b"STORE 1 ++FLAGS ()", b"STORE 1 +FLAGS (\\Frob)", b"STORE 1 +FLAGS (a(b))", b"UID",
        b"UID NOOP", b"UID EXPUNGE", b"SEARCH", b"SEARCH FROB", b"SEARCH NOT", b"SEARCH OR ALL", b"SEARCH ()",
        b"SEARCH SINCE 99-Foo-2020", b"SEARCH SINCE 31-Feb-2020", b"SEARCH LARGER x", b"SEARCH " + b"NOT " * 9000,
        b"SEARCH UID 1:", b"SEARCH " + b"(" * 5000, b'SEARCH SUBJECT "open', b"LIST", b"STATUS INBOX", b"IDLE\r\nX",
        b"STATUS INBOX (FROB)", b"SELECT", b"SELECT INBOX (FROB)", b"APPEND INBOX", b"APPEND INBOX text",
        b'APPEND INBOX () "yesterday" {1+}\r\nx', b"COPY 1", b"RENAME a", b"ENABLE", b"CREATE \x00", b"EXPUNGE 1",
        b"AUTHENTICATE", b"SEARCH HEADER", b"SEARCH CHARSET", b"SEARCH MODSEQ", b"FETCH 1 FLAGS (CHANGEDSINCE)",
    ],
)  # fmt: skip
def test_malformed_commands_are_bad_and_change_nothing(mailbox: TestMailbox, raw: RawClient, command: bytes) -> None:
    mailbox.deliver(b"Subject: x\r\n\r\n")
    raw.login().command(b"SELECT INBOX")
    assert b" BAD " in raw.command(command)[-1]
    assert raw.command(b"FETCH 1 FLAGS")[0] == b"* 1 FETCH (FLAGS ())\r\n"


def test_too_many_connections_are_told_so(mailbox: TestMailbox) -> None:
    """M-19"""
    clients = [RawClient(mailbox.imap_port) for _ in range(101)]
    greetings = [client.greeting for client in clients]
    for client in clients:
        client.close()
    assert sum(greeting.startswith(b"* OK") for greeting in greetings) == 100
    assert greetings[-1].startswith(b"* BYE [LIMIT]")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "", "::", "localhost.example.com"])
def test_nothing_but_loopback(tmp_path: Path, host: str) -> None:
    service = Service(Store(tmp_path), "test", "test")
    with pytest.raises(ValueError, match="loopback"):
        ImapServer(service, host)
    with pytest.raises(ValueError, match="loopback"):
        SmtpListener(lambda raw: tmp_path, host)
    assert "'test', 'test'" not in repr(service)
    assert "password" not in repr(service)
