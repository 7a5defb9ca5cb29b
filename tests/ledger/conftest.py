"""A fresh ledger for each test, once on SQLite and once on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.postgres import PostgresServer
from worker.ledger import Ledger

Open = Callable[..., Ledger]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def opened(url: str) -> Iterator[Open]:
    """Opens the ledger as a worker of the given name; all are closed after the test."""
    with ExitStack() as stack:

        def open_as(owner: str | None = None) -> Ledger:
            ledger = Ledger.open(url, owner=owner)
            stack.callback(ledger.close)
            return ledger

        yield open_as


@pytest.fixture
def ledger(opened: Open) -> Ledger:
    """The ledger of this process."""
    return opened()


@pytest.fixture
def server(postgres_server: PostgresServer) -> PostgresServer:
    """The server, for tests that cut its connections."""
    return postgres_server
