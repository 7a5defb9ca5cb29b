"""Changes to a case that is there: the fields asked for, one note, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from connectors.conformance.abilities import Abilities, ability, declared
from connectors.conformance.base import Theme
from connectors.conformance.rig import RiggedCrm
from connectors.conformance.samples import delivery
from connectors.contract import CaseGone, CaseRef, Change, Connector, Rejected


class Changing(Theme):
    """The kit's tests of ``update``."""

    def test_an_update_sets_its_fields(self, crm: RiggedCrm, connector: Connector) -> None:
        rig = self._rig(crm, connector)
        case = self.opened(crm, connector)
        assert self._fields(rig, case) != dict(rig.change)
        connector.update(case, _change(rig.change))
        crm.settle()
        assert self._fields(rig, case) == dict(rig.change)

    def test_an_update_leaves_the_rest_alone(self, crm: RiggedCrm, connector: Connector) -> None:
        """An agent's words and choices stay, and no assignment rule runs."""
        rig = self._rig(crm, connector)
        case = self.opened(crm, connector)
        crm.edit(case)
        name = next(iter(rig.change))
        others = {"owner", *rig.change} - {name}
        before = ({one: rig.field(case, one) for one in others}, crm.messages(case))
        connector.update(case, _change({name: rig.change[name]}))
        crm.settle()
        assert ({one: rig.field(case, one) for one in others}, crm.messages(case)) == before

    def test_the_same_update_twice_is_one_note(self, crm: RiggedCrm, connector: Connector) -> None:
        declared(connector.capabilities.updates, "cases cannot be changed from here")
        case = self.opened(crm, connector)
        change = Change(key=delivery().key, note="Nobody has answered for four hours.")
        for _ in range(2):
            connector.update(case, change)
            crm.settle()
        notes = [one for one in crm.messages(case) if change.note in one.text]
        assert len(notes) == 1
        assert not (notes[0].public and connector.capabilities.internal_notes)

    def test_an_update_of_a_lost_case_says_so(self, crm: RiggedCrm, connector: Connector) -> None:
        declared(connector.capabilities.updates, "cases cannot be changed from here")
        change = dict(getattr(crm, "change", None) or {"priority": "high"})
        case = self.opened(crm, connector)
        crm.delete_case(case)
        with pytest.raises(CaseGone):
            connector.update(case, _change(change))

    def test_a_field_that_no_case_has_is_refused(self, crm: RiggedCrm, connector: Connector) -> None:
        declared(connector.capabilities.updates, "cases cannot be changed from here")
        case = self.opened(crm, connector)
        with pytest.raises(Rejected) as caught:
            connector.update(case, _change({"no_such_field_anywhere": "x"}))
        assert not isinstance(caught.value, CaseGone)

    def _rig(self, crm: RiggedCrm, connector: Connector) -> Abilities:
        declared(connector.capabilities.updates, "cases cannot be changed from here")
        ability(crm, "change", "names no fields to set")
        return ability(crm, "field", "cannot show a field")

    def _fields(self, rig: Abilities, case: CaseRef) -> dict[str, str]:
        return {name: rig.field(case, name) for name in rig.change}


def _change(fields: Mapping[str, str]) -> Change:
    return Change(key=delivery().key, fields=dict(fields))
