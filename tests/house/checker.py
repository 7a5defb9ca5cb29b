"""What became of each mail, seen from outside: the mailbox by IMAP, the case store by its file; never our ledger."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imapclient import IMAPClient

from tests.dovecot import Account
from worker.bench.dovecot import PASSWORD

_REF = re.compile(r"\[ref ([^\]\s]+)\]")


@dataclass(frozen=True)
class Lying:
    """One message in a mailbox, as any mail program sees it."""

    folder: str
    uid: int
    digest: str
    flags: frozenset[str]


def digest_of(mail: bytes) -> str:
    """The same for a mail before and after a server that keeps lines in its own way."""
    return hashlib.sha256(mail.replace(b"\r\n", b"\n").rstrip(b"\n")).hexdigest()


def lying(account: Account) -> list[Lying]:
    """Every message in every folder of the account."""
    with IMAPClient(account.server.host, account.server.imap, ssl=False) as client:
        client.login(account.user, PASSWORD)
        return [one for _, _, name in client.list_folders() for one in _in_folder(client, name)]


def _in_folder(client: IMAPClient, name: str) -> Iterable[Lying]:
    client.select_folder(name, readonly=True)
    uids = client.search("ALL")
    for start in range(0, len(uids), 100):
        for uid, answer in client.fetch(uids[start : start + 100], ["FLAGS", "BODY.PEEK[]"]).items():
            flags = frozenset(flag.decode() for flag in answer[b"FLAGS"])
            yield Lying(name, uid, digest_of(answer[b"BODY[]"]), flags)


def is_marked(one: Lying, processed: str) -> bool:
    """Whether the message carries the mark of that mode."""
    kind, _, name = processed.partition(":")
    if kind == "move":
        return one.folder == name
    if kind == "delete":
        return "\\Deleted" in one.flags
    return ("\\Seen" if kind == "seen" else name) in one.flags


@dataclass(frozen=True)
class Message:
    """One message in the case store: the case it is in, what it says, and the files with it."""

    case: str
    key: str
    text: str
    files: tuple[Path, ...] = ()

    @property
    def ref(self) -> str:
        """The id that a generated mail carries; "" if it carries none."""
        found = _REF.search(self.text)
        return found[1] if found else ""


def desk_messages(folder: Path) -> list[Message]:
    """What the local case desk holds at one moment, read from its database."""
    with _desk(folder) as db:
        if db is None:
            return []
        files: dict[int, list[Path]] = {}
        for message, digest in db.execute("SELECT message, sha256 FROM attachments ORDER BY id"):
            files.setdefault(message, []).append(folder / "attachments" / digest[:2] / digest)
        rows = db.execute("SELECT id, case_id, key, text || ' ' || html FROM messages ORDER BY id").fetchall()
        return [Message(str(case), key, text, tuple(files.get(id_, ()))) for id_, case, key, text in rows]


def desk_count(folder: Path) -> int:
    """How many messages the desk holds now; cheap enough to be asked all the time."""
    with _desk(folder) as db:
        return int(db.execute("SELECT count(*) FROM messages").fetchone()[0]) if db else 0


@contextmanager
def _desk(folder: Path) -> Iterator[sqlite3.Connection | None]:
    """The desk's database for reading; None while its tables have not been made."""
    path = folder / "desk.db"
    if not path.exists():
        yield None
        return
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10, isolation_level=None)) as db:
        db.execute("BEGIN")
        made = db.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('messages', 'attachments')").fetchone()
        yield db if made[0] == 2 else None


@dataclass(frozen=True)
class Verdict:
    """The refs of mails by what became of them."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    #: marked as processed, but in no case (I2)
    marked_without_case: tuple[str, ...]
    #: in a case, but not marked, once the worker is done
    unmarked: tuple[str, ...]
    #: more copies in the mailbox than were put there
    copied: tuple[str, ...]
    #: in a case, without the file that came with it
    without_file: tuple[str, ...]
    once: int

    def faults(self) -> dict[str, tuple[str, ...]]:
        """What should be empty, and is not."""
        return {name: value for name, value in vars(self).items() if isinstance(value, tuple) and value}


def verdict(
    injected: Mapping[str, bytes],
    in_mailbox: Iterable[Lying],
    in_cases: Iterable[Message],
    processed: str,
    with_file: Iterable[str] = (),
) -> Verdict:
    """Judge the mails of ``injected`` (ref → mail). ``with_file``: refs of those that came with an attachment."""
    refs = {digest_of(mail): ref for ref, mail in injected.items()}
    found = [one for one in in_mailbox if one.digest in refs]
    marked = Counter(refs[one.digest] for one in found if is_marked(one, processed))
    waiting = Counter(
        refs[one.digest] for one in found if not is_marked(one, processed) and "\\Deleted" not in one.flags
    )
    messages = list(in_cases)
    cases = Counter(message.ref for message in messages)
    files = {message.ref for message in messages if any(_carries(path, message.ref) for path in message.files)}
    gone = processed == "delete"
    return Verdict(
        lost=tuple(ref for ref in injected if not cases[ref] and not waiting[ref]),
        doubled=tuple(ref for ref in injected if cases[ref] > 1),
        marked_without_case=tuple(ref for ref in injected if marked[ref] and not cases[ref]),
        unmarked=tuple(ref for ref in injected if cases[ref] and (waiting[ref] or not (marked[ref] or gone))),
        copied=tuple(ref for ref in injected if marked[ref] + waiting[ref] > 1),
        without_file=tuple(ref for ref in with_file if cases[ref] and ref not in files),
        once=sum(1 for ref in injected if cases[ref] == 1),
    )


def _carries(path: Path, ref: str) -> bool:
    return path.exists() and path.read_bytes().startswith(f"[ref {ref}]".encode())


def zendesk_messages(snapshot: Mapping[str, Any]) -> list[Message]:
    """What the fake Zendesk holds; its keys stand on the ticket, so only their number can be compared."""
    return [
        Message(str(ticket["id"]), "", f"{comment['body']} {comment['html_body']}")
        for ticket in snapshot["tickets"]
        for comment in ticket["comments"]
    ]


def unmark(account: Account, processed: str) -> None:
    """Take every mark of ours away, as a restored backup would: all mail lies in INBOX, bare."""
    folder = processed.partition(":")[2] if processed.startswith("move:") else "INBOX"
    with IMAPClient(account.server.host, account.server.imap, ssl=False) as client:
        client.login(account.user, PASSWORD)
        client.select_folder(folder)
        if client.search("ALL"):
            client.set_flags("1:*", [], silent=True)
            if folder != "INBOX":
                client.move("1:*", "INBOX")
