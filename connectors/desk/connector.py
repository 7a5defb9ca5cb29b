"""The desk as a connector: the CRM refuses a second record with one key, and says so in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from connectors.contract import (
    Capabilities,
    CaseRef,
    CaseState,
    Change,
    Connector,
    Dedupe,
    Delivery,
    Finding,
    Request,
)
from connectors.desk import changing, states, writing
from connectors.desk.cases import DeskCase, read_cases
from connectors.desk.files import Files, StoredFile
from connectors.desk.health import findings
from connectors.desk.store import Store


class Desk(Connector):
    """Option ``path``: the folder that holds the database and the attachments; made when first written to."""

    capabilities = Capabilities(
        dedupe=Dedupe.NATIVE,
        correlates=True,
        html=True,
        internal_notes=True,
        updates=True,
        reads_back=True,
        answers=True,
        max_text_chars=50_000_000,
        max_attachment_bytes=1 << 30,
    )

    def __init__(self, *, path: str) -> None:
        self._store = Store(Path(path))
        self._files = Files(Path(path) / "attachments")

    def check(self) -> Sequence[Finding]:
        return findings(self._store)

    def find(self, delivery: Delivery) -> CaseRef | None:
        return self._holder(delivery.key)

    def create(self, delivery: Delivery) -> CaseRef:
        writing.refuse_unknown(delivery.fields)
        return self._store.write(partial(writing.create, delivery, self._keep(delivery)))

    def append(self, delivery: Delivery) -> CaseRef:
        return self._store.write(partial(writing.append, delivery, self._keep(delivery)))

    def correlate(self, message_ids: Sequence[str]) -> CaseRef | None:
        with self._store.reading() as db:
            return writing.with_message_id(db, message_ids) if db else None

    def takes_part(self, case: CaseRef, address: str) -> bool | None:
        with self._store.reading() as db:
            return writing.takes_part(db, case, address) if db else None

    def update(self, case: CaseRef, change: Change) -> None:
        writing.refuse_unknown(change.fields)
        self._store.write(partial(changing.update, case.id, change))

    def read_back(self, since: datetime) -> Iterator[CaseState]:
        page = self._changed(since, 0)
        while page:
            yield from page
            page = self._changed(since, int(page[-1].case.id))

    def _changed(self, since: datetime, after_id: int) -> list[CaseState]:
        with self._store.reading() as db:
            return states.changed(since, after_id, db) if db else []

    def preview(self, delivery: Delivery) -> Sequence[Request]:
        verb = "append" if delivery.case else "create"
        place = f"case {delivery.case.number}" if delivery.case else "a new case"
        return (Request(verb, f"{place} in {self._store.folder}", f"{delivery.subject}\n\n{delivery.text}"),)

    def close(self) -> None:
        self._store.close()

    def cases(self, *, deleted: bool = False) -> list[DeskCase]:
        """Every case, oldest first; with ``deleted``, those that an agent deleted as well."""
        with self._store.reading() as db:
            return read_cases(db, deleted) if db else []

    def attachment(self, sha256: str) -> Path:
        """The stored file with that digest. Raises ValueError if ``sha256`` is no digest."""
        return self._files.path(sha256)

    def set_status(self, case_id: str, status: str) -> None:
        """What an agent does. Raises CaseGone if there is no such case."""
        self.set_fields(case_id, status=status)

    def set_fields(self, case_id: str, **values: str) -> None:
        """Set priority, owner, queue, status. Raises Rejected for another name, CaseGone for no such case."""
        writing.refuse_unknown(values)
        self._store.write(partial(changing.edit, case_id, dict(values)))

    def answer(self, case_id: str, text: str, author: str = "") -> None:
        """An agent's answer to the customer. Raises CaseGone if there is no such case."""
        self._store.write(partial(changing.answer, case_id, text, author))

    def delete(self, case_id: str) -> None:
        """Take the case out of sight; its keys are remembered. Raises CaseGone if there is no such case."""
        self._store.write(partial(changing.edit, case_id, {"deleted": 1}))

    def _holder(self, key: str) -> CaseRef | None:
        with self._store.reading() as db:
            return writing.with_key(db, key) if db else None

    def _keep(self, delivery: Delivery) -> list[StoredFile]:
        # A delivery that is already here needs no second copy of its files.
        if not delivery.attachments or self._holder(delivery.key):
            return []
        return [self._files.keep(attachment) for attachment in delivery.attachments]
