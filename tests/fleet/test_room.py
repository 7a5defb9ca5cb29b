"""The queue's tables: made by whoever comes first, migrated step by step, and left alone when they are not ours."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from procrastinate.schema import SchemaManager

from tests.fleet.workers import asked
from worker.fleet import SCHEMA, prepare
from worker.ledger import Ledger, LedgerError

pytestmark = pytest.mark.postgres

_SHAPE = f"""
SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
  SELECT table_name || '.' || column_name || ' ' || udt_name || ' ' || is_nullable AS line
    FROM information_schema.columns WHERE table_schema = '{SCHEMA}'
  UNION SELECT indexdef FROM pg_indexes WHERE schemaname = '{SCHEMA}'
  UNION SELECT event_object_table || ' ' || trigger_name FROM information_schema.triggers
    WHERE trigger_schema = '{SCHEMA}') AS lines
"""


@pytest.fixture
def ledger(postgres_url: str) -> Iterator[Ledger]:
    """A ledger on an empty database."""
    opened = Ledger.open(postgres_url)
    yield opened
    opened.close()


def _run(url: str, *commands: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for command in commands:
            connection.execute(command.encode())


def _shape(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute(_SHAPE.encode()).fetchone()
    return str(row[0]) if row else ""


def test_d9_many_workers_start_at_once(postgres_url: str) -> None:
    with ExitStack() as stack:
        ledgers = [Ledger.open(postgres_url) for _ in range(5)]
        for one in ledgers:
            stack.callback(one.close)
        with ThreadPoolExecutor(5) as pool:
            list(pool.map(prepare, ledgers * 2))
    assert asked(postgres_url, f"SELECT count(*) FROM {SCHEMA}.procrastinate_jobs") == 0
    assert asked(postgres_url, "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'procrastinate%'") == 4


def test_tables_of_an_older_library_are_brought_up_to_date(ledger: Ledger, postgres_url: str) -> None:
    """What all migrations make of nothing is what a new database gets."""
    prepare(ledger)
    fresh = _shape(postgres_url)
    first, *_ = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    _run(postgres_url, f"DROP SCHEMA {SCHEMA} CASCADE", f"CREATE SCHEMA {SCHEMA}")
    _run(postgres_url, f"SET search_path TO {SCHEMA};" + first.read_text())
    _run(postgres_url, f"COMMENT ON SCHEMA {SCHEMA} IS '{first.stem}'")
    prepare(ledger)
    assert _shape(postgres_url) == fresh


def test_d8_tables_of_a_newer_library_are_refused_with_the_cure(ledger: Ledger, postgres_url: str) -> None:
    prepare(ledger)
    _run(postgres_url, f"COMMENT ON SCHEMA {SCHEMA} IS '09.00.00_01_something'")
    with pytest.raises(LedgerError, match=r"DATABASE_URL.*09\.00\.00_01_something.*newer program") as caught:
        prepare(ledger)
    assert "Traceback" not in str(caught.value)
    assert asked(postgres_url, f"SELECT count(*) FROM {SCHEMA}.procrastinate_jobs") == 0


def test_a_schema_that_somebody_else_has_filled_is_left_alone(ledger: Ledger, postgres_url: str) -> None:
    _run(postgres_url, f"CREATE SCHEMA {SCHEMA}", f"CREATE TABLE {SCHEMA}.procrastinate_jobs (theirs int)")
    with pytest.raises(LedgerError, match="somebody else"):
        prepare(ledger)


def test_an_administrator_may_have_made_the_schema(ledger: Ledger, postgres_url: str) -> None:
    _run(postgres_url, f"CREATE SCHEMA {SCHEMA}")
    prepare(ledger)
    assert asked(postgres_url, f"SELECT count(*) FROM {SCHEMA}.procrastinate_jobs") == 0


def test_another_application_with_the_same_library_is_not_touched(ledger: Ledger, postgres_url: str) -> None:
    _run(postgres_url, SchemaManager.get_schema())
    prepare(ledger)
    assert asked(postgres_url, "SELECT count(*) FROM public.procrastinate_jobs") == 0
    assert asked(postgres_url, f"SELECT count(*) FROM {SCHEMA}.procrastinate_jobs") == 0


def test_a_ledger_in_a_file_has_no_queue(tmp_path: Path) -> None:
    one = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    assert one.address is None
    prepare(one)
    one.close()
