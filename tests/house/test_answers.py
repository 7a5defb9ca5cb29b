"""The automatic answer within a whole poll: to people, once, whatever is cut short (I5, architecture step 9)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from tests.fakes.smtp_sink import SmtpSink
from tests.house.installation import Operator, mail


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    made = SmtpSink().start()
    yield made
    made.stop()


@pytest.fixture
def operator(tmp_path: Path, sink: SmtpSink) -> Operator:
    """An installation whose one route answers."""
    (tmp_path / "welcome.txt").write_text("Subject: We have it\n\nCase {{ case.number }} is about {{ subject }}.\n")
    return Operator(
        tmp_path,
        routes=[{"address": "*", "connector": "crm", "reply": "welcome"}],
        sections={
            "replies.welcome": {"from": "Help <help@example.com>", "text": str(tmp_path / "welcome.txt")},
            "smtp": {"url": sink.url},
        },
    )


def fresh(subject: str, **headers: str) -> bytes:
    """A mail of today: what is older than a day is not answered."""
    today = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
    return mail(subject, **headers).replace(b"Fri, 20 Nov 2026 10:00:00 +0000", today.encode())


def test_i5_a_customer_is_answered_once(operator: Operator, sink: SmtpSink) -> None:
    operator.receive(fresh("Broken lamp"))
    assert operator.types("once").code == 0
    assert operator.types("once").code == 0
    (sent,) = sink.messages
    letter = message_from_bytes(sent.content, policy=default)
    assert (sent.sender, sent.recipients) == ("", ("ann@customer.example",))
    assert letter["In-Reply-To"] == "<Broken-lamp@customer.example>"
    assert letter["Auto-Submitted"] == "auto-replied"
    assert "is about Broken lamp" in letter.get_content()


def test_i5_machines_and_old_mail_get_no_answer(operator: Operator, sink: SmtpSink) -> None:
    operator.receive(fresh("Away", Auto_Submitted="auto-replied"), mail("From long ago"))
    assert operator.types("once").code == 0
    assert sink.messages == []


def test_i6_with_the_ledger_lost_nobody_is_answered_twice(operator: Operator, sink: SmtpSink) -> None:
    """The case is found by its key, and whoever made it may have answered."""
    raw = fresh("Broken lamp")
    operator.receive(raw)
    assert operator.types("once").code == 0
    for file in operator.folder.glob("ledger.db*"):
        file.unlink()
    operator.receive(raw)
    assert operator.types("once").code == 0
    assert len(sink.messages) == 1


def test_s_a_dead_mail_server_costs_no_case(operator: Operator, sink: SmtpSink) -> None:
    sink.stop()
    operator.receive(fresh("Broken lamp"))
    assert operator.types("once").code == 0


def test_check_tells_of_the_answers(operator: Operator, sink: SmtpSink) -> None:
    facts = [one["fact"] for one in operator.asks("check")["findings"] if one["where"] == "replies"]
    assert facts == ["replies.welcome can be sent (en)", "the mail server for automatic answers lets us in"]
    (operator.folder / "welcome.txt").write_text("{{ nobody.knows() }}")
    told = [one for one in operator.asks("check")["findings"] if one["severity"] == "warning"]
    assert "replies.welcome is not sent" in told[0]["fact"]
