"""Looking at a ledger without touching it, and when each mailbox was last polled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect

from tests.ledger.conftest import Open
from worker.ledger import Ledger, LedgerError
from worker.ledger.engine import connected, parsed


def tables(url: str) -> list[str]:
    engines = connected(parsed(url))
    try:
        return inspect(engines.reader).get_table_names()
    finally:
        engines.close()


def test_looking_at_nothing_begins_nothing(url: str, tmp_path: Path) -> None:
    assert Ledger.look(url) is None
    assert not list(tmp_path.iterdir())
    assert tables(url) == []


def test_looking_sees_what_is_there(url: str, opened: Open) -> None:
    opened().pause("crm", "", None, "shut")
    seen = Ledger.look(url)
    assert seen is not None
    assert [pause.why for pause in seen.pauses().values()] == ["shut"]
    seen.close()


def test_looking_at_what_is_no_ledger(tmp_path: Path) -> None:
    """A damaged file is told, and left where it is."""
    file = tmp_path / "ledger.db"
    file.write_text("no database" * 100)
    with pytest.raises(LedgerError, match="damaged"):
        Ledger.look(f"sqlite:///{file}")
    assert file.read_text() == "no database" * 100
    file.write_bytes(b"")
    assert Ledger.look(f"sqlite:///{file}") is None


def test_a_lease_given_back_tells_when_that_was(opened: Open) -> None:
    ledger = opened("one")
    assert ledger.last_polls() == {}
    lease = ledger.acquire("support")
    assert lease
    assert ledger.last_polls() == {}
    ledger.release(lease)
    assert abs(ledger.last_polls()["support"] - datetime.now(UTC)) < timedelta(minutes=1)
    assert ledger.leases() == ()
    assert ledger.acquire("support")
