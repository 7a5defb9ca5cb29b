"""I22: a reply never overtakes the message it answers; and memory stays bounded."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from worker.lanes import Budget, Lanes


def test_i22_tasks_that_share_an_id_run_in_order_and_never_together() -> None:
    order: list[int] = []
    running = threading.Semaphore(1)

    def task(n: int) -> None:
        assert running.acquire(blocking=False), "two tasks of one conversation ran side by side"
        time.sleep(random.random() / 500)
        order.append(n)
        running.release()

    with ThreadPoolExecutor(8) as pool:
        lanes: Lanes[None] = Lanes(pool)
        futures = [lanes.submit(("root", f"id{n}"), lambda n=n: task(n)) for n in range(50)]
        wait(futures)
    assert [future.exception() for future in futures] == [None] * 50
    assert order == list(range(50))


def test_a_task_waits_for_every_conversation_it_joins() -> None:
    gate, seen = threading.Event(), []
    with ThreadPoolExecutor(4) as pool:
        lanes: Lanes[None] = Lanes(pool)
        first = lanes.submit(("a",), lambda: gate.wait(5) and seen.append("a"))
        second = lanes.submit(("b",), lambda: seen.append("b"))
        joined = lanes.submit(("a", "b"), lambda: seen.append("joined"))
        wait([second], timeout=5)
        assert seen == ["b"]
        gate.set()
        wait([first, joined], timeout=5)
    assert seen == ["b", "a", "joined"]


def test_unrelated_tasks_run_side_by_side() -> None:
    meet = threading.Barrier(4, timeout=5)
    with ThreadPoolExecutor(4) as pool:
        lanes: Lanes[int] = Lanes(pool)
        futures = [lanes.submit((f"id{n}",), meet.wait) for n in range(4)]
        assert sorted(future.result() for future in futures) == [0, 1, 2, 3]


def test_a_long_conversation_takes_no_thread_while_it_waits() -> None:
    gate = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        lanes: Lanes[object] = Lanes(pool)
        blocked = [lanes.submit(("long",), lambda: gate.wait(5)) for _ in range(20)]
        assert lanes.submit(("other",), lambda: "done").result(timeout=2) == "done"
        gate.set()
        wait(blocked, timeout=5)


def test_a_task_that_fails_lets_the_next_one_run() -> None:
    with ThreadPoolExecutor(2) as pool:
        lanes: Lanes[object] = Lanes(pool)
        bad = lanes.submit(("x",), lambda: 1 / 0)
        good = lanes.submit(("x",), lambda: "ran")
        assert good.result(timeout=5) == "ran"
    with pytest.raises(ZeroDivisionError):
        bad.result()


def test_i14_the_budget_is_never_exceeded_and_a_giant_is_let_in_alone() -> None:
    budget, held, peak, lock = Budget(100), 0, 0, threading.Lock()

    def hold(size: int) -> None:
        nonlocal held, peak
        budget.take(size)
        with lock:
            held += size
            peak = max(peak, held if size <= 100 else 0)
            assert size <= 100 or held == size
        time.sleep(0.001)
        with lock:
            held -= size
        budget.give(size)

    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(hold, size) for size in [30, 60, 10, 500, 90, 40, 40, 40] * 6]
    assert [one.exception() for one in done] == [None] * len(done)
    assert peak <= 100
