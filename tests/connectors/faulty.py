"""Connectors that break one promise each about cases and messages, to prove that the kit would notice."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Sequence

from connectors.conformance import delivery
from connectors.contract import (
    CaseGone,
    CaseRef,
    Change,
    Connector,
    Delivery,
    Finding,
    Rejected,
    Request,
)
from connectors.desk import Desk


class WritesOnCheck(Desk):
    def check(self) -> Sequence[Finding]:
        self.create(delivery())
        return super().check()


class WritesOnPreview(Desk):
    def preview(self, delivery: Delivery) -> Sequence[Request]:
        self.create(delivery)
        return super().preview(delivery)


class FindsAnything(Desk):
    def find(self, delivery: Delivery) -> CaseRef | None:
        case = next(iter(self.cases()), None)
        return super().find(delivery) or (CaseRef(case.id, case.number) if case else None)


class FindsNothing(Desk):
    def find(self, delivery: Delivery) -> CaseRef | None:
        return None


class OverwritesOnCreate(Desk):
    """An upsert: the second create undoes what an agent did."""

    def create(self, delivery: Delivery) -> CaseRef:
        known = self.find(delivery)
        if known:
            self.set_fields(known.id, owner=delivery.fields.get("owner", ""))
        return super().create(delivery)


class CreatesTwice(Desk):
    """Opens another case for a key that it has seen."""

    def create(self, delivery: Delivery) -> CaseRef:
        if self.find(delivery):
            delivery = dataclasses.replace(delivery, key=f"{delivery.key}{len(self.cases())}")
        return super().create(delivery)


class AppendsUnstamped(Desk):
    def append(self, delivery: Delivery) -> CaseRef:
        return super().append(dataclasses.replace(delivery, key=f"{delivery.key}-unstamped"))


class LeavesClosed(Desk):
    def append(self, delivery: Delivery) -> CaseRef:
        before = next((one.status for one in self.cases() if delivery.case and one.id == delivery.case.id), "open")
        case = super().append(delivery)
        self.set_status(case.id, before)
        return case


class RevivesDeleted(Desk):
    def append(self, delivery: Delivery) -> CaseRef:
        try:
            return super().append(delivery)
        except CaseGone:
            return self.create(delivery)


class PublishesNotes(Desk):
    def create(self, delivery: Delivery) -> CaseRef:
        return super().create(dataclasses.replace(delivery, public=True))


class PreparesOnce(Desk):
    _prepared = False

    def prepare(self) -> Sequence[Finding]:
        if self._prepared:
            raise Rejected("there already")
        self._prepared = True
        return ()


class RemembersByItself(Desk):
    """Finds only what this process has made."""

    def __init__(self, *, path: str) -> None:
        super().__init__(path=path)
        self._own: set[str] = set()

    def create(self, delivery: Delivery) -> CaseRef:
        self._own.add(delivery.key)
        return super().create(delivery)

    def append(self, delivery: Delivery) -> CaseRef:
        self._own.add(delivery.key)
        return super().append(delivery)

    def find(self, delivery: Delivery) -> CaseRef | None:
        return super().find(delivery) if delivery.key in self._own else None


class PassesOverInSilence(Desk):
    """Says that it cannot update, and takes one all the same."""

    capabilities = dataclasses.replace(Desk.capabilities, updates=False)

    def update(self, case: CaseRef, change: Change) -> None:
        return


class DropsFields(Desk):
    def create(self, delivery: Delivery) -> CaseRef:
        return super().create(dataclasses.replace(delivery, fields={}))


class LosesWhenBusy(Desk):
    """What comes while another append is under way is answered with success, and dropped."""

    def __init__(self, *, path: str) -> None:
        super().__init__(path=path)
        self._busy = threading.Lock()

    def append(self, delivery: Delivery) -> CaseRef:
        if not self._busy.acquire(blocking=False):
            assert delivery.case is not None
            return delivery.case
        try:
            time.sleep(0.05)
            return super().append(delivery)
        finally:
            self._busy.release()


class CorrelatesAnything(Desk):
    def correlate(self, message_ids: Sequence[str]) -> CaseRef | None:
        return super().correlate(message_ids) or CaseRef("1", "000001")


class ClosesOnce(Desk):
    _closed = False

    def close(self) -> None:
        super().close()
        if self._closed:
            raise ValueError("closed already")
        self._closed = True


#: each with the tests that must fail, and no other
FAULTY: dict[type[Connector], set[str]] = {
    WritesOnCheck: {"test_check_writes_nothing"},
    WritesOnPreview: {"test_preview_sends_nothing"},
    PreparesOnce: {"test_prepare_may_be_repeated"},
    FindsAnything: {"test_an_unknown_key_is_nowhere"},
    FindsNothing: {
        "test_a_created_case_is_found",
        "test_an_append_joins_once_and_is_stamped",
        "test_another_process_finds_it",
    },
    RemembersByItself: {"test_another_process_finds_it"},
    PassesOverInSilence: {"test_what_is_not_declared_is_refused"},
    OverwritesOnCreate: {"test_an_agents_edit_survives_every_retry"},
    CreatesTwice: {"test_the_same_key_twice_is_one_case"},
    DropsFields: {"test_the_fields_of_the_route_are_set"},
    AppendsUnstamped: {
        "test_an_append_joins_once_and_is_stamped",
        "test_an_append_to_a_closed_case_is_not_lost",
        "test_appends_at_once_are_all_kept",
    },
    LosesWhenBusy: {"test_appends_at_once_are_all_kept"},
    LeavesClosed: {"test_an_append_to_a_closed_case_is_not_lost"},
    RevivesDeleted: {"test_an_append_to_a_deleted_case_says_so"},
    PublishesNotes: {"test_a_note_stays_internal"},
    CorrelatesAnything: {"test_a_case_is_found_by_message_id"},
    ClosesOnce: {"test_it_closes_twice"},
}
