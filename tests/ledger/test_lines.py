"""Statements past SQLAlchemy's engine: the same answers, nothing left behind, dead connections replaced (D11, D13)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Column, Integer, MetaData, Select, Table, Text, bindparam, delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from tests.ledger.samples import key, routed
from tests.postgres import PostgresServer
from worker.ledger import Ledger
from worker.ledger.compiled import compiled
from worker.ledger.engine import Engines, connected, parsed
from worker.ledger.statements import if_absent, put_all

WORDS = Table(
    "words",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("word", Text, nullable=False, default="50%"),
    Column("key", Text),
)
ALL = select(WORDS).order_by(WORDS.c.number)
ADD = insert(WORDS)
AMONG = ALL.where(WORDS.c.number.in_(bindparam("numbers", expanding=True)), WORDS.c.word.in_(("a", "b", "50%")))


@pytest.fixture
def engines(url: str) -> Iterator[Engines]:
    engines = connected(parsed(url))
    WORDS.metadata.create_all(engines.writer)
    yield engines
    engines.close()


def told(engines: Engines, statement: Select[tuple[int, str, str]] = ALL, **values: object) -> list[tuple[object, ...]]:
    with engines.reads.borrowed() as wire:
        return [tuple(row) for row in wire.rows(statement, values)]


def test_defaults_literals_and_percent_signs(engines: Engines) -> None:
    with engines.writes.transaction() as wire:
        wire.change(ADD, {"number": 1})
        wire.change(ADD, {"number": 2, "word": "%(x)s :x ? %%", "key": None})
        wire.change_all(ADD, [{"number": 3, "key": "k"}, {"number": 4, "key": None}])
        assert wire.change(update(WORDS).where(WORDS.c.word.like("5%")).values(key="100%"), {}) == 3
    assert told(engines) == [(1, "50%", "100%"), (2, "%(x)s :x ? %%", None), (3, "50%", "100%"), (4, "50%", "100%")]


@pytest.mark.parametrize(("numbers", "found"), [([], []), ([2], [2]), ([3, 1], [1, 3]), (list(range(90)), [1, 2, 3])])
def test_lists_of_any_length(engines: Engines, numbers: list[int], found: list[int]) -> None:
    with engines.writes.transaction() as wire:
        wire.change_all(ADD, [{"number": number, "word": word} for number, word in enumerate(("a", "b", "a", "c"), 1)])
    for _ in range(2):
        assert [row[0] for row in told(engines, AMONG, numbers=numbers)] == found


def test_a_value_that_is_missing_is_refused(engines: Engines) -> None:
    """It must not become NULL: that would empty a column, or match nothing."""
    with pytest.raises(Exception, match="at_number"), engines.writes.transaction() as wire:
        wire.change(delete(WORDS).where(WORDS.c.number == bindparam("at_number")), {})


def test_new_rows_are_told_in_order_the_first_of_equals(engines: Engines) -> None:
    with engines.writes.transaction() as wire:
        wire.change(ADD, {"number": 2})
    for rows in ([{"number": 3, "word": "a"}, {"number": 2, "word": "b"}, {"number": 3, "word": "c"}], []):
        with engines.writes.transaction() as wire:
            new = put_all(wire, if_absent(WORDS, wire.dialect).returning(WORDS.c.number), "number", rows)
        assert new == rows[:1]
    assert told(engines) == [(2, "50%", None), (3, "a", None)]


def test_a_statement_is_compiled_once(engines: Engines) -> None:
    told(engines)
    before = compiled.cache_info().misses
    told(engines)
    assert compiled.cache_info().misses == before


def test_what_was_kept_for_last_dies_with_its_transaction(engines: Engines) -> None:
    def fail() -> None:
        with engines.writes.transaction() as wire:
            wire.change(ADD, {"number": 1})
            wire.at_last(ADD, {"number": 2})
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        fail()
    with engines.writes.transaction() as wire:
        wire.at_last(ADD, {"number": 3})
        wire.change(ADD, {"number": 4})
    assert [row[0] for row in told(engines)] == [3, 4]


def test_a_failure_at_the_very_end_undoes_all(engines: Engines) -> None:
    def fail() -> None:
        with engines.writes.transaction() as wire:
            wire.change(ADD, {"number": 1})
            wire.at_last(ADD, {"number": 1})

    with pytest.raises(DBAPIError):
        fail()
    assert told(engines) == []


def test_one_pair_of_hands_at_a_time(engines: Engines) -> None:
    inside: list[int] = []

    def use(_: int) -> int:
        with engines.reads.borrowed() as wire:
            inside.append(1)
            most = len(inside)
            wire.rows(ALL, {})
            inside.pop()
        return most

    with ThreadPoolExecutor(8) as pool:
        assert max(pool.map(use, range(200))) <= engines.reads.number


def test_closing_while_one_is_in_use(engines: Engines) -> None:
    with engines.reads.borrowed() as wire:
        engines.close()
        assert wire.rows(ALL, {}) == []
    with pytest.raises(Exception, match="closed"):
        wire.rows(ALL, {})
    engines.close()


@pytest.mark.postgres
def test_d11_every_reader_that_was_cut_is_replaced_at_once(postgres_server: PostgresServer, postgres_url: str) -> None:
    ledger = Ledger.open(postgres_url)
    routed(ledger)
    readers = ledger._engines.reads.number
    met = threading.Barrier(readers)

    def read(_: int) -> None:
        with ledger._engines.reads.borrowed():
            met.wait(10)

    with ThreadPoolExecutor(readers) as pool:
        list(pool.map(read, range(readers)))
    assert postgres_server.cut(postgres_url.rpartition("/")[2]) == readers + 1
    assert set(ledger.state([key()])) == {key()}
    ledger.close()
