"""Signs of life: by the database's clock, taken for dead when they run out, and never seen among the leases."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from worker.ledger import Ledger
from worker.ledger.owner import own_name


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Ledger, Ledger]]:
    """The ledgers of two workers."""
    is_file = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/ledger.db" if is_file else str(request.getfixturevalue("postgres_url"))
    with ExitStack() as stack:
        first, second = Ledger.open(url, owner="far:1:2:3:4"), Ledger.open(url)
        stack.callback(first.close)
        stack.callback(second.close)
        yield first, second


def test_workers_see_each_other_come_and_go(pair: tuple[Ledger, Ledger]) -> None:
    first, second = pair
    assert first.here(1, 20).alive == (first.owner,)
    roll = second.here(2, 20)
    assert roll.alive == tuple(sorted((first.owner, own_name())))
    assert roll.gone == ()
    first.leave()
    assert second.here(2, 20).alive == (second.owner,)


def test_p6_one_that_gives_no_sign_is_dead_and_one_worker_is_told_its_number(pair: tuple[Ledger, Ledger]) -> None:
    first, second = pair
    first.here(7, 0.05)
    time.sleep(0.1)
    roll = second.here(2, 20)
    assert roll.alive == (second.owner,)
    assert roll.gone == (7,)
    assert second.here(2, 20).gone == ()
    # It was only paused.
    assert first.here(8, 20).alive == second.here(2, 20).alive


def test_p4_a_process_of_this_machine_that_is_gone_is_dead_at_once(pair: tuple[Ledger, Ledger]) -> None:
    first, second = pair
    host, boot, namespace, _, _ = own_name().split(":")
    first.owner = f"{host}:{boot}:{namespace}:4194304:1"
    first.here(9, 20)
    assert second.here(2, 20).gone == (9,)


def test_signs_of_life_are_no_leases_of_mailboxes(pair: tuple[Ledger, Ledger]) -> None:
    first, _ = pair
    first.here(1, 20)
    assert first.leases() == ()
    first.here(1, 0)
    assert first.last_polls() == {}


def test_mailboxes_that_nobody_has_polled_for_long_are_named(pair: tuple[Ledger, Ledger]) -> None:
    first, second = pair
    polled = first.acquire("polled")
    assert polled
    first.release(polled)
    assert first.acquire("held")
    assert second.unpolled({"held", "polled", "never"}, 60) == ("never",)
    time.sleep(0.1)
    assert second.unpolled({"held", "polled", "never"}, 0.05) == ("never", "polled")
