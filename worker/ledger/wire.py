"""One connection of the driver's, which runs SQLAlchemy's statements without SQLAlchemy's detours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Dialect

from worker.ledger.compiled import Compiled, Statement, Values, compiled


class Wire:
    """Runs statements. Raises the driver's errors."""

    __slots__ = ("_connection", "_cursor", "_dialect", "_fault", "_last", "dialect")

    def __init__(self, connection: Any, dialect: Dialect) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._dialect = dialect
        self._fault: Any = dialect.loaded_dbapi.Error
        self._last: dict[Statement, list[Values]] = {}
        #: "sqlite" or "postgresql"
        self.dialect = dialect.name

    def rows(self, statement: Statement, values: Values) -> list[Any]:
        """All rows of the answer, with the columns as attributes."""
        form = self._form(statement, values)
        self._cursor.execute(*form.call(values))
        return form.named(self._cursor.fetchall())

    def first(self, statement: Statement, values: Values) -> Any | None:
        """The first row of the answer, if there is one."""
        found = self.rows(statement, values)
        return found[0] if found else None

    def one(self, statement: Statement, values: Values) -> Any:
        """The only row of an answer that has one."""
        (row,) = self.rows(statement, values)
        return row

    def change(self, statement: Statement, values: Values) -> int:
        """Run a statement without an answer; how many rows it changed."""
        self._cursor.execute(*self._form(statement, values).call(values))
        return int(self._cursor.rowcount)

    def change_all(self, statement: Statement, rows: Sequence[Values]) -> None:
        """Run a statement without an answer once for each, in order. All have the same names."""
        if len(rows) == 1:
            self.change(statement, rows[0])
        elif rows:
            form = self._form(statement, rows[0])
            self._cursor.executemany(form.text, form.calls(rows))

    def rows_of_all(self, statement: Statement, rows: Sequence[Values]) -> list[Any]:
        """Run a statement once for each, in order; the rows of all answers. All have the same names."""
        if len(rows) < 2:
            return self.rows(statement, rows[0]) if rows else []
        form, cursor = self._form(statement, rows[0]), self._cursor
        if self.dialect == "sqlite":
            return form.named(row for call in form.calls(rows) for row in cursor.execute(form.text, call).fetchall())
        # One journey for all of them.
        cursor.executemany(form.text, form.calls(rows), returning=True)
        return form.named(row for answer in cursor.results() for row in answer.fetchall())

    def script(self, text: str) -> None:
        """Run several statements that have no parameters, as part of the transaction. PostgreSQL only."""
        self._cursor.execute(text)

    def scalar(self, text: str) -> Any:
        """The first value of the answer to a statement that has no parameters."""
        row = self._cursor.execute(text).fetchone()
        return row[0] if row else None

    def at_last(self, statement: Statement, values: Values) -> None:
        """Run it before the transaction ends, together with what else the same statement is to be run for.

        Nothing in the same transaction may need to read what it writes.
        """
        self._last.setdefault(statement, []).append(values)

    def begin(self) -> None:
        """Begin a write; psycopg does so by itself, with the first statement."""
        if self.dialect == "sqlite":
            self._cursor.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Run what was kept for last, and make everything durable."""
        for statement, rows in self._last.items():
            self.change_all(statement, rows)
        self._last.clear()
        self._connection.commit()

    def undo(self) -> bool:
        """Undo what was not committed. False when the connection turns out to be dead; it is closed then."""
        self._last.clear()
        try:
            self._connection.rollback()
        except self._fault:
            self.close()
            return False
        return True

    def close(self) -> None:
        """Close the connection; a dead one too."""
        self._connection.close()

    def _form(self, statement: Statement, values: Values) -> Compiled:
        return compiled(statement, self._dialect, tuple(values))
