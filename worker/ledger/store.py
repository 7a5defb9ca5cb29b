"""What every part of the ledger stands on: its connections, its hashes, its owner."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError

from worker.ledger.compiled import Statement
from worker.ledger.engine import Engines
from worker.ledger.errors import explained
from worker.ledger.wire import Wire
from worker.ledger.writer import Writer

T = TypeVar("T")

_HASH_HEX_DIGITS = 32


class Store:
    """Reads, writes and hashes; knows no table."""

    def __init__(self, engines: Engines, owner: str, pepper: bytes) -> None:
        self.owner = owner
        self._engines = engines
        self._writer = Writer(engines.writes)
        self._pepper = pepper

    def hash_of(self, text: str) -> str:
        """The keyed hash by which a text can be found again but not read: case and white space do not count."""
        words = " ".join(text.split()).casefold()
        return hmac.digest(self._pepper, words.encode("utf-8", "surrogatepass"), "sha256").hex()[:_HASH_HEX_DIGITS]

    def _write(self, work: Callable[[Wire], T]) -> T:
        """Run ``work`` in a write transaction, perhaps together with others', perhaps twice; durable on return."""
        return self._writer.run(work)

    def _read(self, statement: Statement, values: dict[str, Any] | None = None) -> Sequence[Any]:
        """All rows of a query. Connections that died while they were idle are replaced, each of them once."""
        for _ in range(self._engines.reads.number):
            try:
                return self._rows(statement, values or {})
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise explained(error) from error
        return self._rows(statement, values or {})

    def _rows(self, statement: Statement, values: dict[str, Any]) -> Sequence[Any]:
        with self._engines.reads.borrowed() as wire:
            return wire.rows(statement, values)
