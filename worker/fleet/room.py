"""Procrastinate's tables: in a schema of their own on the ledger's server, as new as the library that we run."""

from __future__ import annotations

from pathlib import Path

from procrastinate.schema import SchemaManager

from worker.ledger import Ledger, Script

#: Ours alone: another application on the same database may use the same library.
SCHEMA = "mail_to_case_queue"


def prepare(ledger: Ledger) -> None:
    """Make or migrate the queue's tables; nothing when the ledger is a file. Any number of workers may do so at once.

    Raises LedgerError, with the cure, when they belong to a newer program or the database refuses.
    """
    if ledger.address is None:
        return
    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    steps = [Script(file.stem, file.read_text("utf-8")) for file in files]
    ledger.prepare_annex(SCHEMA, SchemaManager.get_schema(), steps)
