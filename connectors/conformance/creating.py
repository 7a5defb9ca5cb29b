"""A message becomes one case, whoever tries how often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from connectors.conformance.abilities import ability, declared
from connectors.conformance.base import Theme
from connectors.conformance.rig import RiggedCrm
from connectors.conformance.samples import delivery
from connectors.conformance.verdicts import attempt
from connectors.contract import Connector, ConnectorError, Dedupe, InDoubt, Retryable


class Creating(Theme):
    """The kit's tests of new cases."""

    def test_a_created_case_is_found(self, crm: RiggedCrm, connector: Connector) -> None:
        sent = delivery()
        case = connector.create(sent)
        crm.settle()
        assert crm.keys() == [sent.key]
        assert sent.text.splitlines()[1] in crm.messages(case)[0].text
        if connector.capabilities.dedupe is not Dedupe.NONE:
            found = connector.find(sent)
            assert found is not None
            assert found.id == case.id

    def test_the_same_key_twice_is_one_case(self, crm: RiggedCrm, connector: Connector) -> None:
        """Even if the second comes with other words: it refuses or returns, and never overwrites."""
        declared(connector.capabilities.dedupe is not Dedupe.NONE, "cannot tell a double")
        sent = delivery()
        case = connector.create(sent)
        crm.settle()
        subject, messages = crm.subject(case), crm.messages(case)
        again = attempt(connector.create, replace(sent, subject="Other", text="Other words"))
        assert again is None or isinstance(again, ConnectorError)
        assert crm.keys() == [sent.key]
        assert (crm.subject(case), crm.messages(case)) == (subject, messages)

    def test_two_creates_at_once_are_one_case(self, crm: RiggedCrm, connector: Connector) -> None:
        declared(connector.capabilities.dedupe is not Dedupe.NONE, "cannot tell a double")
        for _ in range(5):
            sent = delivery()
            with ThreadPoolExecutor(4) as pool:
                told = list(pool.map(lambda one: attempt(connector.create, one), [sent] * 4))
            assert None in told
            assert all(one is None or isinstance(one, Retryable | InDoubt) for one in told)
            assert crm.keys().count(sent.key) == 1

    def test_the_fields_of_the_route_are_set(self, crm: RiggedCrm, connector: Connector) -> None:
        declared(connector.capabilities.updates, "cases cannot be changed from here")
        rig = ability(crm, "change", "names no fields to set")
        ability(crm, "field", "cannot show a field")
        case = connector.create(delivery(fields=dict(rig.change)))
        crm.settle()
        assert {name: rig.field(case, name) for name in rig.change} == dict(rig.change)

    def test_an_agents_edit_survives_every_retry(self, crm: RiggedCrm, connector: Connector) -> None:
        sent = delivery()
        case = connector.create(sent)
        crm.settle()
        crm.edit(case)
        edited = crm.subject(case)
        attempt(connector.create, sent)
        connector.find(sent)
        if connector.capabilities.append:
            reply = delivery(case=case)
            connector.append(reply)
            attempt(connector.append, reply)
        assert crm.subject(case) == edited != sent.subject

    def test_a_note_stays_internal(self, crm: RiggedCrm, connector: Connector) -> None:
        declared(connector.capabilities.internal_notes, "has no notes for agents only")
        case = connector.create(delivery(public=False))
        crm.settle()
        assert [one.public for one in crm.messages(case)] == [False]

    def test_it_closes_twice(self, crm: RiggedCrm, connector: Connector) -> None:
        connector.create(delivery())
        connector.close()
        connector.close()
