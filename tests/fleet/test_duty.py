"""Watch duty: each mailbox has one watcher, all workers agree on it, and few change hands."""

from __future__ import annotations

from worker.fleet import duties

NAMES = [f"box{number}" for number in range(200)]


def test_each_mailbox_falls_to_one_worker_and_all_agree() -> None:
    workers = ["a", "b", "c"]
    shares = [duties(NAMES, list(order), one) for one in workers for order in (workers, workers[::-1])][::2]
    assert sorted(name for share in shares for name in share) == sorted(NAMES)
    assert all(40 <= len(share) <= 95 for share in shares)
    assert duties(NAMES, workers[::-1], "b") == shares[1]


def test_when_a_worker_goes_only_its_own_mailboxes_move() -> None:
    before = {one: duties(NAMES, ["a", "b", "c"], one) for one in "abc"}
    after = {one: duties(NAMES, ["a", "c"], one) for one in "ac"}
    assert before["a"] <= after["a"]
    assert before["c"] <= after["c"]
    assert (after["a"] - before["a"]) | (after["c"] - before["c"]) == before["b"]


def test_who_is_not_on_the_roll_watches_nothing() -> None:
    assert duties(NAMES, ["a"], "b") == frozenset()
    assert duties(NAMES, [], "b") == frozenset()
