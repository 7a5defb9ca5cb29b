"""The process dies behind each call in turn, and another one takes the message over: one record, with all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import CaseRef, Delivery
from connectors.http import Answer, Call
from connectors.jira import Jira
from tests.fakes.jira import JiraFake

pytestmark = pytest.mark.usefixtures("at_once")

_FILES = (file_of(b"one", "one.txt"), file_of(b"two", "two.txt"))


class Died(BaseException):
    """No handler's business."""


@pytest.fixture
def fake() -> Iterator[JiraFake]:
    server = JiraFake().start()
    yield server
    server.stop()


def _dying(jira: Jira, after: int) -> Jira:
    """Its process ends when the answer to that call, no matter of which kind, has come."""
    send, left = jira._http.send, [after]

    def dying(call: Call) -> Answer:
        answer = send(call)
        left[0] -= 1
        if left[0] == 0:
            raise Died
        return answer

    jira._http.send = dying  # type: ignore[method-assign]
    return jira


def _act(jira: Jira, sent: Delivery) -> CaseRef:
    return jira.append(sent) if sent.case else jira.create(sent)


def _taken_over(make: Callable[[], Jira], sent: Delivery, after: int) -> bool:
    """Whether the first process died; the second looks first, as the worker does."""
    with closing(_dying(make(), after)) as first:
        try:
            _act(first, sent)
            died = False
        except Died:
            died = True
    with closing(make()) as second:
        _ = second.find(sent) or _act(second, sent)
    return died


@pytest.mark.parametrize("has_file_field", [True, False])
@pytest.mark.parametrize("more", [{}, {"key_field": "Mail key"}])
def test_a_death_behind_any_call_doubles_nothing(fake: JiraFake, more: dict[str, Any], has_file_field: bool) -> None:
    """Between request and label above all: with neither label nor property it is found by its text or its field."""
    if not has_file_field:
        del fake.service.form["attachment"]

    def make() -> Jira:
        return Jira(**fake.desk_options, **more)

    after, died = 0, True
    while died:
        after += 1
        sent = delivery(attachments=_FILES)
        died = _taken_over(make, sent, after)
        assert fake.keys() == [one.keys[0] for one in fake.issues], after
        issue = fake.issues[-1]
        assert issue.keys == [sent.key], after
        assert sorted(one.name for one in issue.files) == ["one.txt", "two.txt"], after
        assert more or "mail-to-case" in issue.labels, after
        assert len(fake.issues) == after
    assert after >= 8


@pytest.mark.parametrize("files", [(), _FILES])
def test_a_death_within_a_reply_doubles_nothing(fake: JiraFake, files: tuple[Any, ...]) -> None:
    def make() -> Jira:
        return Jira(**fake.desk_options)

    with closing(make()) as jira:
        case = jira.create(delivery())
    issue, after, died = fake.issue(case.id), 0, True
    while died:
        after += 1
        issue.move("3")
        sent = delivery(case=case, attachments=files)
        died = _taken_over(make, sent, after)
        assert issue.keys[1:].count(sent.key) == 1
        assert len(issue.comments) == after
        assert len(issue.files) == after * len(files)
    assert after >= 4
