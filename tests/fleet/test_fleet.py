"""The worker's part in the fleet, on a real PostgreSQL, with polls that do as a test tells them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field

import psycopg
import pytest

from tests.fleet.pooling import Pooler
from tests.fleet.workers import asked, connections, wait
from tests.postgres import PostgresServer
from worker.fleet import SCHEMA, Fleet, prepare
from worker.ledger import Ledger

pytestmark = pytest.mark.postgres

_JOBS = f"SELECT count(*) FROM {SCHEMA}.procrastinate_jobs"
_NAMES = ("red", "green", "blue")


@dataclass
class Hand:
    """One worker: what it was handed, and how those polls end."""

    ledger: Ledger
    names: tuple[str, ...] = _NAMES
    at_once: int = 4
    taken: list[str] = field(default_factory=list)
    duty: frozenset[str] = frozenset()
    #: how a poll that was begun ends; by default at once, and well
    ending: Callable[[str], Future[float | None]] = field(default=lambda _: _ended(None))

    def __post_init__(self) -> None:
        self.fleet = Fleet(self.ledger, self.names, self._begin, self._beat, self.at_once)

    def _begin(self, name: str) -> Future[float | None]:
        self.taken.append(name)
        return self.ending(name)

    def _beat(self, duty: frozenset[str]) -> None:
        self.duty = duty

    def end(self) -> bool:
        self.fleet.close_door()
        return self.fleet.end(5.0)


def _ended(again_in_s: float | None) -> Future[float | None]:
    future: Future[float | None] = Future()
    future.set_result(again_in_s)
    return future


Join = Callable[..., Hand]


@pytest.fixture
def join(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Join]:
    """Workers that join the fleet, and leave it at the end; their rounds come quickly."""
    monkeypatch.setattr("worker.fleet.fleet.BEAT_S", 0.5)
    with ExitStack() as stack:

        def joined(owner: str, url: str = postgres_url, **changes: object) -> Hand:
            ledger = Ledger.open(url, owner=owner)
            stack.callback(ledger.close)
            prepare(ledger)
            hand = Hand(ledger, **changes)  # type: ignore[arg-type]
            hand.fleet.start()
            stack.callback(hand.end)
            return hand

        yield joined


def test_a_worker_alone_polls_every_mailbox_to_begin_with_and_leaves_nothing(join: Join, postgres_url: str) -> None:
    one = join("one")
    assert wait(lambda: sorted(one.taken) == sorted(_NAMES), 10)
    assert wait(lambda: one.duty == set(_NAMES), 5)
    assert wait(lambda: asked(postgres_url, _JOBS) == 0, 5)
    assert asked(postgres_url, f"SELECT count(*) FROM {SCHEMA}.procrastinate_events") == 0
    assert connections(postgres_url) <= 3
    assert one.end()
    assert asked(postgres_url, f"SELECT count(*) FROM {SCHEMA}.procrastinate_workers") == 0
    assert asked(postgres_url, "SELECT count(*) FROM leases") == 0


def test_what_is_asked_for_while_it_is_polled_is_polled_once_more(join: Join) -> None:
    """``lock`` keeps two polls of a mailbox apart, ``queueing_lock`` makes one of many requests."""
    gate: Future[float | None] = Future()
    one = join("one", names=("red",), ending=lambda _: gate)
    two = join("two", names=("red",), ending=lambda _: gate)
    assert wait(lambda: one.taken + two.taken == ["red"], 10)
    for _ in range(50):
        one.fleet.ask("red")
        two.fleet.ask("red")
    time.sleep(2.5)
    assert one.taken + two.taken == ["red"]
    gate.set_result(None)
    assert wait(lambda: one.taken + two.taken == ["red", "red"], 5)
    time.sleep(1.5)
    assert one.taken + two.taken == ["red", "red"]


def test_a_poll_that_could_not_be_made_comes_again_after_its_time(join: Join) -> None:
    ends = [_ended(0.5), _ended(None)]
    one = join("one", names=("red",), ending=lambda _: ends.pop(0))
    assert wait(lambda: len(one.taken) == 2, 10)
    assert ends == []


def test_i15_one_that_hangs_at_the_end_is_given_to_another_at_once(join: Join) -> None:
    hung: Future[float | None] = Future()
    one = join("one", names=("red",), ending=lambda _: hung)
    assert wait(lambda: one.taken == ["red"], 10)
    two = join("two", names=("red",))
    one.fleet.close_door()
    began = time.monotonic()
    assert one.fleet.end(5.0)
    # It may ask once more when it sees that it is on watch for it now.
    assert wait(lambda: "red" in two.taken, 5)
    assert time.monotonic() - began < 4


def test_a_poll_of_a_mailbox_that_was_removed_does_no_harm(join: Join, postgres_url: str) -> None:
    one = join("one")
    assert wait(lambda: len(one.taken) == 3, 10)
    one.fleet.ask("gone")
    assert wait(lambda: asked(postgres_url, _JOBS) == 0, 5)
    one.fleet.ask("red")
    assert wait(lambda: len(one.taken) == 4, 5)
    assert "gone" not in one.taken


def test_a_poll_whose_hand_over_got_lost_is_given_back(join: Join, postgres_url: str) -> None:
    """D11: the database has handed it to this worker, and the answer was cut off: nobody is polling."""
    one = join("one", names=("red",))
    assert wait(lambda: one.taken == ["red"], 10)
    assert wait(lambda: asked(postgres_url, _JOBS) == 0, 5)
    insert = (
        "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, status, worker_id) "
        "SELECT 'polls', 'poll', 'red', 'red', '{\"mailbox\": \"red\"}', 'doing', max(id) FROM procrastinate_workers"
    )
    with psycopg.connect(postgres_url) as connection:
        connection.execute(f"SET search_path TO {SCHEMA}".encode())
        connection.execute(insert.encode())
    assert wait(lambda: one.taken == ["red", "red"], 17)


def test_d13_connections_cut_and_nothing_is_forgotten(
    join: Join, postgres_url: str, postgres_server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = join("one"), join("two")
    assert wait(lambda: len(one.taken + two.taken) >= 3, 10)
    name = postgres_url.rpartition("/")[2]
    for number in range(6):
        postgres_server.cut(name)
        before = len(one.taken + two.taken)
        (one, two)[number % 2].fleet.ask("red")
        assert wait(lambda before=before: len(one.taken + two.taken) > before, 10)
    assert one.end()
    assert two.end()
    assert "Traceback" not in caplog.text


def test_d13_behind_a_pooler_that_hands_sessions_out_by_transaction(join: Join, postgres_url: str) -> None:
    """No LISTEN, no session's setting, no prepared statement; the ledger's tables are not looked for elsewhere."""
    pooler = Pooler(postgres_url, sessions=2)
    try:
        one, two = join("one", pooler.url), join("two", pooler.url)
        assert wait(lambda: sorted({*one.taken, *two.taken}) == sorted(_NAMES), 15)
        assert wait(lambda: one.duty | two.duty == set(_NAMES) and not one.duty & two.duty, 15)
        for name in _NAMES * 3:
            before = len(one.taken + two.taken)
            two.fleet.ask(name)
            assert wait(lambda before=before: len(one.taken + two.taken) > before, 5)
        assert pooler.clients <= 6
        assert one.end()
        assert two.end()
    finally:
        pooler.close()


def test_a_fleet_that_ends_while_the_database_is_away_does_not_hang(join: Join, postgres_url: str) -> None:
    """I15: what it has in hand is found by the others when its signs of life have run out."""
    pooler = Pooler(postgres_url, sessions=3)
    one = join("one", pooler.url)
    assert wait(lambda: len(one.taken) == 3, 10)
    pooler.close()
    began = time.monotonic()
    assert one.end()
    assert time.monotonic() - began < 5
    assert not [thread.name for thread in threading.enumerate() if thread.name == "fleet"]
