"""Texts kept under a name for another room; sealed by it, so that the ledger cannot read them."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from worker.ledger.schema import meta
from worker.ledger.statements import upsert
from worker.ledger.store import Store

_KEPT = select(meta.c.value).where(meta.c.name == bindparam("at_name"))


class Keepsakes(Store):
    """The keepsakes of this ledger."""

    def kept(self, name: str) -> str:
        """The text, or "" when there is none."""
        rows = self._read(_KEPT, {"at_name": name})
        return str(rows[0].value) if rows else ""

    def keep(self, name: str, value: str) -> None:
        """Durable on return; a text of that name is overwritten."""
        self._write(lambda wire: wire.change(upsert(meta, wire.dialect, "value"), {"name": name, "value": value}))
