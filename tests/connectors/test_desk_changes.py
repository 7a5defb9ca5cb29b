"""The desk's cases change, are answered and read back; a desk of the former version still opens."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.conformance import delivery
from connectors.contract import CaseGone, CaseState, Change, Rejected
from connectors.desk import Desk
from connectors.desk.schema import SCHEMA

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_KEY = "c" * 40


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(path=str(tmp_path / "desk"))
    yield made
    made.close()


def _only(desk: Desk) -> CaseState:
    (state,) = desk.read_back(_LONG_AGO)
    return state


def test_a_change_is_done_once_so_that_a_retry_undoes_nothing(desk: Desk) -> None:
    case = desk.create(delivery())
    change = Change(key=_KEY, fields={"priority": "urgent", "owner": "Tier 2"}, note="Nobody answered for 4 h.")
    desk.update(case, change)
    desk.set_fields(case.id, priority="low")
    desk.update(case, change)
    (kept,) = desk.cases()
    assert (kept.priority, kept.owner, kept.status, kept.queue) == ("low", "Tier 2", "new", "")
    assert [(one.text, one.public, one.key) for one in kept.messages[1:]] == [(change.note, False, _KEY)]


def test_a_change_without_a_note_is_done_once_too(desk: Desk) -> None:
    case = desk.create(delivery())
    for _ in range(2):
        desk.update(case, Change(key=_KEY, fields={"status": "closed"}))
        desk.set_status(case.id, "open")
    assert [len(one.messages) for one in desk.cases()] == [1]
    assert _only(desk).closed_at is None


def test_a_change_that_cannot_be_leaves_no_trace(desk: Desk) -> None:
    case = desk.create(delivery())
    before = desk.cases()
    with pytest.raises(Rejected, match="colour"):
        desk.update(case, Change(key=_KEY, fields={"priority": "low", "colour": "red"}, note="x"))
    assert desk.cases() == before
    desk.delete(case.id)
    with pytest.raises(CaseGone):
        desk.update(case, Change(key=_KEY, note="x"))
    assert list(desk.read_back(_LONG_AGO)) == []


def test_a_state_tells_who_wrote_when(desk: Desk) -> None:
    """First and last answer are an agent's; our own notes are nobody's answer and no customer's word."""
    case = desk.create(delivery())
    opened = _only(desk)
    assert (opened.open, opened.first_answer_at) == (True, None)
    assert opened.last_customer_at
    desk.answer(case.id, "Throw water on it.", "Ada Agent")
    answered = _only(desk)
    assert answered.status == "open"
    desk.append(delivery(case=case))
    desk.answer(case.id, "More water.")
    desk.update(case, Change(key=_KEY, note="internal"))
    last = _only(desk)
    assert answered.first_answer_at == last.first_answer_at
    moments = [last.first_answer_at, last.last_customer_at, last.last_answer_at, last.changed_at]
    assert moments == sorted(set(filter(None, moments)))
    assert [(one.key == "", one.by_agent) for one in desk.cases()[0].messages[1:3]] == [(True, True), (False, False)]


def test_closing_and_reopening_are_told(desk: Desk) -> None:
    case = desk.create(delivery())
    desk.set_status(case.id, "solved")
    solved = _only(desk)
    desk.set_status(case.id, "closed")
    closed = _only(desk)
    assert (closed.open, closed.closed_at) == (False, solved.closed_at)
    assert solved.closed_at
    desk.append(delivery(case=case))
    assert (_only(desk).open, _only(desk).closed_at) == (True, None)


def test_only_what_changed_since_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, however many pages it takes."""
    monkeypatch.setattr("connectors.desk.states.PAGE", 3)
    cases = [desk.create(delivery()) for _ in range(10)]
    moment = datetime.now(UTC)
    for case in cases[2:9]:
        desk.set_fields(case.id, priority="low")
    assert [one.case for one in desk.read_back(moment)] == cases[2:9]
    assert [one.case for one in desk.read_back(_only_changed(desk, "3"))] == cases[2:9]
    assert list(desk.read_back(moment + timedelta(hours=1))) == []


def _only_changed(desk: Desk, case_id: str) -> datetime:
    return next(one.changed_at for one in desk.read_back(_LONG_AGO) if one.case.id == case_id)


def _former(folder: Path) -> str:
    """A desk as the first version left it, with one case."""
    folder.mkdir()
    sent = delivery()
    with closing(sqlite3.connect(folder / "desk.db", isolation_level=None)) as db:
        for statement in SCHEMA:
            db.execute(statement)
        moment = "2026-11-01T10:00:00+00:00"
        db.execute(
            "INSERT INTO cases (id, subject, status, priority, owner, queue, requester_name, requester_address, key,"
            " follows, created_at) VALUES (1, 's', 'new', 'normal', '', '', '', 'ann@example.com', ?, '', ?)",
            (sent.key, moment),
        )
        db.execute(
            "INSERT INTO messages (case_id, author_name, author_address, text, html, public, key, message_id, sent_at)"
            " VALUES (1, '', 'ann@example.com', 't', '', 1, ?, 'a@b', ?)",
            (sent.key, moment),
        )
        db.execute("PRAGMA user_version = 1")
    return sent.key


@pytest.mark.parametrize("first", ["find", "cases", "read_back", "create", "answer"])
def test_a_desk_of_the_former_version_still_opens(tmp_path: Path, first: str) -> None:
    """Whatever touches it first, reading included; and the connector built last sees the same."""
    key = _former(tmp_path / "desk")
    with closing(Desk(path=str(tmp_path / "desk"))) as desk:
        known = replace(delivery(), key=key)
        touch = {
            "find": lambda: desk.find(known),
            "cases": desk.cases,
            "read_back": lambda: list(desk.read_back(_LONG_AGO)),
            "create": lambda: desk.create(known),
            "answer": lambda: desk.answer("1", "x"),
        }
        touch[first]()
        state = _only(desk)
        assert (state.key, state.open, state.opened_at) == (key, True, datetime(2026, 11, 1, 10, tzinfo=UTC))
        assert state.last_customer_at == state.opened_at
        desk.update(state.case, Change(key=_KEY, fields={"priority": "low"}, note="n"))
        assert _only(desk).changed_at > state.opened_at
    assert "schema 2" in Desk(path=str(tmp_path / "desk")).check()[-1].fact
