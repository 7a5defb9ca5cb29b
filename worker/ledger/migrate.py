"""Brings a database to the tables of this program, one transaction a step, and refuses one that is ahead of it."""

from __future__ import annotations

import secrets
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, select, text, update

from worker.ledger.clock import NowS
from worker.ledger.errors import SOURCE, LedgerError
from worker.ledger.schema import HEAD, VERSION_TABLE, meta, metadata
from worker.ledger.statements import insert_if_absent

FOLDER = Path(__file__).parent / "migrations"
_PEPPER_BYTES = 32
#: Names the lock that keeps two workers from migrating one server's database at the same time.
_LOCK = 0x6D32_6C65_6467

_VERSIONS = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))


def migrate(writer: Engine) -> None:
    """Run every missing migration, then make sure that pepper and birth are written. Cheap when nothing is to do."""
    with writer.connect() as connection:
        known = _version(connection)
    while known != HEAD:
        known = _step(writer)
    with writer.begin() as connection:
        _begin_meta(connection)


def is_current(reader: Engine) -> bool:
    """Whether the database already has the tables of this program; writes nothing."""
    with reader.connect() as connection:
        return _version(connection) == HEAD


def _step(writer: Engine) -> str | None:
    """One migration in one transaction; what another worker has done meanwhile is not done again."""
    with writer.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": _LOCK})
        found = _version(connection)
        if found is None:
            _begin(connection)
        elif found != HEAD:
            _upgrade(connection, found)
        return _version(connection)


def _begin(connection: Connection) -> None:
    """An empty database gets today's tables at once; a test holds them equal to what every migration makes of it."""
    metadata.create_all(connection)
    _VERSIONS.create(connection)
    connection.execute(_VERSIONS.insert().values(version_num=HEAD))
    _name_program(connection)


def _upgrade(connection: Connection, found: str | None) -> None:
    # Alembic is only needed, and so only imported, when there is something to migrate.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise _too_new(connection, found)
    command.upgrade(config, "+1")
    _name_program(connection)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(select(_VERSIONS.c.version_num))


def _too_new(connection: Connection, found: str) -> LedgerError:
    other = connection.scalar(select(meta.c.value).where(meta.c.name == "program")) or "a newer version"
    return LedgerError(
        f"{SOURCE}: the database belongs to mail-to-case {other} (tables {found}), and this is mail-to-case "
        f"{_program()} (tables {HEAD}): install the newer program again, or name another database"
    )


def _name_program(connection: Connection) -> None:
    if not _put(connection, "program", _program()):
        connection.execute(update(meta).where(meta.c.name == "program").values(value=_program()))


def _begin_meta(connection: Connection) -> None:
    if connection.scalar(select(meta.c.value).where(meta.c.name == "born_at_s")) is not None:
        return
    born_at_s = connection.scalar(select(NowS()))
    _put(connection, "pepper", secrets.token_hex(_PEPPER_BYTES))
    _put(connection, "born_at_s", repr(born_at_s))


def _put(connection: Connection, name: str, value: str) -> bool:
    """Write something of the ledger as a whole, unless it is written; True when it is new."""
    statement = insert_if_absent(meta, connection.dialect.name)
    return connection.execute(statement, {"name": name, "value": value}).rowcount == 1


def _program() -> str:
    return version("mail-to-case")
