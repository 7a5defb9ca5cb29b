"""Statements as text: SQLAlchemy writes each of them once, and from then on the driver gets it straight."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import Delete, Dialect, Insert, Select, Update
from sqlalchemy.sql.compiler import SQLCompiler

Statement: TypeAlias = Select[Any] | Insert | Update | Delete
Values: TypeAlias = Mapping[str, Any]

#: More than there are statements in this room, in two dialects.
_MOST = 512


class Compiled:
    """The text of one statement in one dialect, for parameters of the same names.

    Types that need values changed on their way in or out are not supported; the schema has none.
    """

    __slots__ = ("_fixed", "_lists", "_made", "_row", "text")

    def __init__(self, statement: Statement, dialect: Dialect, names: tuple[str, ...]) -> None:
        # ``for_executemany``: nobody asks for the keys that the database gives out.
        made: SQLCompiler = statement.compile(dialect=dialect, column_keys=list(names), for_executemany=True)
        self.text = str(made)
        self._made = made
        self._fixed = _fixed(made, names)
        # A list becomes as many parameters as it has values, so the text depends on how many those are.
        self._lists = tuple(made.bind_names[parameter] for parameter in made.post_compile_params)
        columns = [str(name) for name, _ in statement.exported_columns.items()]
        self._row: Any = namedtuple("Row", columns) if columns else None

    def call(self, values: Values) -> tuple[str, dict[str, Any]]:
        """What the driver is given: text and parameters."""
        given = {**self._fixed, **values}
        if not self._lists:
            return self.text, given
        text, parts = _spread(self, tuple(len(given[name]) for name in self._lists))
        for name, its in parts.items():
            given.update(zip(its, given[name], strict=True))
        return text, given

    def calls(self, rows: Iterable[Values]) -> list[dict[str, Any]]:
        """The parameters for each of many rows; not for a statement that takes a list."""
        return [{**self._fixed, **row} for row in rows]

    def named(self, rows: Iterable[Any]) -> list[Any]:
        """The driver's rows, with the statement's columns as attributes."""
        return [self._row(*row) for row in rows]

    def spread(self, lengths: tuple[int, ...]) -> tuple[str, dict[str, list[str]]]:
        """The text for lists of these lengths, and the names of each list's parameters."""
        lists = {name: [None] * length for name, length in zip(self._lists, lengths, strict=True)}
        state = self._made.construct_expanded_state({**self._made.params, **lists})
        return state.statement, {name: list(state.parameter_expansion[name]) for name in self._lists}


@lru_cache(_MOST)
def compiled(statement: Statement, dialect: Dialect, names: tuple[str, ...]) -> Compiled:
    """The compiled form of a statement that is run with parameters of these names."""
    return Compiled(statement, dialect, names)


@lru_cache(_MOST)
def _spread(form: Compiled, lengths: tuple[int, ...]) -> tuple[str, dict[str, list[str]]]:
    return form.spread(lengths)


def _fixed(made: SQLCompiler, names: tuple[str, ...]) -> dict[str, Any]:
    """The parameters that the statement brings along: its literals, and the defaults of columns left out."""
    literals = {
        name: value for name, value in made.params.items() if name not in names and not made.binds[name].required
    }
    return {**literals, **{column.key: _scalar(column.default) for column in made.insert_prefetch}}


def _scalar(default: Any) -> Any:
    if not default.is_scalar:
        raise TypeError(f"a column's default must be a value or an expression: {default!r}")
    return default.arg
