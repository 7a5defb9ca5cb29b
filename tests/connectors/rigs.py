"""The desk, dressed for the kit; the fakes of the vendors have files of their own."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.conformance import Abilities, Fault, Kept, KeptFile
from connectors.contract import CaseRef
from connectors.desk import Desk, DeskCase
from tests.connectors.rigs_zendesk import RiggedZendesk

__all__ = ["RiggedDesk", "RiggedZendesk"]


class RiggedDesk(Abilities):
    """A second desk over the same folder, so that nothing is seen that is not on the disk."""

    faults: frozenset[Fault] = frozenset()
    secrets: tuple[str, ...] = ()
    change: Mapping[str, str] = {"priority": "urgent", "owner": "Tier 2", "queue": "Printers", "status": "pending"}

    def __init__(self, path: str) -> None:
        self._desk = Desk(path=path)

    def keys(self) -> list[str]:
        return [one.key for case in self._desk.cases(deleted=True) for one in case.messages if not one.by_agent]

    def _case(self, case: CaseRef) -> DeskCase:
        return next(one for one in self._desk.cases() if one.id == case.id)

    def messages(self, case: CaseRef) -> list[Kept]:
        return [
            Kept(
                one.text or one.html,
                one.public,
                tuple(KeptFile(file.name, file.size_bytes, file.sha256) for file in one.attachments),
                one.html,
            )
            for one in self._case(case).messages
        ]

    def status(self, case: CaseRef) -> str:
        return self._case(case).status

    def edit(self, case: CaseRef) -> None:
        self._desk.set_fields(case.id, owner="Ada Agent")

    def subject(self, case: CaseRef) -> str:
        found = self._case(case)
        return f"{found.subject} {found.owner}"

    def field(self, case: CaseRef, name: str) -> str:
        return str(getattr(self._case(case), name))

    def answer(self, case: CaseRef) -> None:
        self._desk.answer(case.id, "Throw water on it.")

    def count_cases(self) -> int:
        return len(self._desk.cases(deleted=True))

    def close_case(self, case: CaseRef) -> None:
        self._desk.set_status(case.id, "closed")

    def delete_case(self, case: CaseRef) -> None:
        self._desk.delete(case.id)

    def writes(self) -> int:
        return len(self.keys())

    def fail_next(self, fault: Fault) -> None:
        raise NotImplementedError(fault)

    def settle(self) -> None:
        """Nothing lags."""

    def close(self) -> None:
        self._desk.close()
