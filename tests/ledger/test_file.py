"""The SQLite file: damaged, lost, full, forbidden, foreign (D1-D7)."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError

from tests.ledger.samples import key, pragma, routed, waiting
from worker.ledger import Ledger, LedgerError
from worker.ledger.schema import events


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def opened(file: Path) -> Ledger:
    return Ledger.open(f"sqlite:///{file}")


@pytest.mark.parametrize("damage", ["header", "page", "cut", "text"])
def test_d5_a_damaged_file_is_moved_aside_and_a_new_one_begun(file: Path, damage: str) -> None:
    with closing(opened(file)) as ledger:
        for number in range(50):
            routed(ledger, f"m{number}", number + 1)
    content = bytearray(file.read_bytes())
    if damage == "header":
        content[:16] = bytes(16)
    elif damage == "page":
        content[4096:] = random.Random(1).randbytes(len(content) - 4096)
    elif damage == "cut":
        del content[len(content) // 2 :]
    else:
        content[:] = b"not a database\n" * 1000
    file.write_bytes(content)
    with closing(opened(file)) as ledger:
        assert ledger.state([key("m1")]) == {}
        with ledger._engines.reader.connect() as connection:
            (event,) = connection.execute(select(events)).all()
    (aside,) = file.parent.glob("ledger.db.damaged-*")
    assert aside.read_bytes() == bytes(content)
    assert (event.kind, event.detail) == ("ledger_damaged", f"moved_to={aside.name}")


def test_an_empty_file_is_a_new_ledger(file: Path) -> None:
    file.touch()
    with closing(opened(file)) as ledger:
        routed(ledger)
    assert not list(file.parent.glob("*.damaged-*"))


def test_d6_a_file_that_is_lost_or_replaced_is_noticed(file: Path) -> None:
    with closing(opened(file)) as ledger:
        assert ledger.still_there()
        file.rename(file.with_name("elsewhere"))
        assert not ledger.still_there()
        file.with_name("copy").write_bytes(file.with_name("elsewhere").read_bytes())
        file.with_name("copy").rename(file)
        assert not ledger.still_there()


def test_d3_a_full_disk_is_told_and_got_over(file: Path) -> None:
    with closing(opened(file)) as ledger:
        ledger.enter(waiting(1))
        pragma(ledger._engines, f"max_page_count = {pragma(ledger._engines, 'page_count')}")
        with pytest.raises(LedgerError, match=r"worker\.database \(or DATABASE_URL\): the disk is full: make room"):
            ledger.enter(waiting(*range(2, 5000)))
        assert ledger.agenda("support", "INBOX", 7, []).suspects == (1,), "nothing was written half"
        pragma(ledger._engines, "max_page_count = 1000000")
        assert len(ledger.enter(waiting(*range(2, 5000)))) == 4998


def test_d4_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"worker\.database.*create its folder"):
        Ledger.open(f"sqlite:///{tmp_path}/missing/ledger.db")


def test_d4_a_file_that_became_read_only(file: Path) -> None:
    with closing(opened(file)) as ledger:
        pragma(ledger._engines, "query_only = ON")
        with pytest.raises(LedgerError, match="may not be written to"):
            ledger.enter(waiting(1))


def test_durable_and_ready_for_several_readers(file: Path) -> None:
    """D2: writes take their lock at once, and are on the disk when they return."""
    with closing(opened(file)) as ledger:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        settings = {name: pragma(ledger._engines, name) for name in names}
        assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
        with ledger._engines.writes.transaction(), closing(sqlite3.connect(file, timeout=0)) as other:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")


def test_what_only_reads_cannot_write(file: Path) -> None:
    with closing(opened(file)) as ledger:
        with pytest.raises(DBAPIError, match="readonly"), ledger._engines.reads.borrowed() as wire:
            wire.change(delete(events), {})


def test_the_file_is_its_owners_alone(file: Path) -> None:
    old = os.umask(0)
    try:
        with closing(opened(file)) as ledger:
            routed(ledger)
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.glob("ledger.db*")}
    finally:
        os.umask(old)
    assert set(modes.values()) == {0o600}, modes
