"""The tables: made by migrations as the schema says, never by a program that is too old (D8, D9)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from tests.ledger.conftest import Open
from worker.ledger import Ledger, LedgerError, migrate
from worker.ledger.engine import connected, parsed
from worker.ledger.schema import HEAD, VERSION_TABLE, metadata


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engines = connected(parsed(url))
    yield engines.writer
    engines.close()


def test_migrations_end_where_the_schema_stands(ledger: Ledger, engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_what_is_begun_at_once_is_what_all_migrations_make(
    opened: Open, engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fresh database skips the migrations; it must not be another one for that."""
    opened().close()
    begun = _shape(engine)
    with engine.begin() as connection:
        metadata.drop_all(connection)
        connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))
    monkeypatch.setattr(migrate, "_begin", lambda connection: migrate._upgrade(connection, None))
    Ledger.open(url).close()
    assert _shape(engine) == begun


def _shape(engine: Engine) -> dict[str, object]:
    looked = inspect(engine)
    return {
        table: [
            [(one["name"], str(one["type"]), one["nullable"], one["default"]) for one in looked.get_columns(table)],
            looked.get_pk_constraint(table)["constrained_columns"],
            sorted((one["name"], one["column_names"], _options(one)) for one in looked.get_indexes(table)),
            sorted(looked.get_unique_constraints(table), key=str),
            sorted(looked.get_check_constraints(table), key=str),
            sorted(looked.get_foreign_keys(table), key=str),
        ]
        for table in sorted(looked.get_table_names())
    }


def _options(index: Any) -> dict[str, str]:
    return {name: str(value) for name, value in index["dialect_options"].items()}


def test_head_is_the_last_migration() -> None:
    script = ScriptDirectory(str(migrate.FOLDER))
    assert script.get_current_head() == HEAD


def test_d8_a_database_from_a_newer_program_is_refused_with_both_versions(
    opened: Open, engine: Engine, url: str
) -> None:
    opened().close()
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
        connection.execute(text("UPDATE meta SET value = '99.1' WHERE name = 'program'"))
    with pytest.raises(LedgerError, match=r"mail-to-case 99\.1 \(tables 9999\).*0\.1\.0 \(tables " + HEAD + r"\)"):
        Ledger.open(url)


def test_d9_a_migration_that_dies_half_way_leaves_nothing(
    url: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Ledger.open(url).close()
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.FOLDER, folder)
    (folder / "versions" / "v9998_half.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        "revision, down_revision, branch_labels, depends_on = '9998', '" + HEAD + "', None, None\n"
        "def upgrade():\n"
        "    op.create_table('half', sa.Column('a', sa.Text))\n"
        "    op.add_column('slots', sa.Column('extra', sa.Text))\n"
        "    raise RuntimeError('killed')\n"
    )
    monkeypatch.setattr(migrate, "FOLDER", folder)
    monkeypatch.setattr(migrate, "HEAD", "9998")
    with pytest.raises(RuntimeError, match="killed"):
        Ledger.open(url)
    assert "half" not in inspect(engine).get_table_names()
    assert "extra" not in {column["name"] for column in inspect(engine).get_columns("slots")}
    monkeypatch.undo()
    Ledger.open(url).close()


def test_opening_what_is_up_to_date_does_without_alembic(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    born_at = opened().born_at

    def refuse(*_: object) -> None:
        raise AssertionError("nothing was to be migrated")

    monkeypatch.setattr(migrate, "_upgrade", refuse)
    assert opened().born_at == born_at


def test_a_percent_sign_in_the_path_of_the_program_does_no_harm(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "100%(here)s"
    shutil.copytree(migrate.FOLDER, folder)
    monkeypatch.setattr(migrate, "FOLDER", folder)
    Ledger.open(url).close()
