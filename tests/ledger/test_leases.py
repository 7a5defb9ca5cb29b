"""Leases: one holder at a time, ended by the database's clock or by the holder's death (I8, P6, P11)."""

from __future__ import annotations

import time

from tests.ledger.conftest import Open
from worker.ledger import Ledger


def test_one_holder_at_a_time(opened: Open) -> None:
    first, second = opened("a"), opened("b")
    lease = first.acquire("support")
    assert lease
    assert second.acquire("support") is None
    assert first.acquire("support") is None, "another thread of the same process is someone else"
    assert second.acquire("sales")


def test_a_released_lease_is_free_and_its_fence_grows(opened: Open) -> None:
    first, second = opened("a"), opened("b")
    lease = first.acquire("support")
    assert lease
    first.release(lease)
    after = second.acquire("support")
    assert after
    assert after.fence > lease.fence
    assert not first.renew(lease)


def test_an_expired_lease_is_taken_over_and_its_holder_is_told(opened: Open) -> None:
    first, second = opened("a"), opened("b")
    lease = first.acquire("support", 0.05)
    assert lease
    time.sleep(0.1)
    taken = second.acquire("support")
    assert taken
    assert not first.renew(lease)
    first.release(lease)
    assert second.renew(taken), "a late release must not free another's lease"


def test_a_renewed_lease_lasts(opened: Open) -> None:
    first, second = opened("a"), opened("b")
    lease = first.acquire("support", 0.1)
    assert lease
    assert first.renew(lease, 30)
    time.sleep(0.15)
    assert second.acquire("support") is None


def test_leases_in_force_are_shown(ledger: Ledger) -> None:
    lease = ledger.acquire("support", 30)
    assert lease
    (shown,) = ledger.leases()
    assert (shown.name, shown.owner) == ("support", ledger.owner)
    assert 0 < shown.remaining_s <= 30
    ledger.release(lease)
    assert ledger.leases() == ()


def test_the_end_of_the_last_poll_is_known(ledger: Ledger) -> None:
    assert ledger.last_polls() == {}
    lease = ledger.acquire("support", 30)
    assert lease
    assert ledger.last_polls() == {}
    ledger.release(lease)
    assert ledger.last_polls()["support"] >= ledger.born_at
