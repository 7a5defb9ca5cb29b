"""Reading a mailbox: what lies about itself, breaks off, cannot be read now, or is too much at once."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

import pytest

from tests.fakes.rigged import RiggedCrm
from tests.house.core import Build, mail, numbered, subjects
from worker import tenure
from worker.demo.imap.faults import Action, Fault
from worker.ledger import LedgerError
from worker.message import errand
from worker.message.pipe import Child
from worker.visit import Visit


def test_m23_a_size_that_lies_low_is_held_and_not_forgotten(core: Build) -> None:
    """The server announces 10 bytes and sends more than may be read: a person must see it, or it is lost from view."""
    one = core(worker={"max_message_mb": 1})
    one.receive(mail(1, X_Long="x" * (2 << 20)), mail(2))
    one.faults.add(Fault("FETCH", 1, Action.LYING_SIZE, number=10, times=1))
    tally = one.poll()
    assert (tally.held, tally.delivered, tally.gone) == (1, 1, 0), tally
    assert "max_message_mb" in one.house.ledger.held()[0].why
    assert "\\Flagged" in one.flags()[0]
    assert one.spooled() == []
    one.mailbox.close()
    assert one.poll().fetched == 0


@pytest.mark.parametrize("nth", range(1, 4))
@pytest.mark.parametrize("action", [Action.DROP_BEFORE, Action.DROP_AFTER])
@pytest.mark.parametrize("command", ["FETCH", "STORE", "SELECT", "SEARCH"])
def test_n2_a_connection_lost_at_any_stage_loses_and_doubles_nothing(
    core: Build, command: str, nth: int, action: Action
) -> None:
    one = core(crms={"crm": RiggedCrm()})
    one.receive(*map(mail, range(5)))
    one.faults.add(Fault(command, nth, action))
    for _ in range(3):
        one.poll()
    one.faults.clear()
    assert subjects(one.crm) == numbered(range(5))
    assert one.marked() == 5
    assert one.poll().listed == 0


def test_p3_no_child_for_parsing_is_no_mails_fault(core: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often none can be started: told in one line, no strike, nothing left in memory or on disk."""
    one = core()
    one.receive(*map(mail, range(3)), mail(3, X_Long="x" * (2 << 20)))

    def none(limit_bytes: int) -> Child:
        raise OSError("no memory for another process")

    with monkeypatch.context() as patched:
        patched.setattr(errand, "Child", none)
        for _ in range(6):
            assert "no parsing child" in one.poll().problem
    assert one.spooled() == []
    # What a failed poll held would be missing for ever, and in the end stop every mailbox.
    one.house.budget.take(32 << 20)
    one.house.budget.give(32 << 20)
    assert one.poll().delivered == 4


