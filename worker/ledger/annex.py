"""A schema of its own on the ledger's server, for tables of another library: made, migrated and guarded here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from worker.ledger.engine import CONNECT
from worker.ledger.errors import SOURCE, LedgerError
from worker.ledger.store import Store
from worker.ledger.wire import Wire

#: Names the lock that keeps two workers from making or migrating an annex at the same time.
_LOCK = 0x6D32_6C65_6468


@dataclass(frozen=True)
class Script:
    """What leads from the version before to this one; SQL without parameters."""

    version: str
    sql: str


class Annex(Store):
    """Room for another library's tables in the ledger's own database, if that is on a server."""

    @property
    def address(self) -> dict[str, Any] | None:
        """The driver's keywords for one more connection to the server; None when the ledger is a file."""
        engine = self._engines.writer
        if engine.dialect.name != "postgresql":
            return None
        return {**engine.dialect.create_connect_args(engine.url)[1], **CONNECT}

    def prepare_annex(self, name: str, whole: str, steps: Sequence[Script]) -> None:
        """Have the schema ``name`` at the version of the last step, whoever else prepares it at the same time.

        A new one gets ``whole``, an older one what it lacks, each step in a transaction of its own. One that is
        ahead of the last step, or that somebody else has filled, is refused with LedgerError.
        """
        known = [step.version for step in steps]
        while (found := self._write(lambda wire: _advance(wire, name, whole, steps))) != known[-1]:
            if found not in known:
                raise _not_ours(name, found)


def _advance(wire: Wire, name: str, whole: str, steps: Sequence[Script]) -> str:
    """Come one step nearer; the version that the schema has then."""
    wire.script(f"SELECT pg_advisory_xact_lock({_LOCK})")
    known = [step.version for step in steps]
    found = str(wire.scalar(f"SELECT obj_description(to_regnamespace('{name}'), 'pg_namespace')") or "")
    if found == known[-1] or (found and found not in known):
        return found
    following = steps[known.index(found) + 1] if found else Script(known[-1], whole)
    if not found and not _is_made_empty(wire, name):
        return f"{name} of somebody else"
    # Not for the session, which with a pooler in between belongs to others as well, nor for who shares this commit.
    wire.script(f"SET LOCAL search_path TO {name}")
    wire.script(following.sql)
    wire.script(f"SET LOCAL search_path TO DEFAULT; COMMENT ON SCHEMA {name} IS '{following.version}'")
    return following.version


def _is_made_empty(wire: Wire, name: str) -> bool:
    """Make the schema, unless an administrator did; False when something is in it already."""
    if wire.scalar(f"SELECT to_regnamespace('{name}')") is None:
        wire.script(f"CREATE SCHEMA {name}")
    return not wire.scalar(f"SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('{name}')")  # noqa: S608


def _not_ours(name: str, found: str) -> LedgerError:
    return LedgerError(
        f"{SOURCE}: the database's schema {name!r} stands at {found!r}, which this is too old for (mail-to-case "
        f"{version('mail-to-case')}): install the newer program again, or drop the schema, which holds no mail "
        f"(DROP SCHEMA {name} CASCADE) while no worker runs"
    )
