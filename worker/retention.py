"""What is finished long enough is forgotten: a few small batches a tick."""

from __future__ import annotations

import structlog

from worker.house import House
from worker.ledger import LedgerError

log = structlog.get_logger(__name__)

#: Whoever polls must not wait for it, so that a tick forgets no more batches than this.
MOST_BATCHES = 20


def forget(house: House, most_batches: int = MOST_BATCHES) -> int:
    """Forget what ``worker.retention_days`` says; how many rows that were. Call it daily at least, hourly at best.

    Raises LedgerError.
    """
    days = house.settings.worker.retention_days
    total = 0
    for _ in range(most_batches if days else 0):
        if house.stopping.is_set():
            break
        forgotten = house.ledger.forget_old(days)
        total += forgotten
        if not forgotten:
            break
    if total:
        log.info("forgotten", rows=total, retention_days=days)
    return total


def forget_or_tell(house: House) -> None:
    """As ``forget``; a fault is logged, and the next time comes."""
    try:
        forget(house)
    except LedgerError as error:
        log.warning("nothing_forgotten", why=str(error))
