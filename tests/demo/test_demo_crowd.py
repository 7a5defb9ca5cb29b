"""Many clients at once, many messages, and bytes that are no IMAP at all."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imapclient import IMAPClient

from tests.demo.conftest import Connect
from tests.demo.raw import RawClient
from worker.demo.imap.errors import Malformed
from worker.demo.imap.grammar import Text, parse
from worker.demo.server import TestMailbox


def together(*acts: Callable[[], None]) -> None:
    """All at once; the first failure is raised."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], None]) -> None:
        try:
            barrier.wait()
            act()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    if failures:
        raise failures[0]


def test_movers_of_the_same_messages_make_no_double_and_lose_none(mailbox: TestMailbox, connect: Connect) -> None:
    """M2 of the reference: real servers double here; this one must not, so that a test that counts can trust it."""
    count, movers = 60, 4
    for n in range(count):
        mailbox.deliver(b"Subject: %d\r\n\r\n" % n)
    connect().create_folder("Done")
    uids = list(range(1, count + 1))
    clients = [connect() for _ in range(movers)]

    def mover(client: IMAPClient) -> Callable[[], None]:
        def act() -> None:
            for at in range(0, count, 5):
                client.move(uids[at : at + 5], "Done")

        return act

    together(*map(mover, clients))
    reader = connect(folder="Done")
    bodies = [found[b"BODY[]"] for found in reader.fetch(reader.search(), ["BODY.PEEK[]"]).values()]
    assert sorted(bodies) == sorted(b"Subject: %d\r\n\r\n" % n for n in range(count))
    assert connect().search() == []
    assert len(list(mailbox.folder.rglob("*.eml"))) == count


def test_conditional_store_has_one_winner(mailbox: TestMailbox) -> None:
    """M3 of the reference: UNCHANGEDSINCE is a lock here."""
    for n in range(40):
        mailbox.deliver(b"Subject: %d\r\n\r\n" % n)
    modseq = mailbox.store.inbox.modseq
    wins: list[int] = []

    def claimant(client: RawClient) -> Callable[[], None]:
        def act() -> None:
            for uid in range(1, 41):
                answer = client.command(b"UID STORE %d (UNCHANGEDSINCE %d) +FLAGS.SILENT ($Mine)" % (uid, modseq))[-1]
                if b"MODIFIED" not in answer:
                    wins.append(uid)

        return act

    clients = [RawClient(mailbox.imap_port).login() for _ in range(4)]
    for client in clients:
        client.command(b"SELECT INBOX")
    together(*map(claimant, clients))
    for client in clients:
        client.close()
    assert sorted(wins) == list(range(1, 41))


def test_deliveries_moves_and_marks_at_once(mailbox: TestMailbox, connect: Connect) -> None:
    connect().create_folder("Done")
    mover, marker = connect(), connect()
    done = threading.Event()

    def deliver() -> None:
        for n in range(60):
            mailbox.deliver(b"Subject: %d\r\n\r\n" % n)
        done.set()

    def move() -> None:
        while not done.is_set() or mover.search():
            if found := mover.search():
                mover.move(found, "Done")

    def mark() -> None:
        while not done.is_set():
            for uid in marker.search(["UNKEYWORD", "$Seen"]):
                marker.add_flags([uid], ["$Seen"])

    together(deliver, move, mark)
    reader = connect(folder="Done")
    assert len(reader.search()) == 60


def test_two_thousand_messages(tmp_path: Path, connect: Connect) -> None:
    """SELECT and SEARCH within 0.5 s; the first look at the folder and a batch move within reason."""
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(2000):
        (folder / f"{n:05}.eml").write_bytes(b"Subject: %d\n\n%b" % (n, b"x" * 2000))
    started = time.monotonic()
    with TestMailbox(folder) as mailbox:
        opened = time.monotonic()
        client = connect(mailbox, folder=None)
        selecting = time.monotonic()
        assert client.select_folder("INBOX")[b"EXISTS"] == 2000
        assert client.search(["UNKEYWORD", "$Done"]) == list(range(1, 2001))
        searched = time.monotonic()
        assert len(client.fetch(client.search(), ["RFC822.SIZE", "FLAGS", "INTERNALDATE"])) == 2000
        sized = time.monotonic()
        client.create_folder("Done")
        client.add_flags(list(range(1, 2001)), ["$Done"], silent=True)
        client.move(list(range(1, 2001)), "Done")
        moved = time.monotonic()
        assert len(list((folder / "Done").glob("*.eml"))) == 2000
    stopped = time.monotonic()
    print(
        f"2,000 messages: open {opened - started:.3f} s, SELECT + SEARCH {searched - selecting:.3f} s, "
        f"sizes {sized - searched:.3f} s, mark and move {moved - sized:.3f} s, stop {stopped - moved:.3f} s"
    )
    assert searched - selecting < 0.5


@pytest.fixture(scope="module")
def sturdy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestMailbox]:
    with TestMailbox(tmp_path_factory.mktemp("sturdy")) as mailbox:
        mailbox.deliver(b"Subject: x\r\n\r\n")
        yield mailbox


_WORDS = st.sampled_from(
    b"LOGIN test SELECT INBOX FETCH UID STORE SEARCH COPY MOVE APPEND LIST STATUS IDLE DONE 1:* * % ( ) [ ] { } < > "
    b'"" " \\ +FLAGS.SILENT (\\Seen) BODY.PEEK[HEADER.FIELDS (X)]<0.1> {3} {3+} {99999999999999} NOT OR KEYWORD x 0 1 '
    b"\x00 \xff & &AAA- CHANGEDSINCE UNCHANGEDSINCE MODSEQ CREATE DELETE RENAME a/b ENABLE CONDSTORE NIL".split(b" ")
)
_LINES = st.lists(st.one_of(_WORDS, st.binary(max_size=12)), max_size=12).map(b" ".join)


@given(parts=st.lists(st.one_of(_LINES, st.binary(max_size=30).map(Text)), min_size=1, max_size=4))
def test_the_parser_gives_a_command_or_says_bad(parts: list[bytes | Text]) -> None:
    first = b"A1 " + bytes(parts[0])
    with suppress(Malformed):
        assert parse([first, *parts[1:]]).tag == "A1"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(_LINES, min_size=1, max_size=8), logged_in=st.booleans())
def test_no_bytes_hurt_the_server_or_other_connections(
    sturdy: TestMailbox, caplog: pytest.LogCaptureFixture, lines: list[bytes], logged_in: bool
) -> None:
    """H: the process lives, nobody else notices, and nothing ends in an internal error."""
    caplog.clear()
    with RawClient(sturdy.imap_port) as witness, RawClient(sturdy.imap_port) as client:
        witness.login()
        if logged_in:
            client.login().command(b"SELECT INBOX")
        client.socket.sendall(b"".join(b"A%d %b\r\n" % (n, line) for n, line in enumerate(lines)))
        client.socket.shutdown(1)
        while client.line():
            pass
        assert b" OK " in witness.command(b"NOOP")[-1]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@settings(max_examples=50, deadline=None)
@given(noise=st.binary(max_size=400))
def test_noise_before_login_is_survived(sturdy: TestMailbox, noise: bytes) -> None:
    with RawClient(sturdy.imap_port) as client:
        client.socket.sendall(noise + b"\r\n")
        client.socket.shutdown(1)
        while client.line():
            pass
    with RawClient(sturdy.imap_port) as client:
        client.login()
