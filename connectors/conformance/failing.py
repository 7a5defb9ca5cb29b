"""Each fault is told as what it is, at whatever stage it strikes, and costs neither mail nor secret."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.conformance.abilities import ability, can, declared
from connectors.conformance.base import Theme
from connectors.conformance.elsewhere import elsewhere
from connectors.conformance.rig import Fault, RiggedCrm
from connectors.conformance.samples import delivery, file_of
from connectors.conformance.verdicts import Act, attempt, get_over, suffer
from connectors.contract import CaseRef, Connector, Dedupe, Delivery, Rejected, Unusable

_CUTS = (Fault.RESET_AFTER, Fault.RESET_BEFORE, Fault.SERVER_ERROR_AFTER)
_MOST_STAGES = 30


class Failing(Theme):
    """The kit's tests of what goes wrong."""

    def test_each_fault_of_a_create_is_told_apart(self, crm: RiggedCrm, connector: Connector) -> None:
        """C3, C5, C12, C14, C17, C19, C20."""
        for fault in _faults(crm):
            suffer(crm, connector, fault, connector.create, delivery())

    def test_each_fault_of_an_append_is_told_apart(self, crm: RiggedCrm, connector: Connector) -> None:
        """C3, C5, C12, C14, C17, C19, C20."""
        faults = _faults(crm)
        case = self.appendable(crm, connector)
        for fault in faults:
            suffer(crm, connector, fault, connector.append, delivery(case=case))

    def test_a_create_cut_at_every_stage_is_one_case(self, crm: RiggedCrm, connector: Connector) -> None:
        """C17: upload, contact, case, message: whichever answer is lost, it is one case with everything in it."""
        _cut_everywhere(crm, connector, connector.create, lambda: None)

    def test_an_append_cut_at_every_stage_is_one_message(self, crm: RiggedCrm, connector: Connector) -> None:
        faults = _faults(crm)
        declared(connector.capabilities.append and faults, "does not add to a case")
        _cut_everywhere(crm, connector, connector.append, lambda: self.opened(crm, connector))

    def test_a_token_that_ran_out_is_renewed_once(self, crm: RiggedCrm, connector: Connector) -> None:
        """C5: however many calls find it out at the same time."""
        if Fault.EXPIRED not in crm.faults:
            pytest.skip("rig: no token that could run out")
        rig = ability(crm, "logins", "cannot count logins")
        self.opened(crm, connector)
        before = rig.logins()
        crm.fail_next(Fault.EXPIRED)
        with ThreadPoolExecutor(4) as pool:
            told = list(pool.map(lambda one: attempt(connector.create, one), [delivery() for _ in range(8)]))
        assert told == [None] * 8
        assert rig.logins() == before + 1

    def test_a_redirect_takes_no_credentials_along(self, crm: RiggedCrm, connector: Connector) -> None:
        """To another host: it stops the connector, and nobody there learns who we are."""
        rig = ability(crm, "redirect_next", "cannot send elsewhere")
        self.opened(crm, connector)
        with elsewhere() as (url, heard):
            rig.redirect_next(url)
            told = attempt(connector.create, delivery())
        assert isinstance(told, Unusable)
        assert [
            one for one in heard if "authorization" in one.lower() or any(word in one for word in crm.secrets)
        ] == []

    def test_no_secret_is_shown(self, crm: RiggedCrm, connector: Connector, caplog: pytest.LogCaptureFixture) -> None:
        """Neither in an error, nor in the log, nor in the connector's own picture."""
        with caplog.at_level(logging.DEBUG):
            told = [repr(connector), str(connector.check())]
            for fault in (one for one in Fault if one in crm.faults):
                crm.fail_next(fault)
                error = attempt(connector.create, delivery())
                told += [str(error), repr(error), repr(error.__cause__) if error else ""]
                crm.settle()
        shown = "\n".join([*told, caplog.text])
        assert [secret for secret in crm.secrets if secret in shown] == []


def _faults(crm: RiggedCrm) -> list[Fault]:
    """In the order of the enumeration: those that a connector may remember come last."""
    if not crm.faults:
        pytest.skip("rig: no network that could fail")
    return [fault for fault in Fault if fault in crm.faults]


def _cut_everywhere(crm: RiggedCrm, connector: Connector, act: Act, place: Callable[[], CaseRef | None]) -> None:
    """Spoil the first request that is no reading, then the second, until the delivery has no more of them."""
    faults = _faults(crm)
    declared(connector.capabilities.dedupe is not Dedupe.NONE, "the CRM cannot be asked")
    # The login is not a stage of the delivery.
    connector.create(delivery())
    for fault in (one for one in _CUTS if one in faults):
        number = 1
        while _cut(crm, connector, act, place, (number, fault)):
            number += 1
            assert number < _MOST_STAGES
    if not can(crm, "fail_nth"):
        pytest.skip("rig: fails a delivery's last request only")


def _cut(
    crm: RiggedCrm, connector: Connector, act: Act, place: Callable[[], CaseRef | None], stage: tuple[int, Fault]
) -> bool:
    """Whether there was such a stage, which then came to a good end."""
    files = (
        (file_of(b"one", "one.txt"), file_of(b"two", "two.txt")) if connector.capabilities.max_attachment_bytes else ()
    )
    sent = delivery(case=place(), attachments=files)
    cases = _count(crm)
    goes_on = _plan(crm, *stage)
    told = attempt(act, sent)
    assert not isinstance(told, Unusable | Rejected), f"{stage}: told as {type(told).__name__}"
    fired = goes_on()
    assert get_over(crm, connector, act, sent, told) == 1, f"{stage}: not one record in the end"
    _assert_whole(crm, connector, sent, stage)
    assert _count(crm) - cases in (0, 0 if sent.case else 1), f"{stage}: a case without a message is left"
    return fired


def _count(crm: RiggedCrm) -> int:
    """Cases, empty ones included; 0 for a rig that cannot count them."""
    return ability(crm, "count_cases", "").count_cases() if can(crm, "count_cases") else 0


def _plan(crm: RiggedCrm, number: int, fault: Fault) -> Callable[[], bool]:
    """Ask for the fault; what is returned says whether a later stage is worth a try."""
    if not can(crm, "fail_nth"):
        crm.fail_next(fault)
        return lambda: False
    rig = ability(crm, "fail_nth", "")
    rig.fail_nth(number, fault)
    return rig.fired


def _assert_whole(crm: RiggedCrm, connector: Connector, sent: Delivery, stage: tuple[int, Fault]) -> None:
    """One message more than the case had, with all its files."""
    found = connector.find(sent)
    assert found is not None, f"{stage}: not found"
    messages = crm.messages(found)
    assert len(messages) == (2 if sent.case else 1), f"{stage}: {len(messages)} messages"
    kept = sorted(one.sha256 for one in messages[-1].files)
    assert kept == sorted(one.sha256 for one in sent.attachments), f"{stage}: {len(kept)} files"
