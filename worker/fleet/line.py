"""The queue's one connection: kept through a server's restarts, and good behind a pooler that shares sessions out."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, TypeVar

import psycopg
import structlog
from procrastinate.connector import BaseAsyncConnector, Notify
from procrastinate.exceptions import ConnectorException, NoResult
from procrastinate.sync_psycopg_connector import wrap_exceptions
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

R = TypeVar("R")
Cursor = psycopg.AsyncCursor[DictRow]

log = structlog.get_logger(__name__)

_FIRST_WAIT_S = 0.2
_LAST_WAIT_S = 5.0
_LOST = (psycopg.OperationalError, psycopg.InterfaceError)


class Line(BaseAsyncConnector):
    """Procrastinate's way to the database. One connection, one transaction at a time, again until the server is back.

    What belongs to a session is not used: no LISTEN, no prepared statement, no setting. In place of a server's
    notification, ``ring`` wakes this worker; the others look for jobs every second.
    """

    def __init__(self, address: dict[str, Any], schema: str) -> None:
        self._address, self._schema = address, schema
        self._connection: psycopg.AsyncConnection[DictRow] | None = None
        self._turn = asyncio.Lock()
        self._bell = asyncio.Event()
        self._is_lost = False
        self._last_try = False

    def ring(self) -> None:
        """There may be a job for this worker. From the loop's thread only."""
        self._bell.set()

    def give_up(self) -> None:
        """From now on a query is tried once: the worker ends."""
        self._last_try = True

    async def open_async(self, pool: object = None) -> None:
        """Nothing: the first query connects."""

    async def close_async(self) -> None:
        """Disconnect; may be called twice."""
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()

    async def execute_query_async(self, query: str, **arguments: Any) -> None:
        """Run a query without an answer."""
        await self._run(query, arguments, _nothing)

    async def execute_query_one_async(self, query: str, **arguments: Any) -> dict[str, Any]:
        """The first row of the answer. Raises NoResult."""
        row = await self._run(query, arguments, Cursor.fetchone)
        if row is None:
            raise NoResult
        return row

    async def execute_query_all_async(self, query: str, **arguments: Any) -> list[dict[str, Any]]:
        """All rows of the answer."""
        return await self._run(query, arguments, Cursor.fetchall)

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Pass on what ``ring`` says; until cancelled."""
        channel, *_ = channels
        while True:
            await self._bell.wait()
            self._bell.clear()
            await on_notification(channel=channel, payload=json.dumps({"type": "job_inserted", "job_id": 0}))

    async def _run(self, query: str, arguments: dict[str, Any], take: Callable[[Cursor], Awaitable[R]]) -> R:
        """Again and again while the server is away. Raises ConnectorException for all other errors."""
        for wait_s in _waits():
            try:
                async with self._turn:
                    with wrap_exceptions():
                        answer = await self._try(query, arguments, take)
                    self._note(None)
                    return answer
            except ConnectorException as error:
                if self._last_try or not isinstance(error.__cause__, _LOST):
                    raise
                self._note(error.__cause__)
            await asyncio.sleep(wait_s)
        raise AssertionError("the waits never end")

    async def _try(self, query: str, arguments: dict[str, Any], take: Callable[[Cursor], Awaitable[R]]) -> R:
        connection = await self._connected()
        try:
            async with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
                await cursor.execute(f"SET LOCAL search_path TO {self._schema}".encode())
                await cursor.execute(query.encode(), {name: _adapted(value) for name, value in arguments.items()})
                return await take(cursor)
        except BaseException:
            # Whatever it was, a connection that was left in the middle of something is of no more use.
            if connection.closed or connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                await self.close_async()
            raise

    async def _connected(self) -> psycopg.AsyncConnection[DictRow]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                **self._address, autocommit=True, row_factory=dict_row
            )
        return self._connection

    def _note(self, error: BaseException | None) -> None:
        """Tell once that the server is away, and once that it is back."""
        if bool(error) is self._is_lost:
            return
        self._is_lost = bool(error)
        if error:
            log.warning("queue_lost", why=" ".join(str(error).split()), cure="waits for the database to come back")
        else:
            log.info("queue_back")


async def _nothing(_: Cursor) -> None:
    """The answer to a query that has none."""


def _waits() -> Iterator[float]:
    wait_s = _FIRST_WAIT_S
    while True:
        yield wait_s * random.uniform(0.5, 1.0)  # noqa: S311  (not a secret)
        wait_s = min(2 * wait_s, _LAST_WAIT_S)


def _adapted(value: Any) -> Any:
    """Dictionaries become JSON, wherever they stand."""
    if isinstance(value, dict):
        return Jsonb(value)
    if isinstance(value, list):
        return [_adapted(one) for one in value]
    if isinstance(value, tuple):
        return tuple(_adapted(one) for one in value)
    return value
