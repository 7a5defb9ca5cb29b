"""What every part of the ledger stands on: its connections, its hashes, its owner."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Row
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from worker.ledger.engine import Engines
from worker.ledger.errors import explained
from worker.ledger.writer import Writer

T = TypeVar("T")

_HASH_HEX_DIGITS = 32


class Store:
    """Reads, writes and hashes; knows no table."""

    def __init__(self, engines: Engines, owner: str, pepper: bytes) -> None:
        self.owner = owner
        self._engines = engines
        self._writer = Writer(engines.writer)
        self._pepper = pepper

    def hash_of(self, text: str) -> str:
        """The keyed hash by which a text can be found again but not read: case and white space do not count."""
        words = " ".join(text.split()).casefold()
        return hmac.digest(self._pepper, words.encode("utf-8", "surrogatepass"), "sha256").hex()[:_HASH_HEX_DIGITS]

    def _write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a write transaction, perhaps together with others', perhaps twice; durable on return."""
        return self._writer.run(work)

    def _read(self, statement: Executable, values: dict[str, Any] | None = None) -> Sequence[Row[Any]]:
        """All rows of a query. A connection that died while it was idle is replaced once."""
        try:
            try:
                return self._rows(statement, values)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                return self._rows(statement, values)
        except SQLAlchemyError as error:
            raise explained(error) from error

    def _rows(self, statement: Executable, values: dict[str, Any] | None) -> Sequence[Row[Any]]:
        with self._engines.reader.connect() as connection:
            return connection.execute(statement, values or {}).all()
