"""A CRM in memory that does what a test tells it: applies, refuses, loses answers, lags."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from connectors.contract import (
    Capabilities,
    CaseGone,
    CaseRef,
    Connector,
    ConnectorError,
    Dedupe,
    Delivery,
    Finding,
)


@dataclass
class Entry:
    """One message as the rigged CRM keeps it."""

    case: CaseRef
    delivery: Delivery
    appended: bool


@dataclass(frozen=True)
class Script:
    """What happens at one write: the error to raise, and whether the write is applied all the same."""

    error: BaseException | None = None
    applied: bool = False


class RiggedCrm(Connector):
    """Dedupe as told at construction; ``script`` is consumed write by write, then all goes well."""

    capabilities = Capabilities(dedupe=Dedupe.NATIVE)

    def __init__(self, capabilities: Capabilities | None = None, script: Sequence[Script] = ()) -> None:
        if capabilities:
            self.capabilities = capabilities  # type: ignore[misc]
        self.script = list(script)
        self.entries: list[Entry] = []
        self.calls: list[str] = []
        self.gone: set[str] = set()
        self.before_write: Callable[[Delivery], None] = lambda _: None
        self._lock = threading.Lock()

    def check(self) -> Sequence[Finding]:
        return ()

    def find(self, delivery: Delivery) -> CaseRef | None:
        self.calls.append("find")
        return next((entry.case for entry in self.entries if entry.delivery.key == delivery.key), None)

    def create(self, delivery: Delivery) -> CaseRef:
        self.calls.append("create")
        number = str(len({entry.case.id for entry in self.entries}) + 1)
        return self._write(delivery, CaseRef(number, number), appended=False)

    def append(self, delivery: Delivery) -> CaseRef:
        self.calls.append("append")
        assert delivery.case is not None
        if delivery.case.id in self.gone:
            raise CaseGone("that case was deleted")
        return self._write(delivery, delivery.case, appended=True)

    def _write(self, delivery: Delivery, case: CaseRef, *, appended: bool) -> CaseRef:
        self.before_write(delivery)
        with self._lock:
            step = self.script.pop(0) if self.script else Script()
            existing = next((entry.case for entry in self.entries if entry.delivery.key == delivery.key), None)
            refuses = existing and self.capabilities.dedupe is Dedupe.NATIVE
            if (step.error is None or step.applied) and not refuses:
                self.entries.append(Entry(case, delivery, appended))
            if step.error is not None:
                raise step.error
            return existing if existing and refuses else case


__all__ = ["ConnectorError", "Entry", "RiggedCrm", "Script", "field"]
