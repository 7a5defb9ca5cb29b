"""Connectors that break one promise each, to prove that the kit would notice."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from connectors.conformance import delivery
from connectors.contract import (
    CaseGone,
    CaseRef,
    Connector,
    ConnectorError,
    Delivery,
    Finding,
    InDoubt,
    Rejected,
    Request,
    Retryable,
    Throttled,
)
from connectors.desk import Desk
from connectors.zendesk import Zendesk


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
            self.set_fields(known.id, priority="normal", owner=delivery.subject)
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


class FillsInTemplates(Desk):
    def create(self, delivery: Delivery) -> CaseRef:
        return super().create(dataclasses.replace(delivery, text=delivery.text.replace("{{7*7}}", "49")))


class DropsEmptyFiles(Desk):
    def create(self, delivery: Delivery) -> CaseRef:
        kept = tuple(one for one in delivery.attachments if one.size_bytes)
        return super().create(dataclasses.replace(delivery, attachments=kept))


class RefusesOddNames(Desk):
    def create(self, delivery: Delivery) -> CaseRef:
        if any("/" in one.name for one in delivery.attachments):
            raise Rejected("odd name")
        return super().create(delivery)


class PublishesNotes(Desk):
    def create(self, delivery: Delivery) -> CaseRef:
        return super().create(dataclasses.replace(delivery, public=True))


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


class ChecksThenActs(Zendesk):
    """Looks first and writes without a key: two at once both see nothing."""

    def __init__(self, **options: str) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        send = self._http.send
        self._http.send = lambda call: send(  # type: ignore[method-assign]
            dataclasses.replace(call, headers={}, safe_to_repeat=False)
        )

    def create(self, delivery: Delivery) -> CaseRef:
        return self.find(delivery) or super().create(delivery)


class TakesDoubtForFailure(Zendesk):
    """The classic: an answer that never came is read as "nothing happened"."""

    def append(self, delivery: Delivery) -> CaseRef:
        try:
            return super().append(delivery)
        except InDoubt as doubt:
            raise Retryable(str(doubt)) from doubt


class SendsAgainBlindly(Zendesk):
    def append(self, delivery: Delivery) -> CaseRef:
        try:
            return super().append(delivery)
        except InDoubt:
            return super().append(delivery)


class StopsAllForOne(Zendesk):
    """One ticket's conflict stops every mail."""

    def append(self, delivery: Delivery) -> CaseRef:
        try:
            return super().append(delivery)
        except Throttled:
            raise
        except Retryable as error:
            raise Throttled(str(error), 30.0) from error


class IgnoresTheWait(Zendesk):
    def create(self, delivery: Delivery) -> CaseRef:
        try:
            return super().create(delivery)
        except Throttled as error:
            raise Throttled(str(error), 60.0) from error


class TellsSecrets(Zendesk):
    def create(self, delivery: Delivery) -> CaseRef:
        try:
            return super().create(delivery)
        except ConnectorError as error:
            error.args = (f"{error} with client_secret={self._login.client_secret}",)
            raise


#: each with the tests that must fail, and no other
FAULTY: dict[type[Connector], set[str]] = {
    WritesOnCheck: {"test_check_writes_nothing"},
    WritesOnPreview: {"test_preview_sends_nothing"},
    FindsAnything: {"test_an_unknown_key_is_nowhere"},
    FindsNothing: {"test_a_created_case_is_found", "test_an_append_joins_once_and_is_stamped"},
    OverwritesOnCreate: {"test_an_agents_edit_survives_every_retry"},
    CreatesTwice: {"test_the_same_key_twice_is_one_case"},
    ChecksThenActs: {"test_two_creates_at_once_are_one_case"},
    AppendsUnstamped: {"test_an_append_joins_once_and_is_stamped", "test_an_append_to_a_closed_case_is_not_lost"},
    LeavesClosed: {"test_an_append_to_a_closed_case_is_not_lost"},
    RevivesDeleted: {"test_an_append_to_a_deleted_case_says_so"},
    FillsInTemplates: {"test_hostile_text_arrives_as_text"},
    DropsEmptyFiles: {"test_attachments_arrive_whole"},
    RefusesOddNames: {"test_hostile_file_names_do_no_harm"},
    PublishesNotes: {"test_a_note_stays_internal"},
    CorrelatesAnything: {"test_a_case_is_found_by_message_id"},
    ClosesOnce: {"test_it_closes_twice"},
    TakesDoubtForFailure: {"test_each_fault_of_an_append_is_told_apart"},
    SendsAgainBlindly: {"test_each_fault_of_an_append_is_told_apart"},
    StopsAllForOne: {"test_each_fault_of_an_append_is_told_apart"},
    IgnoresTheWait: {"test_each_fault_of_a_create_is_told_apart"},
    TellsSecrets: {"test_no_secret_is_shown"},
}
