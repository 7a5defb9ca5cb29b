"""The few connections of a worker: they stay open, and each is in one pair of hands at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Semaphore
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from worker.ledger.wire import Wire


class Lines:
    """At most ``number`` open connections of an engine's kind, opened when they are needed, replaced when dead.

    Everything raises DBAPIError in place of the driver's own errors, and says in it whether the connection was dead.
    """

    def __init__(self, engine: Engine, number: int) -> None:
        self.number = number
        self._engine = engine
        self._closed = False
        self._left = Semaphore(number)
        # The one that was used last is used next: what it has cached is the freshest.
        self._free: list[Wire | None] = [None] * number

    @contextmanager
    def transaction(self) -> Iterator[Wire]:
        """A connection whose work is durable when this ends without an error, and undone else."""
        with self.borrowed() as wire:
            wire.begin()
            yield wire
            wire.commit()

    @contextmanager
    def borrowed(self) -> Iterator[Wire]:
        """A connection; after an error what it has not committed is undone."""
        with self._left:
            wire = self._free.pop()
            try:
                wire = wire or self._connected()
                yield wire
            except BaseException as error:
                lives = wire is not None and wire.undo()
                wire = wire if lives else None
                if isinstance(error, self._fault):
                    raise DBAPIError(None, None, error, connection_invalidated=not lives) from error
                raise
            finally:
                self._give_back(wire)

    def close(self) -> None:
        """Close those in nobody's hands now, and the others when they are given back."""
        self._closed = True
        idle: list[Wire | None] = []
        while self._left.acquire(blocking=False):
            idle.append(self._free.pop())
        for wire in idle:
            self._give_back(wire)
            self._left.release()

    def _give_back(self, wire: Wire | None) -> None:
        if wire is not None and self._closed:
            wire.close()
            wire = None
        self._free.append(wire)

    def _connected(self) -> Wire:
        """A new connection, prepared as the engine's are, but kept out of its pool: it costs too much to go through."""
        pooled = self._engine.raw_connection()
        connection = pooled.dbapi_connection
        pooled.detach()
        return Wire(connection, self._engine.dialect)

    @property
    def _fault(self) -> Any:
        """What the driver's errors have in common."""
        return self._engine.dialect.loaded_dbapi.Error
