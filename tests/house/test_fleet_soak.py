"""The fleet under fire: workers killed, PostgreSQL restarted, again and again; nothing lost, nothing doubled."""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dovecot import Account
from tests.fleet.restarting import restarting
from tests.fleet.workers import Workers, all_ended, asked, installation, judged, wait
from tests.house.checker import desk_count
from tests.house.harness import House
from tests.house.test_fleet import Accounts, accounts
from worker.bench.mails import Mail, mails
from worker.ledger import TAKEN_S

__all__ = ["accounts"]

pytestmark = [pytest.mark.soak, pytest.mark.dovecot, pytest.mark.postgres, pytest.mark.timeout(1800)]

#: ``FLEET_SOAK_S`` makes it shorter.
_DURATION_S = float(os.environ.get("FLEET_SOAK_S", "300"))
_PAUSES_S = (5.0, 20.0)
_SEED = 20261104


def test_1000_mails_3_workers_killed_every_5_to_20_s(
    tmp_path: Path, accounts: Accounts, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """I1, I3, I8, P5: 20 mailboxes; the mail comes in over the whole time."""
    rng = random.Random(_SEED)
    generated, some = list(mails(1000, seed=43)), accounts(20)
    house = installation(tmp_path, some, postgres_url, poll_seconds=10)
    kills = 0
    with all_ended(house) as workers:
        for place in range(3):
            workers.start(place)
        arrivals = _arrivals(some, generated, 0.8 * _DURATION_S)
        due = {place: time.monotonic() + rng.uniform(*_PAUSES_S) for place in range(3)}
        end = time.monotonic() + _DURATION_S
        while time.monotonic() < end:
            arrivals()
            for place in [place for place, at in due.items() if time.monotonic() >= at]:
                workers.kill(place)
                workers.start(place)
                kills += 1
                due[place] = time.monotonic() + rng.uniform(*_PAUSES_S)
            time.sleep(0.05)
        took_s = _finish(house, some, generated, workers)
    verdict = judged(house, some, generated)
    gaps = sorted(workers.gaps_after_deaths()) or [0.0]
    with capsys.disabled():
        print(
            f"\n{_DURATION_S:.0f} s: {kills} kills, {len(gaps)} polls cut short, {len(workers.intervals())} polls, "
            f"{len(workers.overlaps())} overlapping; polled again after median {statistics.median(gaps):.1f} s, "
            f"at most {gaps[-1]:.1f} s; lost {len(verdict.lost)}, doubled {len(verdict.doubled)}, once {verdict.once}; "
            f"all done {took_s:.0f} s later"
        )
    assert verdict.faults() == {}
    assert verdict.once == len(generated)
    assert workers.overlaps() == []
    assert gaps[-1] <= 45
    assert [line for line in workers.logs.splitlines() if "Traceback" in line] == []
    assert asked(postgres_url, "SELECT count(*) FROM mail_to_case_queue.procrastinate_jobs") <= len(some)


def test_500_mails_while_postgresql_is_restarted_every_5_to_20_s(
    tmp_path: Path, accounts: Accounts, capsys: pytest.CaptureFixture[str]
) -> None:
    """D11, D13: stopped in order and in a crash, for a moment and for several seconds."""
    rng = random.Random(_SEED)
    generated, some = list(mails(500, seed=44)), accounts(10)
    with restarting() as server:
        house = installation(tmp_path, some, server.url, poll_seconds=10)
        restarts = 0
        with all_ended(house) as workers:
            workers.start(0)
            workers.start(1)
            arrivals = _arrivals(some, generated, 0.8 * _DURATION_S)
            end = time.monotonic() + _DURATION_S
            while time.monotonic() < end:
                until = time.monotonic() + rng.uniform(*_PAUSES_S)
                while time.monotonic() < until:
                    arrivals()
                    time.sleep(0.05)
                server.stop(at_once=rng.random() < 0.5)
                time.sleep(rng.choice([0.0, 0.5, 4.0]))
                server.start()
                restarts += 1
            arrivals()
            took_s = _finish(house, some, generated, workers)
    verdict = judged(house, some, generated)
    with capsys.disabled():
        print(
            f"\n{_DURATION_S:.0f} s: {restarts} restarts, {len(workers.intervals())} polls, {len(workers.overlaps())} "
            f"overlapping, {len(workers.logs.splitlines())} lines logged; lost {len(verdict.lost)}, "
            f"doubled {len(verdict.doubled)}, once {verdict.once}; all done {took_s:.0f} s later"
        )
    assert verdict.faults() == {}
    assert verdict.once == len(generated)
    assert workers.overlaps() == []
    assert [line for line in workers.logs.splitlines() if "Traceback" in line] == []


def _arrivals(some: list[Account], generated: list[Mail], period_s: float) -> Callable[[], None]:
    """Called often, it lets the mail come in evenly over the period, a batch a second."""
    began, done = time.monotonic(), [0]

    def arrive() -> None:
        upto = min(len(generated), int(len(generated) * (time.monotonic() - began + 1) / period_s))
        if upto - done[0] >= len(generated) / period_s or upto == len(generated) > done[0]:
            for number in range(done[0], upto):
                some[number % len(some)].append(generated[number].raw)
            done[0] = upto

    return arrive


def _finish(house: House, some: list[Account], generated: list[Mail], workers: Workers) -> float:
    """Left in peace, the workers end the work; then each is stopped. How many seconds that took.

    A delivery whose result could not be written down stays in the hands of its worker until that time is over.
    """
    began = time.monotonic()
    assert wait(lambda: desk_count(house.desk) >= len(generated), 240), workers.logs[-5000:]
    assert wait(lambda: not judged(house, some, generated).faults(), 2 * TAKEN_S), judged(
        house, some, generated
    ).faults()
    took_s = time.monotonic() - began
    for place in list(workers.living):
        workers.stop(place)
    return took_s
