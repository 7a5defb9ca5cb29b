"""Connectors that break one promise each about changing a case and reading it back."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

from connectors.contract import CaseGone, CaseRef, CaseState, Change, Connector
from connectors.desk import Desk
from connectors.desk.writing import FIELDS


class UpdatesNothing(Desk):
    def update(self, case: CaseRef, change: Change) -> None:
        kept = {name: value for name, value in change.fields.items() if name not in FIELDS}
        super().update(case, dataclasses.replace(change, fields=kept))


class RunsAssignmentRules(Desk):
    """What Salesforce does unless it is told not to."""

    def update(self, case: CaseRef, change: Change) -> None:
        fields = {"owner": "Whoever is next", **change.fields}
        super().update(case, dataclasses.replace(change, fields=fields))


class NotesEachTime(Desk):
    def update(self, case: CaseRef, change: Change) -> None:
        super().update(case, dataclasses.replace(change, key=secrets.token_hex(20)))


class UpdatesTheLost(Desk):
    def update(self, case: CaseRef, change: Change) -> None:
        try:
            super().update(case, change)
        except CaseGone:
            return


class IgnoresUnknownFields(Desk):
    def update(self, case: CaseRef, change: Change) -> None:
        known = {name: value for name, value in change.fields.items() if name in FIELDS}
        super().update(case, dataclasses.replace(change, fields=known))


class ReadsBackWithoutKeys(Desk):
    def read_back(self, since: datetime) -> Iterator[CaseState]:
        return (dataclasses.replace(one, key="") for one in super().read_back(since))


class ReadsBackAllAsOpen(Desk):
    def read_back(self, since: datetime) -> Iterator[CaseState]:
        return (dataclasses.replace(one, open=True) for one in super().read_back(since))


class ReadsBackEverything(Desk):
    def read_back(self, since: datetime) -> Iterator[CaseState]:
        return super().read_back(datetime(2000, 1, 1, tzinfo=UTC))


class KeepsAnswersToItself(Desk):
    def read_back(self, since: datetime) -> Iterator[CaseState]:
        return (dataclasses.replace(one, first_answer_at=None, last_answer_at=None) for one in super().read_back(since))


#: each with the tests that must fail, and no other
FAULTY: dict[type[Connector], set[str]] = {
    UpdatesNothing: {"test_an_update_sets_its_fields"},
    RunsAssignmentRules: {"test_an_update_leaves_the_rest_alone"},
    NotesEachTime: {"test_the_same_update_twice_is_one_note"},
    UpdatesTheLost: {"test_an_update_of_a_lost_case_says_so"},
    IgnoresUnknownFields: {"test_a_field_that_no_case_has_is_refused"},
    ReadsBackWithoutKeys: {"test_a_case_is_read_back"},
    ReadsBackAllAsOpen: {"test_a_closed_case_is_read_back_as_closed"},
    ReadsBackEverything: {"test_only_what_changed_since_is_read_back"},
    KeepsAnswersToItself: {"test_an_agents_answer_is_read_back"},
}
