"""Questions: check, prepare, preview, find and correlate, none of which changes a case."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from connectors.conformance.abilities import declared
from connectors.conformance.base import Theme
from connectors.conformance.rig import RiggedCrm
from connectors.conformance.samples import delivery, file_of
from connectors.contract import CaseGone, Change, Connector, Dedupe, Finding, Rejected, Request, Severity


class Asking(Theme):
    """The kit's tests of what may be asked at any time."""

    def test_check_writes_nothing(self, crm: RiggedCrm, connector: Connector) -> None:
        """Operator may run it at any time."""
        before = crm.writes()
        findings: Sequence[Finding] = connector.check()
        assert findings
        assert not [one for one in findings if one.severity is Severity.STOPS_MAIL]
        assert crm.writes() == before
        assert crm.keys() == []

    def test_prepare_may_be_repeated(self, crm: RiggedCrm, connector: Connector) -> None:
        """It makes what is lacking and leaves the rest alone, cases above all."""
        case = self.opened(crm, connector)
        before = (crm.keys(), crm.subject(case), crm.messages(case))
        for _ in range(2):
            assert not [one for one in connector.prepare() if one.severity is Severity.STOPS_MAIL]
        assert (crm.keys(), crm.subject(case), crm.messages(case)) == before

    def test_preview_sends_nothing(self, crm: RiggedCrm, connector: Connector) -> None:
        before = crm.writes()
        self._previews(connector)
        assert crm.writes() == before
        assert crm.keys() == []

    def test_preview_shows_no_secret(self, crm: RiggedCrm, connector: Connector) -> None:
        """Also once it has logged in."""
        self.opened(crm, connector)
        shown = [*self._previews(connector), repr(connector.preview(delivery(case=self.opened(crm, connector))))]
        assert not [secret for secret in crm.secrets for one in shown if secret in repr(one)]

    def test_an_unknown_key_is_nowhere(self, crm: RiggedCrm, connector: Connector) -> None:
        self.opened(crm, connector)
        assert connector.find(delivery()) is None

    def test_a_case_is_found_by_message_id(self, crm: RiggedCrm, connector: Connector) -> None:
        """The last one known wins; an unknown one is nobody's."""
        declared(connector.capabilities.correlates, "does not find by Message-ID")
        first, second = delivery(), delivery()
        connector.create(first)
        case = connector.create(second)
        crm.settle()
        found = connector.correlate([first.message_id, second.message_id, "unknown@example.com"])
        assert connector.correlate(["unknown@example.com"]) is None
        assert (found.id if found else None) == case.id

    def test_another_process_finds_it(
        self, crm: RiggedCrm, connector: Connector, fresh_connector: Callable[[], Connector]
    ) -> None:
        """What a connector only remembers is lost with its process: the CRM must know."""
        declared(connector.capabilities.dedupe is not Dedupe.NONE, "the CRM cannot be asked")
        sent = delivery()
        case = connector.create(sent)
        crm.settle()
        fresh = fresh_connector()
        if fresh is connector:
            pytest.skip("rig: makes no second connector")
        found = fresh.find(sent)
        fresh.close()
        assert found is not None
        assert found.id == case.id

    def test_what_is_not_declared_is_refused(self, crm: RiggedCrm, connector: Connector) -> None:
        """Unsupported is loud: nothing is passed over in silence."""
        can, case = connector.capabilities, self.opened(crm, connector)
        if not can.append:
            with pytest.raises(CaseGone):
                connector.append(delivery(case=case))
        if not can.updates:
            with pytest.raises(Rejected):
                connector.update(case, Change(key=delivery().key, fields={"priority": "high"}))
        if not can.reads_back:
            assert list(connector.read_back(delivery().sent_at)) == []
        if not can.correlates:
            assert connector.correlate([delivery().message_id]) is None

    def _previews(self, connector: Connector) -> Sequence[Request]:
        return connector.preview(delivery(attachments=(file_of(b"x"),)))
