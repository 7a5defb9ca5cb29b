"""Several ``run`` workers on one PostgreSQL: mail shared out, none lost, none doubled, no mailbox polled by two."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dovecot import _USERS, Account, _numbers
from tests.fleet.workers import all_ended, asked, connections, installation, judged, plain, spread, wait
from tests.house.checker import desk_count
from worker.bench.dovecot import Dovecot
from worker.bench.mails import mails

pytestmark = [pytest.mark.dovecot, pytest.mark.postgres]

Accounts = Callable[[int], list[Account]]


@pytest.fixture
def accounts(dovecot: Dovecot) -> Accounts:
    """Fresh accounts on the shared Dovecot."""
    return lambda count: [Account(dovecot, _USERS[number]) for number in itertools.islice(_numbers, count)]


def test_i8_one_of_two_workers_is_killed(tmp_path: Path, accounts: Accounts, postgres_url: str) -> None:
    """I1, I3, I8: all delivered once; polls never overlap; three connections a worker; no growth."""
    generated, some = list(mails(60, seed=41)), accounts(4)
    spread(generated, some)
    house = installation(tmp_path, some, postgres_url)
    with all_ended(house) as workers:
        workers.start(0)
        workers.start(1)
        assert wait(lambda: desk_count(house.desk) >= 15, 40), workers.logs
        seen = connections(postgres_url)
        workers.kill(0)
        assert wait(lambda: desk_count(house.desk) >= 60, 60), workers.logs
        assert wait(lambda: not judged(house, some, generated).faults(), 20), workers.logs
        assert connections(postgres_url) <= 3
        assert workers.stop(1) < 25
    assert judged(house, some, generated).once == 60
    assert workers.overlaps() == []
    assert seen <= 6
    assert "Traceback" not in workers.logs
    assert asked(postgres_url, "SELECT count(*) FROM mail_to_case_queue.procrastinate_jobs WHERE status <> 'todo'") == 0


@pytest.mark.soak
def test_i15_a_stopping_worker_gives_back_what_it_has_at_once(
    tmp_path: Path, accounts: Accounts, postgres_url: str
) -> None:
    """P1: not after its signs of life have run out, but as soon as it has ended; the clock would take a minute.

    In the soak, since it depends on the moment at which the stop meets a poll.
    """
    generated, some = [plain(number) for number in range(800)], accounts(8)
    house = installation(tmp_path, some, postgres_url, poll_seconds=60)
    with all_ended(house) as workers:
        workers.start(0)
        workers.start(1)
        assert wait(lambda: workers.logs.count('"workers": 2') >= 1 and len(workers.intervals()) >= 8, 40), workers.logs
        spread(generated, some)
        pid = workers.living[0].pid
        assert wait(lambda: any(one.pid == pid and one.goes_on for one in workers.intervals()), 20), workers.logs
        asked_at = time.monotonic()
        workers.stop(0)
        # Mail that still waits is no fault, so it is all of it that is waited for.
        assert wait(lambda: judged(house, some, generated).once == len(generated), 50), workers.logs
        intervals = workers.intervals()
        workers.stop(1)
    broken_off = [one for one in intervals if one.pid == pid and one.end >= asked_at]
    assert broken_off
    for one in broken_off:
        # One that was at its end anyway need not be polled again.
        later = (other.begin for other in intervals if other.mailbox == one.mailbox and other.begin > one.end)
        assert min(later, default=one.end) < one.end + 4
    assert workers.overlaps() == []
    assert judged(house, some, generated).once == len(generated)


@pytest.mark.soak
def test_i12_the_mailboxes_of_a_worker_that_died_far_away_are_polled_again_soon(
    tmp_path: Path, accounts: Accounts, postgres_url: str
) -> None:
    """P4: its process cannot be looked for, so that signs of life and leases must run out; still within 45 s."""
    generated, some = [plain(number) for number in range(1800)], accounts(6)
    house = installation(tmp_path, some, postgres_url, poll_seconds=5)
    with all_ended(house) as workers:
        workers.start(0, "far.example")
        workers.start(1, "near.example")
        assert wait(lambda: '"workers": 2' in workers.logs and len(workers.intervals()) >= 6, 40), workers.logs
        spread(generated, some)
        pid = workers.living[0].pid
        assert wait(lambda: any(one.pid == pid and one.goes_on for one in workers.intervals()), 20), workers.logs
        workers.kill(0)
        cut = {one.mailbox for one in workers.intervals() if one.end == workers.died_at.get(one.pid)}
        assert cut
        assert wait(lambda: len(workers.gaps_after_deaths()) >= len(cut), 50), workers.logs
        gaps = workers.gaps_after_deaths()
        assert workers.overlaps() == []
    print(f"polled again after {max(gaps):.1f} s")
    assert max(gaps) <= 45
