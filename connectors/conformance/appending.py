"""A further message joins its case, once, or says that the case takes no more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from connectors.conformance.base import Theme
from connectors.conformance.rig import RiggedCrm
from connectors.conformance.samples import delivery
from connectors.conformance.verdicts import attempt, get_over
from connectors.contract import CaseGone, Connector, Dedupe, InDoubt, Person, Retryable


class Appending(Theme):
    """The kit's tests of cases that grow."""

    def test_an_append_joins_once_and_is_stamped(self, crm: RiggedCrm, connector: Connector) -> None:
        case = self.appendable(crm, connector)
        reply = delivery(case=case, requester=Person("Ben", "ben@example.com"))
        assert connector.append(reply).id == case.id
        attempt(connector.append, reply)
        crm.settle()
        assert len(crm.messages(case)) == 2
        assert crm.keys().count(reply.key) == 1
        if connector.capabilities.dedupe is not Dedupe.NONE:
            found = connector.find(reply)
            assert found is not None
            assert found.id == case.id

    def test_appends_at_once_are_all_kept(self, crm: RiggedCrm, connector: Connector) -> None:
        """What meets a lock is told as "later", and nobody's words are lost."""
        case = self.appendable(crm, connector)
        replies = [delivery(case=case) for _ in range(8)]
        with ThreadPoolExecutor(4) as pool:
            told = list(pool.map(lambda one: attempt(connector.append, one), replies))
        for reply, error in zip(replies, told, strict=True):
            assert error is None or isinstance(error, Retryable | InDoubt)
            assert get_over(crm, connector, connector.append, reply, error) == 1
        assert len(crm.messages(case)) == 1 + len(replies)

    def test_an_append_to_a_closed_case_is_not_lost(self, crm: RiggedCrm, connector: Connector) -> None:
        """Reopened, or a follow-up; the text says the vendor's rule is obeyed only if the message is there."""
        case = self.appendable(crm, connector)
        crm.close_case(case)
        closed = crm.status(case)
        reply = delivery(case=case)
        landed = connector.append(reply)
        crm.settle()
        assert crm.keys().count(reply.key) == 1
        assert reply.text.splitlines()[1] in crm.messages(landed)[-1].text
        assert crm.status(landed) != closed

    def test_an_append_to_a_deleted_case_says_so(self, crm: RiggedCrm, connector: Connector) -> None:
        """C9: the worker then opens a new case that follows the lost one."""
        case = self.appendable(crm, connector)
        crm.delete_case(case)
        reply = delivery(case=case)
        with pytest.raises(CaseGone):
            connector.append(reply)
        assert connector.find(reply) is None
        fresh = connector.create(replace(reply, case=None, follows=case))
        assert fresh.id != case.id
