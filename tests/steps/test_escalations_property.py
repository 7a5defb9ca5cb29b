"""Whatever agents, customers and the network do: each rule at most once an occasion, never to an answered case."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contract import CaseState, InDoubt, Rejected, Retryable, Throttled
from tests.steps.escalating import FIRST, HOUR, SECOND, Office

RULES = (
    FIRST,
    SECOND,
    {**FIRST, "since": "last customer mail", "after": "3h", "set": {"queue": "Late"}},
    {"after": "6h", "since": "last customer mail", "note": "Still no answer."},
)
DEEDS = ("wait", "tick", "answer", "write", "close", "reopen", "edit", "kill", "forget")
TROUBLES = (None, InDoubt("no answer"), Retryable("busy"), Throttled("slow down", 5.0), Rejected("no"))
STEP = st.tuples(
    st.sampled_from(DEEDS),
    st.sampled_from(("1", "2")),
    st.integers(1, 300),
    st.sampled_from(TROUBLES),
    st.booleans(),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, max_size=40))
def test_each_rule_at_most_once_an_occasion_and_never_to_an_answered_case(
    history: list[tuple[str, str, int, Exception | None, bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        at = Office(Path(folder), escalations=RULES)
        try:
            for step in history:
                _take(at, step)
            _judge(at)
        finally:
            at.ledger.close()


def _take(at: Office, step: tuple[str, str, int, Exception | None, bool]) -> None:
    deed, number, minutes, trouble, happened = step
    at.crm.now += timedelta(minutes=minutes)
    if number not in at.crm.states:
        at.crm.opens(number)
    if deed == "answer":
        at.crm.answers(number)
    elif deed == "write":
        at.crm.hears(number)
    elif deed in ("close", "reopen"):
        at.crm.becomes(number, open=deed == "reopen")
    elif deed == "edit":
        at.crm.becomes(number, priority="Low", queue="Elsewhere")
    elif deed == "forget":
        at.restart(f"ledger{at.lives}.db")
    elif deed in ("tick", "kill"):
        _tick(at, KeyboardInterrupt() if deed == "kill" else trouble, happened)


def _tick(at: Office, trouble: BaseException | None, happened: bool) -> None:
    at.make_due()
    at.crm.script = [(trouble, happened or trouble is None)]
    try:
        at.tick()
    except KeyboardInterrupt:
        at.restart()
    at.crm.script = []


def _judge(at: Office) -> None:
    seen = set()
    for made in at.crm.made:
        before, change = made.before, made.change
        answered = before.last_answer_at
        is_first = change.fields.get("priority") is not None
        assert before.open, "a closed case was escalated"
        assert _waits(before, since_opened=is_first), "an answered case was escalated"
        occasion = (before.case.id, tuple(change.fields.items()), change.note == "Still no answer.", answered)
        assert occasion not in seen, "twice on one occasion"
        seen.add(occasion)


def _waits(state: CaseState, *, since_opened: bool) -> bool:
    if since_opened:
        return state.first_answer_at is None
    return state.last_answer_at is None or (state.last_customer_at or state.opened_at) > state.last_answer_at


def test_the_property_can_fail() -> None:
    """A worker that forgets and a CRM that forgets do double; so the judge sees what he is there for."""
    with tempfile.TemporaryDirectory() as folder:
        at = Office(Path(folder), escalations=(FIRST,))
        at.crm.forgetful = True
        at.crm.opens()
        at.tick(5 * HOUR)
        at.restart("another.db")
        at.crm.becomes(priority="Low")
        at.tick()
        at.ledger.close()
        try:
            _judge(at)
        except AssertionError as error:
            assert "twice" in str(error)  # noqa: PT017
        else:
            raise AssertionError("the judge saw nothing")
