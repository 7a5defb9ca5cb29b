"""The database's clock: the only one that times in the ledger are written by and compared with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class NowS(FunctionElement[float]):
    """Seconds since 1970 at the moment of the statement (not of its transaction), by the database's clock."""

    type = Double()
    name = "now_s"
    inherit_cache = True


@compiles(NowS, "postgresql")
def _postgresql(element: NowS, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS DOUBLE PRECISION)"


@compiles(NowS, "sqlite")
def _sqlite(element: NowS, compiler: SQLCompiler, **kw: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


def instant(seconds: float) -> datetime:
    """Epoch seconds as an aware UTC time."""
    return datetime.fromtimestamp(seconds, UTC)


def instant_or_none(seconds: float | None) -> datetime | None:
    """Epoch seconds as an aware UTC time, if there are any."""
    return None if seconds is None else instant(seconds)
