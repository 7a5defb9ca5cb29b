"""The program itself, run so that it also writes down when each of its polls held a mailbox."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import Self

import worker.ledger.owner
import worker.poll
from worker.__main__ import main
from worker.ledger import Lease, Ledger
from worker.tenure import Tenure

RECORD = "FLEET_TEST_RECORD"
HOST = "FLEET_TEST_HOST"


class RecordedTenure(Tenure):
    """Writes a line as soon as the lease is ours, and one before it is given back; each survives a SIGKILL."""

    def __init__(self, ledger: Ledger, lease: Lease) -> None:
        super().__init__(ledger, lease)
        self._name = lease.name

    def __enter__(self) -> Self:
        _write("begin", self._name)
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _write("end", self._name)
        super().__exit__(kind, error, trace)


def _write(what: str, name: str) -> None:
    # The monotonic clock is the machine's, and so the same for all workers here.
    os.write(_file, f"{os.getpid()} {what} {name} {time.monotonic()}\n".encode())


if __name__ == "__main__":
    _file = os.open(os.environ[RECORD], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    worker.poll.Tenure = RecordedTenure  # type: ignore[misc]
    if host := os.environ[HOST]:
        worker.ledger.owner._machine = lambda: (host, "boot", "namespace")  # type: ignore[assignment]
    sys.exit(main())
