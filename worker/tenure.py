"""A mailbox's lease while a poll lasts: kept alive from a thread of its own, given back at the end."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

import structlog

from worker.ledger import Lease, Ledger, LedgerError

log = structlog.get_logger(__name__)

#: How long the mailbox of a worker that died where nobody can look for its process stays closed to the others.
LEASE_S = 30.0
RENEW_S = 5.0


class Tenure:
    """One read of a large mail, or one wait for a slow CRM, may outlast a lease; so the poll cannot renew it itself."""

    def __init__(self, ledger: Ledger, lease: Lease) -> None:
        """``lease`` was acquired just now, for LEASE_S."""
        self._ledger, self._lease = ledger, lease
        self._until = time.monotonic() + LEASE_S
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    @property
    def lost(self) -> bool:
        """Whether another worker may poll this mailbox by now."""
        return time.monotonic() >= self._until

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._ledger.release(self._lease)

    def _keep(self) -> None:
        while not self._over.wait(RENEW_S):
            asked_at = time.monotonic()
            try:
                kept = self._ledger.renew(self._lease, LEASE_S)
            except LedgerError as error:
                # The lease has most of its time left, and another try comes before it ends.
                log.warning("lease_not_renewed", mailbox=self._lease.name, why=str(error))
                continue
            if not kept:
                self._until = asked_at
                return
            self._until = asked_at + LEASE_S
