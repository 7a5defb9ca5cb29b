"""The database as an address and as a server: URLs, cut connections, few of them (D11, D13, I18, I24)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.ledger.samples import key, routed, slot, waiting
from tests.postgres import PostgresServer
from worker.ledger import Ledger, LedgerError
from worker.ledger.engine import parsed

SECRET = "canary-s3cret"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_form_of_a_postgresql_url_is_understood(scheme: str) -> None:
    url = parsed(f"{scheme}://u:p@db.example.com:5432/d")
    assert url.drivername == "postgresql+psycopg"
    assert url.query["sslmode"] == "require"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", ""])
def test_this_machine_needs_no_tls(host: str) -> None:
    assert "sslmode" not in parsed(f"postgres://u:p@{host}/d").query


def test_an_operators_own_tls_mode_stands() -> None:
    assert parsed("postgres://u:p@db/d?sslmode=disable").query["sslmode"] == "disable"


@pytest.mark.parametrize(
    "url", ["", "ledger.db", f"mysql://u:{SECRET}@h/d", f"postgresql+psycopg2://u:{SECRET}@h/d", "sqlite://"]
)
def test_i24_other_urls_are_refused_with_the_cure_and_without_the_secret(url: str) -> None:
    with pytest.raises(LedgerError, match=r"worker\.database \(or DATABASE_URL\).*sqlite:///FILE") as caught:
        Ledger.open(url)
    assert SECRET not in repr(caught.value)


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(LedgerError, match="cannot be reached") as caught:
        Ledger.open(f"postgres://u:{SECRET}@127.0.0.1:1/d")
    assert SECRET not in str(caught.value)


@pytest.mark.postgres
def test_a_server_without_tls_is_named_with_the_cure(postgres_url: str) -> None:
    with pytest.raises(LedgerError, match=r"sslmode=disable"):
        Ledger.open(f"{postgres_url}?sslmode=require")


@pytest.mark.postgres
def test_a_database_that_does_not_exist(postgres_server: PostgresServer) -> None:
    with pytest.raises(LedgerError, match="does not exist"):
        Ledger.open(postgres_server.url("nowhere"))


def cut(server: PostgresServer, url: str) -> int:
    """Cut every connection to that database; how many there were."""
    return server.cut(url.rpartition("/")[2])


@pytest.mark.postgres
def test_d11_cut_connections_are_replaced_without_a_word(postgres_server: PostgresServer, postgres_url: str) -> None:
    with closing(Ledger.open(postgres_url)) as ledger:
        routed(ledger)
        for _ in range(3):
            assert cut(postgres_server, postgres_url) >= 1
            assert ledger.enter(waiting(2))
            assert ledger.state([key()])
        assert ledger.enter(waiting(2)) == {slot(2): 4}, "no entry was counted twice"


@pytest.mark.postgres
def test_d13_a_worker_takes_three_connections_at_most(postgres_server: PostgresServer, postgres_url: str) -> None:
    with closing(Ledger.open(postgres_url)) as ledger, ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda uid: (ledger.enter(waiting(uid)), ledger.held()), range(1, 200)))
        assert cut(postgres_server, postgres_url) <= 3
