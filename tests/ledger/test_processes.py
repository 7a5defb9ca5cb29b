"""Workers that are killed, and workers that meet (I7, I8, P4, P11, D9)."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.ledger.conftest import Open
from tests.ledger.samples import facts, key, planned, routed, slot
from worker.ledger import Ledger
from worker.ledger.owner import is_gone, own_name

ROOT = Path(__file__).parents[2]
Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def start(url: str) -> Iterator[Start]:
    """Starts a worker that does one deed with the ledger; killed after the test."""
    with ExitStack() as stack:

        def begin(deed: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.ledger.holder", url, deed],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield begin


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_i7_a_killed_holder_on_this_machine_is_taken_over_at_once(ledger: Ledger, start: Start) -> None:
    routed(ledger)
    process = start("hold")
    assert line(process) == "held"
    assert ledger.acquire("support") is None
    assert ledger.claim(key()) is None
    process.kill()
    # Not waited for on purpose: a process that is dead but not reaped holds nothing either.
    end = time.monotonic() + 5
    while (lease := ledger.acquire("support")) is None and time.monotonic() < end:
        time.sleep(0.01)
    assert lease
    claim = ledger.claim(key())
    assert claim
    assert claim.in_doubt


def test_p4_a_kill_in_the_middle_of_commits_loses_none_that_was_promised(ledger: Ledger, start: Start) -> None:
    process = start("write")
    first = line(process)
    time.sleep(0.3)
    process.kill()
    assert process.stdout
    promised = {int(uid) for uid in (first, *process.stdout.read().split())}
    process.wait()
    assert len(promised) > 5
    assert promised <= set(ledger.agenda("support", "INBOX", 7, []).suspects)


def test_i8_two_processes_of_four_threads_share_deliveries_out_exactly_once(ledger: Ledger, start: Start) -> None:
    names = [f"race-{number}" for number in range(40)]
    for uid, name in enumerate(names, 1):
        ledger.record(slot(uid), facts(name), [planned(name)])
    workers = [start("race"), start("race")]
    assert [line(worker) for worker in workers] == ["ready", "ready"]
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    won = [word for worker in workers for word in line(worker).split()]
    assert [worker.wait() for worker in workers] == [0, 0]
    assert sorted(won) == sorted(key(name) for name in names)
    for name in names:
        assert [event.kind for event in ledger.events_of(key(name))] == ["routed", "attempt", "delivered"]


def test_d9_workers_that_begin_a_ledger_together_share_one(start: Start, opened: Open) -> None:
    workers = [start("opens") for _ in range(3)]
    born = {line(worker) for worker in workers}
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    assert born == {opened().born_at.isoformat()}


class TestOwner:
    """Whether the process behind a name is surely gone."""

    def test_this_process_lives(self) -> None:
        assert not is_gone(own_name())

    def test_another_process_under_the_same_number_is_not_the_holder(self) -> None:
        assert is_gone(own_name().rpartition(":")[0] + ":1")

    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_elsewhere_we_cannot_look(self, place: int) -> None:
        words = own_name().split(":")
        words[place] = "elsewhere"
        words[3:] = ["999999999", "1"]
        assert not is_gone(":".join(words))

    @pytest.mark.parametrize("name", ["", "a", "a:b:c:d:e", "::::", "a:b:c:1:2:3"])
    def test_names_that_are_none(self, name: str) -> None:
        assert not is_gone(name)

    def test_no_such_process(self) -> None:
        words = own_name().split(":")
        words[3] = str(2**22 + 1)
        assert is_gone(":".join(words))
