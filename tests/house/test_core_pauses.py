"""A dead door: what waits for it is left alone, what goes elsewhere flows, and what a person orders is done."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from connectors.contract import (
    Capabilities,
    Dedupe,
    InDoubt,
    Retryable,
    Throttled,
    Unusable,
)
from tests.fakes.rigged import RiggedCrm, Script
from tests.house.core import Build, mail, numbered, subjects
from worker import docket, doors
from worker.doors import Door
from worker.ledger import Ledger
from worker.settings import Route

SPLIT = (Route(address="dead@example.com", connector="dead"), Route(address="*", connector="crm"))


@pytest.mark.parametrize("error", [Throttled("cannot reach crm", 15.0), Unusable("wrong token")])
def test_c30_a_backlog_is_not_fetched_again_and_again_for_a_dead_crm(core: Build, error: Exception) -> None:
    """Each is read once; afterwards a poll knocks with a few, and leaves the rest where it is."""
    one = core(crms={"crm": RiggedCrm(script=[Script(error)] * 1000)})
    one.receive(*map(mail, range(300)))
    assert one.poll().fetched == 300
    for _ in range(3):
        one.end_pauses()
        one.make_due()
        tally = one.poll()
        assert tally.fetched <= 100
        assert tally.fetched + tally.waiting == 300
    one.crm.script.clear()
    one.end_pauses()
    one.make_due()
    assert one.poll().delivered == 300
    assert subjects(one.crm) == numbered(range(300))
    assert one.marked() == 300


def test_i12_new_mail_for_a_living_crm_does_not_wait_behind_a_dead_ones(core: Build) -> None:
    dead = RiggedCrm(script=[Script(Unusable("no scope"))] * 1000)
    one = core(crms={"crm": RiggedCrm(), "dead": dead}, routes=SPLIT)
    one.receive(*(mail(number, to="dead@example.com") for number in range(120)))
    one.poll()
    one.end_pauses()
    one.make_due()
    one.receive(mail(999))
    tally = one.poll()
    assert tally.delivered == 1
    assert tally.fetched <= 101


def test_c1_a_success_that_set_out_before_does_not_end_a_pause(core: Build) -> None:
    """With several lanes, others are under way when the CRM says "wait"; their good end says nothing against it."""
    one = core(lanes=2)
    throttled = threading.Event()

    def rig(delivery: object) -> None:
        if getattr(delivery, "subject", "") == "Mail 0":
            one.crm.before_write = lambda _: throttled.wait(5)
            while len(one.crm.calls) < 2:
                time.sleep(0.01)
            throttled.set()
            raise Throttled("slow down", 600.0)

    one.crm.before_write = rig
    one.receive(*map(mail, range(10)))
    one.poll()
    assert one.house.doors["crm"].paused()
    assert one.house.ledger.pauses()
    assert one.crm.calls.count("create") <= 3


def test_i12_a_crm_that_never_answers_does_not_hold_the_lanes(core: Build) -> None:
    """Each call may last half a minute: after a few in a row, the connector is paused like a dead one."""
    silent = RiggedCrm(script=[Script(InDoubt("no answer"))] * 1000)
    one = core(crms={"crm": RiggedCrm(), "dead": silent}, routes=SPLIT, lanes=2)
    one.receive(*(mail(number, to="dead@example.com") for number in range(60)), mail(999))
    tally = one.poll()
    assert tally.delivered == 1
    assert silent.calls.count("create") <= doors.TROUBLE + 2
    assert one.house.doors["dead"].paused()


def test_c4_one_bad_message_among_good_ones_pauses_nothing(core: Build) -> None:
    one = core(lanes=1)

    def rig(delivery: object) -> None:
        if int(str(getattr(delivery, "subject", "")).split()[1]) % 2:
            raise Retryable("this one again")

    one.crm.before_write = rig
    one.receive(*map(mail, range(30)))
    assert one.poll().delivered == 15
    assert not one.house.doors["crm"].paused()


def test_a_pause_without_an_end_settles_the_attempt(core: Build) -> None:
    one = core(crms={"crm": RiggedCrm(script=[Script(Throttled("quota", float("inf")))])})
    one.receive(mail(1))
    assert one.poll().deferred == 1
    assert one.house.ledger.deliveries_in("delivering") == []


def test_one_alert_however_long_it_lasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    recorder = SimpleNamespace(**dict.fromkeys(("error", "info"), lambda event, **_: said.append(event)))
    monkeypatch.setattr(doors, "log", recorder)
    with closing(Ledger.open(f"sqlite:///{tmp_path}/ledger.db")) as ledger:
        door = Door("crm", RiggedCrm(), ledger, 3)
        for _ in range(3):
            door.pause("", 0.01, "cannot be reached")
            time.sleep(0.02)
            door.refresh()
        door.opened()
        door.opened()
    assert said == ["connector_paused", "connector_resumed"]


def test_a_paused_crm_is_not_asked_for_the_case_either(core: Build) -> None:
    class Remembers(RiggedCrm):
        def correlate(self, message_ids: object) -> None:
            self.calls.append("correlate")

    crm = Remembers(Capabilities(dedupe=Dedupe.NATIVE, correlates=True), [Script(Unusable("no scope"))])
    one = core(crms={"crm": crm}, lanes=1)
    one.receive(*(mail(number, In_Reply_To=f"<p{number}@customer.example>") for number in range(5)))
    one.poll()
    assert crm.calls.count("correlate") == 1


def test_what_is_awaited_is_asked_only_when_something_is_paused(core: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    one = core()
    one.receive(mail(1))
    monkeypatch.setattr(docket.Docket, "_awaited", property(lambda _: 1 / 0))
    assert one.poll().delivered == 1
