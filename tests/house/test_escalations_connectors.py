"""Escalation in every CRM that can be escalated in: due, once, not when answered, not twice by a worker that forgot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.conformance import delivery
from tests.house.storm import Storm
from tests.house.weather_rigs import RIGS, Rig
from tests.steps.escalating import Office

HOUR = timedelta(hours=1)


@pytest.fixture
def connected(rig: Rig, tmp_path: Path) -> Iterator[tuple[Any, Any]]:
    storm = Storm(seed=0)
    storm.over = True
    rigged = rig.rigged(tmp_path)
    connector = rig.connector(rigged, tmp_path, storm)
    yield rigged, connector
    connector.close()
    rigged.close()


@pytest.mark.parametrize("rig", RIGS, ids=lambda rig: rig.name)
def test_due_once_and_never_when_answered(rig: Rig, connected: tuple[Any, Any], tmp_path: Path) -> None:
    rigged, connector = connected
    rule = {"after": "4h", "set": dict(rigged.change), "note": "Nobody has answered."}
    at = Office(tmp_path, escalations=(rule,), crm=connector)
    try:
        waits, answered = connector.create(delivery()), connector.create(delivery())
        rigged.settle()
        rigged.answer(answered)
        rigged.settle()
        now = datetime.now(UTC)
        assert _tick(at, now + HOUR) == 0
        assert _tick(at, now + 5 * HOUR) == 1
        rigged.settle()
        assert {name: rigged.field(waits, name) for name in rule["set"]} == rule["set"]
        assert _notes(rigged, answered) == 0
        assert _tick(at, now + 6 * HOUR) == 0
        at.restart("another.db")
        _tick(at, now + 7 * HOUR)
        # Where a note could not be kept from the customer, there is none.
        assert _notes(rigged, waits) == int(connector.capabilities.internal_notes)
    finally:
        at.ledger.close()


def _tick(at: Office, now: datetime) -> int:
    from worker.escalations import escalate

    (told,) = escalate(at.house, now=now)
    assert told.problem == ""
    return told.applied


def _notes(rigged: Any, case: Any) -> int:
    return sum("Nobody has answered." in one.text for one in rigged.messages(case))