def test_i12_a_bug_in_one_poll_is_told_and_not_raised(core: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    one = core()
    one.receive(mail(1))
    with monkeypatch.context() as patched:
        patched.setattr(one.mailbox, "stragglers", lambda: 1 / 0)
        assert "ZeroDivisionError" in one.poll().problem
    assert one.poll().delivered == 1


def test_d1_no_lane_runs_on_after_the_lease_is_given_back(core: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger fails while messages are with the CRM: the poll ends when they do, and not before."""
    one = core()
    one.receive(*map(mail, range(4)))
    busy, leases_held = threading.Event(), list[int]()

    def slow(_: object) -> None:
        busy.set()
        time.sleep(0.3)
        leases_held.append(len(one.house.ledger.leases()))

    def fails(*_: object) -> None:
        busy.wait(5)
        raise LedgerError("worker.database: the disk is full")

    one.crm.before_write = slow
    with monkeypatch.context() as patched:
        patched.setattr(one.house.ledger, "advance", fails)
        assert "disk is full" in one.poll().problem
    assert set(leases_held) == {1}
    one.poll()
    assert subjects(one.crm) == numbered(range(4))
    assert one.marked() == 4


def test_a_poll_longer_than_its_lease_keeps_it(core: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """One read may outlast the lease: nobody else gets the mailbox meanwhile."""
    monkeypatch.setattr(tenure, "RENEW_S", 0.05)
    monkeypatch.setattr(tenure, "LEASE_S", 0.4)
    monkeypatch.setattr("worker.poll.LEASE_S", 0.4)
    one = core()
    one.receive(mail(1))
    one.faults.add(Fault("FETCH", 2, Action.DELAY, seconds=1.0))
    other = one.another()
    busy: list[bool] = []
    polling = threading.Thread(target=one.poll)
    polling.start()
    time.sleep(0.2)
    while polling.is_alive():
        lease = other.ledger.acquire("support", 60)
        busy.append(lease is None)
        if lease:
            other.ledger.release(lease)
        time.sleep(0.05)
    polling.join()
    assert len(busy) > 10
    assert all(busy[:-1])
    assert subjects(one.crm) == numbered([1])


def test_a_lost_lease_is_noticed_and_costs_nothing(core: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6: a worker that slept through its lease stops; the other one's poll makes no second case."""
    monkeypatch.setattr(tenure, "RENEW_S", 60.0)
    monkeypatch.setattr(tenure, "LEASE_S", 0.2)
    monkeypatch.setattr("worker.poll.LEASE_S", 0.2)
    one = core()
    one.receive(*map(mail, range(3)))
    one.faults.add(Fault("FETCH", 2, Action.DELAY, seconds=0.5))
    assert "lease was lost" in one.poll().problem
    monkeypatch.setattr(tenure, "LEASE_S", 60.0)
    monkeypatch.setattr("worker.poll.LEASE_S", 60.0)
    one.poll()
    one.poll()
    assert subjects(one.crm) == numbered(range(3))
    assert one.marked() == 3


def test_i14_many_tiny_mails_are_not_all_in_memory_at_once(core: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message takes more memory than its bytes: with a CRM that hangs, a megabyte is some dozen messages."""
    one = core(worker={"in_flight_mb": 1}, lanes=2)
    one.receive(*map(mail, range(120)))
    gate, begun = threading.Event(), threading.Event()
    one.crm.before_write = lambda _: (begun.set(), gate.wait(20))[0]
    taken_up: list[object] = []
    send = Visit._send
    monkeypatch.setattr(Visit, "_send", lambda self, *letter: (taken_up.append(letter), send(self, *letter))[1])
    tallies: list[object] = []
    polling = threading.Thread(target=lambda: tallies.append(one.poll()))
    polling.start()
    assert begun.wait(10)
    time.sleep(1.0)
    in_memory = len(taken_up)
    gate.set()
    polling.join()
    assert in_memory <= 110
    assert one.marked() == 120


def test_m2_slots_of_an_old_uidvalidity_go_with_the_first_poll(core: Build) -> None:
    """Whoever types ``once`` has a new connection each time, and what was held unread would stand twice for ever."""
    one = core(worker={"max_message_mb": 1})
    one.receive(mail(1, X_Long="x" * (2 << 20)))
    one.poll()
    assert len(one.house.ledger.held()) == 1
    one.server.renumber()
    one.mailbox.close()
    one.poll(one.reach())
    one.poll(one.reach())
    assert len(one.house.ledger.held()) == 1


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("command", ["FETCH", "STORE", "SEARCH"])
def test_m3_i9_a_new_uidvalidity_in_the_middle_of_a_poll(core: Build, command: str, nth: int) -> None:
    one = core()
    one.receive(*map(mail, range(3)))
    one.faults.add(Fault(command, nth, Action.NEW_UIDVALIDITY))
    for _ in range(4):
        one.poll()
    assert subjects(one.crm) == numbered(range(3))
    assert one.marked() == 3


def test_a_folder_with_nothing_new_is_not_searched_from_its_beginning_again(core: Build) -> None:
    """Everything in it was processed long ago, so nothing is listed; the mark must rise all the same."""
    one = core()
    one.receive(*map(mail, range(3)))
    one.poll()
    with ExitStack() as stack:
        fresh = one.another("fresh.db")
        mailbox = one.reach()
        stack.callback(mailbox.close)
        assert one.poll(mailbox, fresh).listed == 0
        assert fresh.ledger.folder_mark("support", "INBOX", mailbox.uidvalidity) == 3


def test_i15_a_stop_in_the_middle_of_a_group_begins_nothing_new_and_counts_no_strike(core: Build) -> None:
    one = core(lanes=1)
    one.receive(*map(mail, range(20)))
    one.crm.before_write = lambda _: one.house.stopping.set()
    for _ in range(5):
        one.house.stopping.clear()
        tally = one.poll()
        assert not tally.problem
        assert not tally.held
        one.house.stopping.set()
    one.house.stopping.clear()
    one.crm.before_write = lambda _: None
    one.poll()
    assert subjects(one.crm) == numbered(range(20))
    assert one.marked() == 20


def test_held_mail_is_flagged_even_when_the_connection_was_lost(core: Build) -> None:
    """It would wait for a person who never sees it: a held slot is not looked at again."""
    one = core(routes=())
    one.receive(mail(1))
    one.faults.add(Fault("STORE", 1, Action.DROP_BEFORE))
    assert one.poll().problem
    assert one.poll().held == 1
    assert "\\Flagged" in one.flags()[0]


def test_i13_poison_stays_held_when_the_connection_is_lost_later_in_the_poll(core: Build) -> None:
    """What was held unread must not be read after all, only because others could not be acknowledged."""
    one = core()
    one.receive(mail(1))
    one.mailbox.open()
    for _ in range(3):
        one.house.ledger.enter(one.mailbox.describe([1]))
    one.receive(mail(2))
    one.faults.add(Fault("STORE", 2, Action.DROP_BEFORE))
    assert one.poll().problem
    one.poll()
    assert subjects(one.crm) == numbered([2])
    assert "3 times" in one.house.ledger.held()[0].why
    assert "\\Flagged" in one.flags()[0]
