"""What leaves a mailbox alone: a flag of ours whose reason is gone, a refused login, a login under way at a stop."""

from __future__ import annotations

import time

import pytest

from connectors.contract import Rejected
from tests.house.core import Build, Core, mail
from worker.cli.standing import look
from worker.demo.imap.faults import Action, Fault
from worker.scheduler import Polls


def flag(one: Core, uid: int) -> None:
    with one._looking() as looking:
        looking.open()
        looking._live()[0].store([uid], "\\Flagged")


@pytest.mark.parametrize("order", ["retry", "discard"])
def test_a_flag_of_ours_goes_with_the_reason_for_it(core: Build, order: str) -> None:
    one = core()
    answers = [Rejected("a field is missing")]

    def refuse(_: object) -> None:
        if answers:
            raise answers.pop()

    one.crm.before_write = refuse
    one.receive(mail(1))
    assert one.poll().held == 1
    assert "\\Flagged" in one.flags()[0]
    (row,) = one.house.ledger.held()
    assert one.house.ledger.retry([row.key]) if order == "retry" else one.house.ledger.discard(row.key)
    one.poll()
    assert "Done" in one.flags()[0]
    assert not {"\\Flagged", "$MailToCaseHeld"} & one.flags()[0]


def test_a_flag_that_a_person_set_stays(core: Build) -> None:
    one = core()
    one.receive(mail(1))
    flag(one, 1)
    assert one.poll().delivered == 1
    assert {"\\Flagged", "Done"} <= one.flags()[0]


def test_m18_status_tells_of_a_refused_login_until_it_is_well_again(core: Build) -> None:
    one = core()
    one.faults.add(Fault("LOGIN", 1, Action.NO, text="[AUTHENTICATIONFAILED] no"))
    assert "does not accept these credentials" in one.poll().problem
    (stuck,) = look(one.house.settings, one.house.ledger).stuck
    assert stuck.startswith("mailboxes.support refuses our login and is left alone until ")
    # The same mailbox does not ask again; another worker's may, and finds that all is well.
    assert one.poll().problem
    assert len(one.faults.fired) == 1
    assert one.poll(one.reach()).problem == ""
    assert look(one.house.settings, one.house.ledger).stuck == []


def test_i15_a_stop_does_not_wait_for_a_login(core: Build) -> None:
    """Nothing is in hand yet, so that there is nothing to wait for."""
    one = core()
    one.faults.add(Fault("LOGIN", 1, Action.SILENCE, times=0))
    polls = Polls([one.reach(timeout_s=60.0)], one.house)
    polls.ask("support")
    end = time.monotonic() + 10.0
    while not one.faults.fired and time.monotonic() < end:
        time.sleep(0.01)
    began = time.monotonic()
    assert polls.drain(22.0)
    assert time.monotonic() - began < 2.0
