"""Several ``run`` workers of one installation, killed and started as a test likes, and what they were seen to do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import psycopg

from tests.dovecot import Account
from tests.fleet.recorded import HOST, RECORD
from tests.house.checker import Verdict, desk_messages, lying, verdict
from tests.house.harness import House, mailbox
from worker.bench.mails import Mail

_ROOT = Path(__file__).parents[2]
PROCESSED = "move:Processed"


@dataclass(frozen=True)
class Interval:
    """One poll's hold on a mailbox, in seconds of the machine's monotonic clock."""

    mailbox: str
    pid: int
    begin: float
    end: float
    goes_on: bool = False


@dataclass
class Workers:
    """The processes, each in a group of its own, by the place they fill; all are gone at the end of ``all_ended``."""

    house: House
    living: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    #: when each process was last known to live
    died_at: dict[int, float] = field(default_factory=dict)

    @property
    def _record(self) -> Path:
        return self.house.folder / "record"

    def log(self, place: int) -> str:
        """What the workers of that place have logged."""
        path = self.house.folder / f"worker{place}.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    @property
    def logs(self) -> str:
        """What all workers have logged."""
        return "".join(path.read_text("utf-8", "replace") for path in sorted(self.house.folder.glob("worker*.log")))

    def start(self, place: int, host: str = "") -> None:
        """A worker takes the place; with ``host``, as if on another machine, where nobody can look for its process."""
        command = [sys.executable, "-m", "tests.fleet.recorded", "run", "--settings", str(self.house._written())]
        environ = {**self.house._environ(), RECORD: str(self._record), HOST: host, "PYTHONPATH": str(_ROOT)}
        with (self.house.folder / f"worker{place}.log").open("ab") as log:
            self.living[place] = subprocess.Popen(
                command, env=environ, stdout=log, stderr=log, cwd=self.house.folder, start_new_session=True
            )

    def kill(self, place: int) -> None:
        """SIGKILL to the whole group."""
        process = self.living.pop(place)
        self.died_at[process.pid] = time.monotonic()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def signal(self, place: int, number: int) -> subprocess.Popen[bytes]:
        """Send a signal to the worker, as a platform does to the whole group."""
        process = self.living[place]
        os.killpg(process.pid, number)
        return process

    def stop(self, place: int, timeout_s: float = 25.0) -> float:
        """SIGTERM; how many seconds it took. Anything but a clean end is an error."""
        began = time.monotonic()
        process = self.signal(place, signal.SIGTERM)
        assert process.wait(timeout_s) == 0, self.log(place)
        del self.living[place]
        self.died_at[process.pid] = time.monotonic()
        return time.monotonic() - began

    def intervals(self) -> list[Interval]:
        """Every poll so far, in order of its begin; one that was cut short ended with its process, or goes on."""
        open_: dict[tuple[int, str], float] = {}
        found: list[Interval] = []
        for line in self._record.read_text().splitlines() if self._record.exists() else ():
            pid, what, name, at = line.split(" ")
            if what == "begin":
                open_[int(pid), name] = float(at)
            else:
                found.append(Interval(name, int(pid), open_.pop((int(pid), name)), float(at)))
        now = time.monotonic()
        for (pid, name), begin in open_.items():
            found.append(Interval(name, pid, begin, self.died_at.get(pid, now), goes_on=pid not in self.died_at))
        return sorted(found, key=lambda one: one.begin)

    def overlaps(self) -> list[tuple[Interval, Interval]]:
        """Polls that held the same mailbox at the same time."""
        by_mailbox: dict[str, list[Interval]] = defaultdict(list)
        for one in self.intervals():
            by_mailbox[one.mailbox].append(one)
        return [pair for some in by_mailbox.values() for pair in pairwise(some) if pair[1].begin < pair[0].end]

    def gaps_after_deaths(self) -> list[float]:
        """For each poll that a death cut short: seconds until the same mailbox was polled again."""
        intervals = self.intervals()
        gaps = []
        for cut in intervals:
            if cut.end == self.died_at.get(cut.pid):
                later = [one.begin for one in intervals if one.mailbox == cut.mailbox and one.begin > cut.end]
                gaps += [min(later) - cut.end] if later else []
        return gaps


@contextmanager
def all_ended(house: House) -> Iterator[Workers]:
    """The workers of an installation; whatever still runs at the end is killed."""
    workers = Workers(house)
    try:
        yield workers
    finally:
        for place in list(workers.living):
            workers.kill(place)


def installation(folder: Path, accounts: Sequence[Account], database: str, **worker: object) -> House:
    """A mailbox for each account, the desk, PostgreSQL."""
    mailboxes = {f"box{number}": mailbox(account, processed=PROCESSED) for number, account in enumerate(accounts)}
    return House(folder, mailboxes, database=database, worker={"poll_seconds": 3, **worker})


def plain(number: int) -> Mail:
    """A short mail that belongs to no conversation, so that none waits for another."""
    ref = f"plain.{number}"
    head = f"From: {ref}@customer.example\r\nTo: help@desk.example\r\nSubject: {ref}\r\n"
    more = f"Message-ID: <{ref}@customer.example>\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\n"
    return Mail(ref, f"{head}{more}\r\n[ref {ref}]\r\n".encode())


def spread(generated: Sequence[Mail], accounts: Sequence[Account]) -> None:
    """Deal the mails out to the accounts, in turn."""
    for number, account in enumerate(accounts):
        if share := [mail.raw for mail in generated[number :: len(accounts)]]:
            account.append(*share)


def judged(house: House, accounts: Sequence[Account], generated: Sequence[Mail]) -> Verdict:
    """What became of the mails, by mailboxes and case store alone."""
    found = [one for account in accounts for one in lying(account)]
    with_file = [mail.ref for mail in generated if mail.attached]
    return verdict({mail.ref: mail.raw for mail in generated}, found, desk_messages(house.desk), PROCESSED, with_file)


def asked(database: str, query: str) -> int:
    """One number from the database."""
    with psycopg.connect(database, autocommit=True, application_name="test") as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def connections(database: str) -> int:
    """How many connections the workers have to the database."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name <> 'test'"
    return asked(database, query)


def wait(reached: object, timeout_s: float) -> bool:
    """Whether it came true in that time."""
    assert callable(reached)
    end = time.monotonic() + timeout_s
    while not (done := reached()) and time.monotonic() < end:
        time.sleep(0.05)
    return bool(done)
