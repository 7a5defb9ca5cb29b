"""A worker that is frozen beyond its lease and wakes up while, or after, another did its work; clocks that jump."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.crash.nursery import Nursery
from tests.crash.scene import Scene, old_ledger

_LEASE_S = 1.0
#: leases and claims that run out soon, so that a test need not wait two minutes
_SHORT: dict[str, object] = {
    "worker.tenure.LEASE_S": _LEASE_S,
    "worker.tenure.RENEW_S": 0.2,
    "worker.poll.LEASE_S": _LEASE_S,
    "worker.deliver.CLAIM_S": _LEASE_S,
    "worker.deliver.TAKEN_S": _LEASE_S,
    "worker.ledger.deliveries.TAKEN_S": _LEASE_S,
}
#: effects that are outside: before a ledger's commit, a frozen worker holds the database's lock
_PLACES = (("desk commit", 1), ("desk commit", 4), ("smtp", 2), ("imap", 1), ("imap MOVE", 1))

Stage = Callable[..., Scene]


@pytest.fixture
def stage(tmp_path: Path, nursery: Nursery) -> Iterator[Stage]:
    """Builds the scene of a test."""
    with ExitStack() as stack:
        yield lambda **more: Scene(tmp_path, nursery, ledger=old_ledger(tmp_path), stack=stack, **more)


def _frozen(scene: Scene, only: str, at: int, name: str = "frozen-") -> int:
    """A worker that was stopped right before that effect, longer ago than its lease lasts."""
    pid = scene.nursery.start(scene.job(at=at, kind="stop", only=only, name=name, patches=_SHORT))
    status = scene.nursery.wait(pid, 20)
    assert status is not None
    assert os.WIFSTOPPED(status), (scene.folder / "frozen-err").read_text()
    time.sleep(_LEASE_S * 1.2)
    return pid


def _woken(scene: Scene, pid: int) -> None:
    os.kill(pid, signal.SIGCONT)
    status = scene.nursery.wait(pid, 30)
    assert status is not None, "the woken worker hangs"
    assert os.waitstatus_to_exitcode(status) in (0, 3, 4)
    assert "Traceback" not in (scene.folder / "frozen-err").read_text()


@pytest.mark.parametrize(("only", "at"), _PLACES)
@pytest.mark.parametrize("ledger", ["shared", "lost"])
def test_p6_frozen_while_another_worker_does_its_work(only: str, at: int, ledger: str, stage: Stage) -> None:
    """P6, I3, I8; with ledgers of their own (the first one's file is gone) D6, D16: each mail once all the same."""
    found = _overtaken(stage(), only, at, ledger)
    if ledger == "lost":
        found.pop("acked_twice", None)
    assert found == {}


def test_i5_frozen_without_a_common_ledger_answers_once(stage: Stage) -> None:
    """I5, D16: old and new dyno, each with a ledger of its own; whoever did not make the case must not answer."""
    assert "acked_twice" not in _overtaken(stage(), "desk commit", 1, "lost")


def _overtaken(scene: Scene, only: str, at: int, ledger: str) -> dict[str, tuple[str, ...]]:
    """What is wrong once a worker was frozen, another did the work, and the first one has woken."""
    pid = _frozen(scene, only, at)
    if ledger == "lost":
        scene.lose_ledger()
    scene.until_quiet(patches=_SHORT)
    assert scene.now().faults() == {}
    _woken(scene, pid)
    scene.until_quiet(patches=_SHORT)
    return scene.at_the_end().faults()


def test_p6_woken_in_the_middle_of_the_others_work(stage: Stage) -> None:
    """P6, I8: both are at it at the same time, each with a claim of its own on other mails."""
    scene = stage()
    first = _frozen(scene, "desk commit", 2)
    second = _frozen(scene, "desk commit", 2, "second-")
    os.kill(first, signal.SIGCONT)
    os.kill(second, signal.SIGCONT)
    for pid in (first, second):
        assert scene.nursery.wait(pid, 30) is not None
    scene.until_quiet(patches=_SHORT)
    assert scene.at_the_end().faults() == {}


@pytest.mark.parametrize(("shift_s", "at"), [(86_400.0, 20), (-86_400.0, 34), (-86_400.0, 6), (-3_600.0, 20)])
def test_p9_the_wall_clock_jumps_under_the_ledger(shift_s: float, at: int, stage: Stage) -> None:
    """P9, D14: all that the ledger knows lies a day before, or after, the time that it is now."""
    scene = stage()
    assert scene.nursery.live(scene.job(at=at)) == -signal.SIGKILL
    with closing(sqlite3.connect(scene.house.ledger, isolation_level=None)) as db:
        for table, column in _moments(db):
            db.execute(f"UPDATE {table} SET {column} = {column} - ? WHERE {column} > 0", (shift_s,))
        db.execute("UPDATE meta SET value = CAST(value AS REAL) - ? WHERE name = 'born_at_s'", (shift_s,))
    scene.until_quiet()
    found = scene.at_the_end().faults()
    found.pop("unflagged", None)
    assert found == {}


def _moments(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Every column of the ledger that holds a moment."""
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = [(table, row[1]) for table in tables for row in db.execute(f"PRAGMA table_info({table})")]
    return [(table, column) for table, column in columns if column.endswith("_s")]
