"""One run: a mailbox with mail, CRMs, an old ledger; a worker that is hurt; workers that come after it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imapclient import IMAPClient

from tests.crash.crms import Crm, crm_of
from tests.crash.nursery import Job, Nursery
from tests.crash.outside import Judge, Judgement, Outside, answered
from tests.crash.post import BILLING, HELP, posted
from tests.fakes.smtp_sink import SmtpSink
from tests.house.checker import Lying
from tests.house.harness import House
from worker.demo.server import PASSWORD, USER, TestMailbox
from worker.ledger import Ledger

PROCESSED = "move:Processed"
_PASSWORD = "CRASH_MAIL_PASSWORD"
#: waits between two tries, cut short in the worker: what is waited for in earnest has tests of its own
HASTE: dict[str, object] = {
    "worker.deliver.REQUEST_LIFE_S": 0.0,
    "worker.deliver.FIRST_RETRY_S": 0.01,
    "worker.deliver.LAST_RETRY_S": 0.02,
    "connectors.http.client._TRIES": 1,
}
_RUNS = 12
_NAMED = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
_ANSWERED = b"BODY[HEADER.FIELDS (MESSAGE-ID)]"


@dataclass
class Scene:
    """Built anew for every run; close it by the stack."""

    folder: Path
    nursery: Nursery
    connector: str = "desk"
    #: an empty ledger of old standing, to begin with; None: there is none, as after the loss of the last one
    ledger: Path | None = None
    #: deliveries side by side; with 1, effects come in nearly the same order in every run
    lanes: int = 1
    stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.sent = posted()
        self.judge = Judge(self.sent, PROCESSED)
        self.crm: Crm = crm_of(self.connector, self.folder)
        self.stack.callback(self.crm.close)
        self.archive = crm_of("desk", self.folder / "archive")
        self.mailbox = self.stack.enter_context(TestMailbox(self.folder / "mail"))
        self.sink = SmtpSink().start()
        self.stack.callback(self.sink.stop)
        for one in self.sent:
            self.mailbox.deliver(one.raw)
        (self.folder / "answer.txt").write_text("We have got your mail.\n")
        if self.ledger:
            shutil.copy(self.ledger, self.house.ledger)

    @property
    def house(self) -> House:
        """The installation's settings."""
        reached = {"host": "127.0.0.1", "port": self.mailbox.imap_port, "security": "plaintext", "user": USER}
        answer = {"reply": "answer", "connector": "crm"}
        return House(
            self.folder,
            {"support": {**reached, "password_env": _PASSWORD, "processed": PROCESSED, "timeout_s": 20}},
            self.crm.section,
            routes=({"address": HELP, **answer}, {"address": BILLING, "also": ["archive"], **answer}),
            worker={"concurrency": self.lanes, "max_attempts": 30},
            sections={
                "connectors.archive": self.archive.section,
                "smtp": {"url": self.sink.url},
                "replies.answer": {"from": f"Desk <{HELP}>", "text": "answer.txt"},
            },
        )

    def job(self, **more: Any) -> Job:
        """A worker in this scene."""
        patches = {**HASTE, **more.pop("patches", {})}
        env = {_PASSWORD: PASSWORD, **self.crm.env, **more.pop("env", {})}
        return Job(self.folder, self.house._written(), patches=patches, env=env, **more)

    def effects(self) -> list[str]:
        """The names of the last worker's effects, in order, each with what befell it."""
        trace = self.folder / "trace"
        return [line.partition(" ")[2].strip() for line in trace.read_text().splitlines()] if trace.exists() else []

    # ---- looking --------------------------------------------------------------------------------------------

    def now(self) -> Judgement:
        """Judged as it stands, with work perhaps half done."""
        return self.judge.at_any_time(self._outside())

    def at_the_end(self) -> Judgement:
        """Judged as finished."""
        return self.judge.at_the_end(self._outside())

    def _outside(self) -> Outside:
        entries = {"crm": self.crm.entries(), "archive": self.archive.entries()}
        return Outside(self._lying(), entries, answered(one.content for one in self.sink.messages))

    def _lying(self) -> list[Lying]:
        with IMAPClient("127.0.0.1", self.mailbox.imap_port, ssl=False) as client:
            client.login(USER, PASSWORD)
            return [one for _, _, name in client.list_folders() for one in _in_folder(client, name)]

    # ---- afterwards -----------------------------------------------------------------------------------------

    def lose_ledger(self) -> None:
        """What a platform's restart does to a local disk."""
        self.house.lose_ledger()

    def until_quiet(self, **more: Any) -> int:
        """Unhurt workers, one after the other, until there is nothing to do; how many there were."""
        for number in range(1, _RUNS + 1):
            job = self.job(**more)
            code = self.nursery.live(job)
            assert code in (0, 3, 4), (code, job.err.read_text())
            if code != 4 and not any(self._left(job)):
                return number
            self._hurry()
        raise AssertionError(f"not quiet after {_RUNS} runs: {job.out.read_text()} {job.err.read_text()}")

    def _left(self, job: Job) -> list[object]:
        tallies = json.loads(job.out.read_text())["mailboxes"]
        return [tally[name] for tally in tallies for name in ("deferred", "waiting", "problem", "busy")]

    def _hurry(self) -> None:
        """As if the time of every wait and pause were over."""
        if not self.house.ledger.exists():
            return
        with closing(sqlite3.connect(self.house.ledger, isolation_level=None, timeout=10)) as db:
            for table in ("slots", "deliveries"):
                db.execute(f"UPDATE {table} SET due_at_s = NULL")
            db.execute("DELETE FROM pauses")


def _in_folder(client: IMAPClient, name: str) -> list[Lying]:
    client.select_folder(name, readonly=True)
    found = client.fetch(client.search("ALL"), ["FLAGS", _NAMED])
    return [
        Lying(name, uid, answer[_ANSWERED].decode().strip(), frozenset(flag.decode() for flag in answer[b"FLAGS"]))
        for uid, answer in found.items()
    ]


def old_ledger(folder: Path) -> Path:
    """A ledger without entries that began yesterday: mail that comes now is surely new to it."""
    path = folder / "old.db"
    Ledger.open(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE meta SET value = CAST(value AS REAL) - 86400 WHERE name = 'born_at_s'")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path
