"""When polls happen and how they end: hints, failing mailboxes, a stop, Ctrl-C, a ledger that was taken away."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.house.checker import desk_messages
from tests.house.core import Build, Core, mail, numbered, subjects
from tests.house.harness import House
from worker.demo.imap.faults import Action, Fault
from worker.scheduler import Polls


def _wait(reached: Callable[[], object], timeout_s: float = 10.0) -> bool:
    end = time.monotonic() + timeout_s
    while not reached() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(reached())


def test_i15_a_stop_does_not_wait_for_silent_servers_nor_for_turns_that_never_came(core: Build) -> None:
    """More mailboxes than threads, none of which gets an answer: all of it ends when the connections are cut."""
    one = core()
    one.faults.add(Fault("SEARCH", 1, Action.SILENCE, times=0))
    names = [f"box{number}" for number in range(20)]
    polls = Polls([one.reach(name, timeout_s=60.0) for name in names], one.house)
    for name in names:
        polls.ask(name)
    assert _wait(lambda: len(one.faults.fired) >= 10)
    began = time.monotonic()
    assert polls.drain(6.0)
    assert time.monotonic() - began < 4.0


def test_i15_nobody_waits_for_a_goodbye(core: Build) -> None:
    """Twelve servers that no longer answer would take two seconds each."""
    one = core()
    names = [f"box{number}" for number in range(12)]
    polls = Polls([one.reach(name, push=False) for name in names], one.house)
    for name in names:
        polls.ask(name)
    assert _wait(lambda: all(not turn.running for turn in polls._turns.values()))
    one.faults.add(Fault("LOGOUT", 1, Action.SILENCE, times=0))
    began = time.monotonic()
    assert polls.drain(6.0)
    assert time.monotonic() - began < 2.0


def test_i15_nothing_is_begun_after_a_stop(core: Build) -> None:
    one = core()
    polls = Polls([one.mailbox], one.house)
    assert polls.drain(6.0)
    polls.ask("support")
    one.receive(mail(1))
    time.sleep(0.2)
    assert one.crm.calls == []


def test_m18_a_refused_login_is_not_tried_again_at_once(core: Build) -> None:
    """However often somebody asks while it is being tried."""
    one = core()
    one.faults.add(Fault("LOGIN", 1, Action.NO, times=0, text="[AUTHENTICATIONFAILED] no"))
    polls = Polls([one.mailbox], one.house)
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        polls.ask("support")
    assert polls.drain(6.0)
    assert len(one.faults.fired) == 1


def test_a_mail_that_comes_in_the_middle_of_a_poll_does_not_wait_for_the_clock(core: Build) -> None:
    """Its arrival is told in answer to some other command, and not again when the idling begins."""
    one = core()
    later = [mail(2)]
    one.crm.before_write = lambda _: one.receive(*[later.pop()] if later else [])
    polls = Polls([one.mailbox], one.house)
    one.receive(mail(1))
    polls.ask("support")
    assert _wait(lambda: len(one.crm.entries) == 2, 5.0)
    assert _wait(lambda: one.mailbox.idling)
    assert polls.drain(6.0)


def test_i12_a_mailbox_out_of_order_stops_no_other(core: Build) -> None:
    one = core()
    one.receive(*map(mail, range(3)))
    broken = one.reach("broken", folder="No Such Folder")
    polls = Polls([broken, one.mailbox], one.house)
    for name in ("broken", "support"):
        polls.ask(name)
    assert _wait(lambda: subjects(one.crm) == numbered(range(3)))
    assert polls.drain(6.0)


def test_i8_two_workers_with_a_ledger_each_make_one_case_of_a_mail(core: Build) -> None:
    """As on a platform that starts the new one before it ends the old one; hints reach both."""
    one = core()
    first = Polls([one.mailbox], one.house)
    second = Polls([one.reach()], one.another("other.db"))
    for number in range(10):
        one.receive(mail(number))
        first.ask("support")
        second.ask("support")
    assert _wait(lambda: one.marked() == 10, 20.0)
    assert first.drain(6.0)
    assert second.drain(6.0)
    assert subjects(one.crm) == numbered(range(10))


def _installation(folder: Path, mails: int) -> House:
    inbox = folder / "mail"
    inbox.mkdir()
    for number in range(mails):
        (inbox / f"{number:04}.eml").write_bytes(mail(number))
    return House(folder, {"support": {"embedded": str(inbox)}})


def test_d6_a_worker_whose_ledger_was_taken_away_ends_to_be_started_anew(tmp_path: Path) -> None:
    """It would go on writing into a file that nobody else sees, and never hear of an operator's orders."""
    house = _installation(tmp_path, 2)
    with house.started("run") as worker:
        assert _wait(lambda: len(desk_messages(house.desk)) == 2, 20.0), house.log.read_text()
        house.lose_ledger()
        assert worker.wait(25) == 1
    assert "ledger_gone" in house.log.read_text()
    assert house.once().code == 0
    assert len(desk_messages(house.desk)) == 2


def test_p2_ctrl_c_ends_once_before_the_backlog_is_worked_off(tmp_path: Path) -> None:
    house = _installation(tmp_path, 300)
    with house.started("once") as worker:
        assert _wait(lambda: len(desk_messages(house.desk)) > 20, 20.0), house.log.read_text()
        worker.send_signal(signal.SIGINT)
        began = time.monotonic()
        worker.wait(20)
        assert time.monotonic() - began < 5.0
    assert len(desk_messages(house.desk)) < 300
    assert house.once().code == 0
    assert len(desk_messages(house.desk)) == 300


def test_no_thread_keeps_a_lease_after_the_poll(core: Build) -> None:
    one: Core = core()
    one.receive(mail(1))
    one.poll()
    assert not [thread.name for thread in threading.enumerate() if thread.name == "lease"]
