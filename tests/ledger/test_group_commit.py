"""Group commit: one commit for what comes together, each caller its own result, nobody stuck."""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select

from tests.ledger.samples import pragma
from worker.ledger import LedgerError
from worker.ledger.engine import Engines, connected, parsed
from worker.ledger.statements import put
from worker.ledger.wire import Wire
from worker.ledger.writer import Writer

NOTES = Table("notes", MetaData(), Column("number", Integer, primary_key=True))


@pytest.fixture
def engines(url: str) -> Iterator[Engines]:
    engines = connected(parsed(url))
    NOTES.metadata.create_all(engines.writer)
    yield engines
    engines.close()


@pytest.fixture
def writer(engines: Engines) -> Writer:
    return Writer(engines.writes)


def write(number: int) -> Callable[[Wire], int]:
    def work(wire: Wire) -> int:
        wire.change(insert(NOTES), {"number": number})
        return number * 2

    return work


def written(engines: Engines) -> list[int]:
    with engines.reader.connect() as connection:
        return list(connection.scalars(select(NOTES.c.number).order_by(NOTES.c.number)))


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with every commit."""
    seen: list[int] = []
    commit = Wire.commit

    def counted(wire: Wire) -> None:
        commit(wire)
        seen.append(1)

    monkeypatch.setattr(Wire, "commit", counted)
    return seen


def test_alone(writer: Writer, engines: Engines) -> None:
    assert writer.run(write(1)) == 2
    assert written(engines) == [1]


def test_what_comes_together_is_committed_together(writer: Writer, engines: Engines, commits: list[int]) -> None:
    begun, go = threading.Event(), threading.Event()

    def slow(wire: Wire) -> int:
        begun.set()
        assert go.wait(10)
        return write(0)(wire)

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(writer.run, slow)
        assert begun.wait(10)
        rest = [pool.submit(writer.run, write(number)) for number in range(1, 9)]
        while len(writer._queue) < 8:
            threading.Event().wait(0.001)
        go.set()
        assert first.result(10) == 0
        assert [one.result(10) for one in rest] == [2 * number for number in range(1, 9)]
    assert len(commits) == 2
    assert written(engines) == list(range(9))


def test_one_failure_fails_its_caller_alone(writer: Writer, engines: Engines) -> None:
    def bad(wire: Wire) -> int:
        wire.change(insert(NOTES), {"number": 100})
        raise ValueError("mine")

    works = [write(1), bad, write(2), write(1), write(3)]
    with ThreadPoolExecutor(5) as pool:
        futures = [pool.submit(writer.run, work) for work in works]
        wait(futures)
    first, mine, second, again, third = (future.exception() for future in futures)
    assert isinstance(mine, ValueError)
    assert second is third is None
    assert sorted(type(error).__name__ for error in (first, again)) == ["LedgerError", "NoneType"]
    assert written(engines) == [1, 2, 3]


def test_many_threads_many_writes(writer: Writer, engines: Engines) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda n: writer.run(write(n)), range(400))) == [2 * n for n in range(400)]
    with engines.reader.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(NOTES)) == 400


def test_an_interrupted_leader_hands_the_lead_on(writer: Writer, engines: Engines) -> None:
    begun, go = threading.Event(), threading.Event()

    def interrupted(wire: Wire) -> int:
        begun.set()
        assert go.wait(10)
        raise KeyboardInterrupt

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(writer.run, interrupted)
        assert begun.wait(10)
        second = pool.submit(writer.run, write(1))
        while not writer._queue:
            threading.Event().wait(0.001)
        go.set()
        assert isinstance(first.exception(10), KeyboardInterrupt)
        assert second.result(10) == 2
    assert writer.run(write(2)) == 4
    assert written(engines) == [1, 2]


def test_d1_a_locked_file_is_told_to_all_and_then_works_again(tmp_path: Path) -> None:
    engines = connected(parsed(f"sqlite:///{tmp_path}/a.db"))
    NOTES.metadata.create_all(engines.writer)
    pragma(engines, "busy_timeout = 50")
    writer = Writer(engines.writes)
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match=r"worker\.database.*locked"):
        writer.run(write(1))
    other.execute("ROLLBACK")
    other.close()
    assert writer.run(write(1)) == 2
    engines.close()


@pytest.mark.postgres
def test_two_workers_that_wait_for_each_other_both_get_through(postgres_url: str) -> None:
    """PostgreSQL aborts one of them; its work is run again, until the other is through."""
    both = [connected(parsed(postgres_url)) for _ in range(2)]
    NOTES.metadata.create_all(both[0].writer)
    met = threading.Barrier(2)
    runs: list[int] = []

    def crossing(first: int, second: int) -> Callable[[Wire], int]:
        def work(wire: Wire) -> int:
            runs.append(first)
            put(wire, NOTES, {"number": first})
            if len(runs) <= 2:
                met.wait(10)
            put(wire, NOTES, {"number": second})
            return first

        return work

    with ThreadPoolExecutor(2) as pool:
        works = (crossing(1, 2), crossing(2, 1))
        futures = [pool.submit(Writer(one.writes).run, work) for one, work in zip(both, works, strict=True)]
        assert [future.result(30) for future in futures] == [1, 2]
    assert len(runs) >= 3
    assert written(both[0]) == [1, 2]
    for one in both:
        one.close()


def test_the_lead_passes_on_at_any_moment(writer: Writer) -> None:
    """A thread may be appointed between queueing and waiting: nobody waits for ever."""
    failures: list[BaseException] = []

    def hurry() -> None:
        try:
            for number in range(500):
                assert writer.run(lambda _, number=number: number) == number
        except BaseException as error:
            failures.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=hurry, daemon=True) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        assert not any(thread.is_alive() for thread in threads)
    finally:
        sys.setswitchinterval(before)
    assert failures == []
