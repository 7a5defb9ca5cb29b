"""What the CRM says of our cases: since when, still open, answered when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.conformance.abilities import ability, declared
from connectors.conformance.base import Theme
from connectors.conformance.rig import RiggedCrm
from connectors.conformance.samples import delivery
from connectors.contract import CaseRef, CaseState, Connector

_DAY = timedelta(days=1)


class ReadingBack(Theme):
    """The kit's tests of ``read_back``."""

    def test_a_case_is_read_back(self, crm: RiggedCrm, connector: Connector) -> None:
        """By the key that it was made with, and once."""
        declared(connector.capabilities.reads_back, "cases are not read back")
        sent = delivery()
        case = connector.create(sent)
        self.opened(crm, connector)
        state = _state(connector, case)
        assert (state.key, state.open) == (sent.key, True)
        assert abs(state.opened_at - datetime.now(UTC)) < _DAY
        assert state.changed_at >= state.opened_at

    def test_a_closed_case_is_read_back_as_closed(self, crm: RiggedCrm, connector: Connector) -> None:
        declared(connector.capabilities.reads_back, "cases are not read back")
        case = self.opened(crm, connector)
        crm.close_case(case)
        crm.settle()
        assert not _state(connector, case).open

    def test_only_what_changed_since_is_read_back(self, crm: RiggedCrm, connector: Connector) -> None:
        """At that very moment counts; a second later does not."""
        declared(connector.capabilities.reads_back, "cases are not read back")
        case = self.opened(crm, connector)
        changed_at = _state(connector, case).changed_at
        assert case.id in {one.case.id for one in connector.read_back(changed_at)}
        assert case.id not in {one.case.id for one in connector.read_back(changed_at + timedelta(seconds=1))}

    def test_an_agents_answer_is_read_back(self, crm: RiggedCrm, connector: Connector) -> None:
        """The customer's own words are none."""
        declared(connector.capabilities.reads_back and connector.capabilities.answers, "does not tell of answers")
        rig = ability(crm, "answer", "cannot play an agent's answer")
        case = self.opened(crm, connector)
        if connector.capabilities.append:
            connector.append(delivery(case=case))
            crm.settle()
        assert _state(connector, case).first_answer_at is None
        rig.answer(case)
        crm.settle()
        state = _state(connector, case)
        assert state.first_answer_at
        assert state.last_answer_at
        assert state.opened_at - timedelta(seconds=1) <= state.first_answer_at <= state.last_answer_at


def _state(connector: Connector, case: CaseRef) -> CaseState:
    states = [one for one in connector.read_back(datetime.now(UTC) - _DAY) if one.case.id == case.id]
    assert len(states) == 1
    return states[0]
