"""The canaries of the settings: sent by the clock, looked for in the ledger, an alarm when late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.contract import Retryable
from connectors.smtp import Submission
from tests.steps.letters import read
from tests.steps.routing import NOW
from worker.canaries import Canaries, due_canaries
from worker.canary import canary_in
from worker.ledger import Ledger, MessageFacts, Planned
from worker.outcome import Discarded
from worker.settings.canary import Canary
from worker.slot import Slot
from worker.tokens import Tokens

TOKENS = Tokens(b"ours")
SCHEDULE = {"way": Canary.model_validate({"address": "help@x.org", "from": "probe@y.org", "every": "1h"})}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    yield ledger
    ledger.close()


def test_due_is_what_was_never_sent_or_long_ago() -> None:
    assert due_canaries(SCHEDULE, {}, NOW) == ("way",)
    assert due_canaries(SCHEDULE, {"way": NOW - timedelta(minutes=59)}, NOW) == ()
    assert due_canaries(SCHEDULE, {"way": NOW - timedelta(minutes=60)}, NOW) == ("way",)


def events(logs: list[Any]) -> list[tuple[str, str]]:
    return [(one["event"], one["log_level"]) for one in logs]


def test_one_that_does_not_come_is_an_alarm_once(ledger: Ledger) -> None:
    sent: list[Submission] = []
    flock = Canaries(SCHEDULE, ledger, TOKENS, sent.append)
    flock.tick()
    (mail,) = sent
    bird = canary_in(read(mail.content), TOKENS)
    at = read(mail.content).sent_at
    assert at
    with capture_logs() as logs:
        for minutes in (1, 4, 6, 7, 30):
            flock.tick(at + timedelta(minutes=minutes))
    assert events(logs) == [("canary_late", "error")]
    assert len(sent) == 1
    assert bird is None or bird.address == "help@x.org"


@pytest.mark.parametrize(("why", "level"), [("canary, as it should be; 3 s", "info"), ("canary, WRONG: x", "error")])
def test_one_that_came_is_told_with_what_is_wrong(ledger: Ledger, why: str, level: str) -> None:
    sent: list[Submission] = []
    flock = Canaries(SCHEDULE, ledger, TOKENS, sent.append)
    flock.tick()
    message = read(sent[0].content)
    facts = MessageFacts(
        identity="1" * 64,
        message_id=message.message_id,
        author="probe@y.org",
        subject="x",
        received_at=NOW,
        size_bytes=1,
        kind="auto_reply",
        mailbox="m",
    )
    ledger.record(Slot("m", "INBOX", 1, 1), facts, [Planned("a" * 40, "crm", "t", "r", "")])
    claim = ledger.claim("a" * 40)
    assert claim
    ledger.settle(claim, Discarded(why))
    with capture_logs() as logs:
        flock.tick()
        flock.tick()
    assert events(logs) == [("canary_came", level)]


def test_one_that_cannot_be_sent_is_told_and_tried_again_next_time(ledger: Ledger) -> None:
    def refuse(_: Submission) -> None:
        raise Retryable("the mail server is away")

    with capture_logs() as logs:
        Canaries(SCHEDULE, ledger, TOKENS, refuse).tick()
    assert events(logs) == [("canary_not_sent", "error")]
