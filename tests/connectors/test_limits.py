"""The gates: never more calls than allowed in any window, a closed bucket refuses, the others go on."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Throttled
from connectors.http import FixedAuth, HttpClient, Limits
from tests.connectors.calls import WRITE, Echo
from tests.fakes.http_server import Reply


class Clock:
    """Stands still until it is told to go on."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def _told_to_wait(limits: Limits, *buckets: str) -> float:
    """Seconds, or 0 for a call that was let through."""
    try:
        limits.admit(buckets)
    except Throttled as error:
        return error.retry_after_s or -1.0
    return 0.0


def _admitted(limits: Limits, *buckets: str) -> bool:
    wait_s = _told_to_wait(limits, *buckets)
    assert wait_s >= 0
    return wait_s == 0


_STEPS = st.lists(st.tuples(st.floats(0, 3, allow_subnormal=False), st.sampled_from(["", "a", "b"])), max_size=120)


@given(
    paces=st.dictionaries(
        st.sampled_from(["", "a", "b"]), st.tuples(st.integers(0, 5), st.floats(0.1, 5.0)), min_size=1
    ),
    steps=_STEPS,
)
def test_never_more_than_so_many_calls_in_any_window(
    paces: dict[str, tuple[int, float]], steps: list[tuple[float, str]]
) -> None:
    """In whatever rhythm they come; a call counts in its own bucket and in the connection's."""
    clock = Clock()
    limits = Limits(clock)
    for bucket, (calls, window_s) in paces.items():
        limits.pace(bucket, calls, window_s)
    passed: dict[str, list[float]] = defaultdict(list)
    for wait_s, bucket in steps:
        clock.now_s += wait_s
        if _admitted(limits, *filter(None, [bucket])):
            for counted in {"", bucket}:
                passed[counted].append(clock.now_s)
    for bucket, (calls, window_s) in paces.items():
        moments = passed[bucket]
        # The same subtraction as in the code, since a difference of floats is none of a limit's business.
        assert all(sum(begin > end - window_s for begin in moments if begin <= end) <= calls for end in moments)


@given(calls=st.integers(1, 5), window_s=st.floats(0.1, 60.0), gaps=st.lists(st.floats(0, 20), max_size=40))
def test_whoever_waits_as_long_as_told_is_let_through(calls: int, window_s: float, gaps: list[float]) -> None:
    clock = Clock()
    limits = Limits(clock)
    limits.pace("", calls, window_s)
    for gap_s in gaps:
        clock.now_s += gap_s
        if wait_s := _told_to_wait(limits):
            assert 0 < wait_s <= window_s + 0.01
            clock.now_s += wait_s + 0.001
            limits.admit(())


def test_a_narrower_pace_counts_what_went_before() -> None:
    """A header says that less is left than the vendor's page promised."""
    clock = Clock()
    limits = Limits(clock)
    limits.pace("a", 5, 10.0)
    for _ in range(4):
        limits.admit(["a"])
        clock.now_s += 1
    limits.pace("a", 2, 10.0)
    with pytest.raises(Throttled) as caught:
        limits.admit(["a"])
    # The third of the four must leave the window, not only the first.
    assert caught.value.retry_after_s == pytest.approx(8.0, abs=0.01)
    clock.now_s += 8.01
    limits.admit(["a"])


def test_no_calls_at_all_is_a_pace_too() -> None:
    limits = Limits(Clock())
    limits.pace("a", 0, 60.0)
    with pytest.raises(Throttled, match="our own limit of 0 calls in 60 s for a") as caught:
        limits.admit(["a"])
    assert (caught.value.bucket, caught.value.retry_after_s) == ("a", 60.0)


def test_a_closed_bucket_refuses_and_the_others_go_on() -> None:
    clock = Clock()
    limits = Limits(clock)
    limits.close("case 7", 30.0, "Zendesk said so")
    with pytest.raises(Throttled, match="Zendesk said so") as caught:
        limits.admit(["search", "case 7"])
    assert (caught.value.bucket, caught.value.retry_after_s) == ("case 7", 30.0)
    assert _admitted(limits)
    assert _admitted(limits, "case 8")
    clock.now_s += 29.9
    assert not _admitted(limits, "case 7")
    clock.now_s += 0.2
    assert _admitted(limits, "case 7")


def test_a_closed_connection_closes_every_bucket() -> None:
    limits = Limits(Clock())
    limits.close("", 5.0, "all")
    assert not _admitted(limits, "case 7")


def test_a_longer_closure_stays() -> None:
    clock = Clock()
    limits = Limits(clock)
    limits.close("a", 30.0, "long")
    limits.close("a", 3.0, "short")
    clock.now_s += 10
    with pytest.raises(Throttled, match="long"):
        limits.admit(["a"])


def test_what_is_refused_counts_nowhere() -> None:
    """A call that one bucket refuses uses up nothing of another."""
    limits = Limits(Clock())
    limits.pace("", 2, 60.0)
    limits.close("a", 60.0, "closed")
    assert [_admitted(limits, "a") for _ in range(5)] == [False] * 5
    assert [_admitted(limits, "b") for _ in range(3)] == [True, True, False]


def test_sixteen_threads_get_no_more_than_one_would() -> None:
    limits = Limits(Clock())
    limits.pace("a", 50, 60.0)
    with ThreadPoolExecutor(16) as pool:
        admitted = sum(pool.map(lambda _: _admitted(limits, "a"), range(800)))
    assert admitted == 50


def test_a_thousand_buckets_that_opened_again_are_forgotten() -> None:
    clock = Clock()
    limits = Limits(clock)
    for number in range(1000):
        limits.close(f"case {number}", 5.0, "x")
        clock.now_s += 1
    assert len(limits._closed) < 10


def test_the_client_sends_nothing_through_a_closed_gate(echo: Echo, client: HttpClient) -> None:
    client.limits.close("case 7", 60.0, "closed")
    with pytest.raises(Throttled) as caught:
        client.send(replace(WRITE, buckets=("case 7",)))
    assert caught.value.bucket == "case 7"
    assert echo.log == []
    assert client.send(replace(WRITE, buckets=("case 8",))).status == 200


def test_a_call_sent_again_after_a_login_counts_again(echo: Echo, client: HttpClient) -> None:
    """The CRM counts both, so do we."""

    class Renewing:
        value = "Bearer old"

        def header(self) -> str:
            return self.value

        def renew(self, refused: str) -> bool:
            self.value = Echo.good
            return True

    client.auth = Renewing()
    client.limits.pace("", 3, 60.0)
    client.send(WRITE)
    client.send(WRITE)
    with pytest.raises(Throttled):
        client.send(WRITE)
    assert len(echo.log) == 3


def test_every_try_counts(echo: Echo, client: HttpClient) -> None:
    """A reading that is tried again is two calls."""
    client.auth = FixedAuth(Echo.good)
    client.limits.pace("", 2, 60.0)
    echo.fail("reply", times=9, reply=Reply(500, {"error": "x"}))
    with pytest.raises(Throttled):
        client.send(replace(WRITE, method="GET", body=b""))
    assert len(echo.log) == 2
