"""Jira's three kinds of limit, and our own pace that keeps within them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from connectors.conformance import delivery
from connectors.contract import Throttled
from connectors.jira import Jira
from tests.fakes.http_server import Reply
from tests.fakes.jira import JiraFake

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def fake() -> Iterator[JiraFake]:
    server = JiraFake().start()
    yield server
    server.stop()


@pytest.fixture
def jira(fake: JiraFake) -> Iterator[Jira]:
    made = Jira(**fake.token_options, labels=("vip",))
    yield made
    made.close()


@pytest.fixture
def fresh(fake: JiraFake) -> Iterator[Jira]:
    """Another process."""
    made = Jira(**fake.token_options)
    yield made
    made.close()


CREATE = "POST /rest/api/3/issue"


def _limit(reason: str, **more: str) -> Reply:
    headers = {"RateLimit-Reason": reason, **{name.replace("_", "-"): value for name, value in more.items()}}
    return Reply(429, {"errorMessages": ["Rate limit exceeded."]}, headers)


def test_a_burst_closes_one_kind_of_call_only(fake: JiraFake, jira: Jira) -> None:
    """C1: the next of that kind is not even sent; other kinds go on."""
    case = jira.create(delivery())
    fake.fail("reply", CREATE, reply=_limit("jira-burst-based", Retry_After="1"))
    with pytest.raises(Throttled) as caught:
        jira.create(delivery())
    assert (caught.value.bucket, caught.value.retry_after_s) == ("POST issue", 1.0)
    before = len(fake.calls("POST /issue"))
    with pytest.raises(Throttled):
        jira.create(delivery())
    assert len(fake.calls("POST /issue")) == before
    jira.append(delivery(case=case))
    time.sleep(1.0)
    jira.create(delivery())


def test_a_busy_issue_pauses_itself(fake: JiraFake, jira: Jira) -> None:
    case, other = jira.create(delivery()), jira.create(delivery())
    fake.desk.paces = ((1, 30.0),)
    jira.append(delivery(case=case))
    with pytest.raises(Throttled) as caught:
        jira.append(delivery(case=case))
    assert (caught.value.bucket, caught.value.retry_after_s) == (case.id, 2.0)
    jira.append(delivery(case=other))


def test_our_own_pace_keeps_within_the_issues_limit(fake: JiraFake, jira: Jira) -> None:
    """20 writes in 2 s: the 21st waits for its turn, and Jira has nothing to refuse."""
    case = jira.create(delivery())
    for _ in range(22):
        jira.append(delivery(case=case))
    assert len(fake.issue(case.id).comments) == 22
    assert all(status != 429 for _, status in fake.log)


def test_a_long_wait_for_an_issue_is_the_workers(fake: JiraFake, jira: Jira, monkeypatch: pytest.MonkeyPatch) -> None:
    """100 writes in 30 s: the next is put off, and only for that issue."""
    monkeypatch.setattr("connectors.jira.api.PACES", ((20, 2.2), (5, 30.5)))
    case, other = jira.create(delivery()), jira.create(delivery())
    for _ in range(5):
        jira.append(delivery(case=case))
    with pytest.raises(Throttled) as caught:
        jira.append(delivery(case=case))
    assert caught.value.bucket == case.id
    assert (caught.value.retry_after_s or 0) > 25
    jira.append(delivery(case=other))


def test_the_quota_stops_all_until_its_reset(fake: JiraFake, jira: Jira) -> None:
    """C8: the hour's end is told without seconds, too."""
    reset = (datetime.now(UTC) + timedelta(minutes=20)).strftime("%Y-%m-%dT%H:%MZ")
    fake.fail("reply", CREATE, reply=_limit("jira-quota-tenant-based", X_RateLimit_Reset=reset, Retry_After="1"))
    with pytest.raises(Throttled) as caught:
        jira.create(delivery())
    assert caught.value.bucket == ""
    assert caught.value.retry_after_s is not None
    assert 1130 <= caught.value.retry_after_s <= 1201


def test_a_silent_limit_is_waited_for_longer_each_time(fake: JiraFake, jira: Jira) -> None:
    """2, 4, 8, 16, 16 s, give or take 30 %; after a success from the start again."""
    waits = []
    for _ in range(5):
        fake.fail("reply", CREATE, reply=Reply(429, b"slow down"))
        with pytest.raises(Throttled) as caught:
            jira.create(delivery())
        waits.append(caught.value.retry_after_s or 0.0)
    for wait, wanted in zip(waits, (2, 4, 8, 16, 16), strict=True):
        assert wanted * 0.7 <= wait <= wanted * 1.3
    jira.create(delivery())
    fake.fail("reply", CREATE, reply=Reply(429, b""))
    with pytest.raises(Throttled) as caught:
        jira.create(delivery())
    assert (caught.value.retry_after_s or 0.0) <= 2.6
