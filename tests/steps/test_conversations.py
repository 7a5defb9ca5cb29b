"""Which case a message continues, and who may write into it: on a real ledger."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.contract import Capabilities, CaseRef, ConnectorError, Dedupe, Person, Retryable
from tests.fakes.rigged import RiggedCrm
from tests.steps.letters import HEADER, read
from worker.conversations import Continuation, correlate, ids_of, participants_of
from worker.ledger import Ledger, Link, MessageFacts, Planned
from worker.message import InboundMessage
from worker.outcome import Delivered, Held
from worker.slot import Slot

NOW = datetime(2026, 11, 21, tzinfo=UTC)
CASE = CaseRef("7", "#7")
PARENT = "parent@example.com"
NOTES = Capabilities(dedupe=Dedupe.NATIVE, internal_notes=True)
REMEMBERS = Capabilities(dedupe=Dedupe.NATIVE, correlates=True)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger.open(f"sqlite:///{tmp_path}/ledger.db")) as opened:
        yield opened


def _message(**changes: object) -> InboundMessage:
    return dataclasses.replace(read(HEADER + b"\r\nHello\r\n"), **changes)  # type: ignore[arg-type]


def _reply(author: str = "ann@example.com", **changes: object) -> InboundMessage:
    return _message(author=Person("", author), in_reply_to=(PARENT,), **changes)


def _known(ledger: Ledger, *people: str, message_id: str = PARENT, key: str = "a" * 40, case: CaseRef = CASE) -> None:
    _record(ledger, message_id, key)
    claim = ledger.claim(key)
    assert claim is not None
    ledger.settle(claim, Delivered(case), link=Link("crm", case, (message_id,), people))


def _record(ledger: Ledger, message_id: str = PARENT, key: str = "a" * 40) -> None:
    facts = MessageFacts(
        identity=key,
        message_id=message_id,
        author="ann@example.com",
        subject="s",
        received_at=NOW,
        size_bytes=1,
        kind="customer",
        mailbox="support",
    )
    ledger.record(Slot("support", "INBOX", 1, 1), facts, [Planned(key, "crm", "", "", "")])


def _where(message: InboundMessage, ledger: Ledger, crm: RiggedCrm | None = None) -> Continuation:
    return correlate(message, "crm", crm or RiggedCrm(), ledger)


def test_ids_are_the_nearest_first_each_once_and_never_its_own() -> None:
    message = _message(message_id="own@x", in_reply_to=("c@x", "own@x"), references=("a@x", "b@x", "c@x", "own@x"))
    assert ids_of(message) == ("c@x", "b@x", "a@x")


def test_everyone_who_is_named_takes_part_and_nobody_without_an_address() -> None:
    ann, bob, help_ = Person("Ann", "ann@x"), Person("", "bob@x"), Person("", "help@x")
    message = _message(author=ann, reply_to=(bob,), to=(help_, Person("Nobody", "")), cc=(ann,))
    assert participants_of(message) == ("ann@x", "bob@x", "help@x")


def test_a_message_that_answers_nothing_starts_a_conversation(ledger: Ledger) -> None:
    assert _where(_message(), ledger) == Continuation()


def test_i20_a_participant_continues_the_case_whatever_the_spelling(ledger: Ledger) -> None:
    _known(ledger, "ann@example.com")
    found = _where(_reply("Ann@Example.COM"), ledger)
    assert (found.case, found.public, found.follows) == (CASE, True, None)


def test_i20_h45_a_stranger_gets_a_linked_case(ledger: Ledger) -> None:
    _known(ledger, "ann@example.com")
    found = _where(_reply("eve@evil.example"), ledger)
    assert (found.case, found.follows) == (None, CASE)
    assert "takes no part" in found.why


def test_i20_h45_a_stranger_writes_for_agents_eyes_only_where_that_can_be(ledger: Ledger) -> None:
    _known(ledger, "ann@example.com")
    found = _where(_reply("eve@evil.example"), ledger, RiggedCrm(NOTES))
    assert (found.case, found.public, found.follows) == (CASE, False, None)


def test_i20_nobody_is_a_participant_without_an_address(ledger: Ledger) -> None:
    _known(ledger, "")
    assert _where(_reply(""), ledger).follows == CASE


def test_h56_a_known_subject_is_no_conversation(ledger: Ledger) -> None:
    _known(ledger, "ann@example.com")
    assert _where(_message(subject=f"Re: Order [#7] {PARENT}"), ledger).case is None


def test_the_nearest_message_decides_between_cases(ledger: Ledger) -> None:
    _known(ledger, "ann@example.com", message_id="old@x", key="b" * 40, case=CaseRef("1", "#1"))
    _known(ledger, "ann@example.com")
    assert _where(_reply(references=("old@x", PARENT)), ledger).case == CASE


def test_another_connectors_conversation_is_not_ours(ledger: Ledger) -> None:
    _known(ledger, "ann@example.com")
    assert correlate(_reply(), "archive", RiggedCrm(), ledger).case is None


def test_i22_a_reply_waits_for_a_parent_that_is_on_its_way(ledger: Ledger) -> None:
    _record(ledger)
    assert _where(_reply(), ledger).wait_for


def test_i22_it_does_not_wait_for_a_parent_that_is_held(ledger: Ledger) -> None:
    _record(ledger)
    claim = ledger.claim("a" * 40)
    assert claim is not None
    ledger.settle(claim, Held("rejected"))
    assert not _where(_reply(), ledger).wait_for


def test_i22_it_does_not_wait_for_ever(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    _record(ledger)
    monkeypatch.setattr("worker.conversations.PARENT_PATIENCE_S", 0.0)
    assert _where(_reply(), ledger) == Continuation(why="answers a message we do not know")


class _Remembers(RiggedCrm):
    """A CRM that keeps Message-IDs with its cases, or cannot be asked."""

    def __init__(self, answer: CaseRef | ConnectorError | None) -> None:
        super().__init__(REMEMBERS)
        self.answer = answer
        self.asked: Sequence[str] = ()

    def correlate(self, message_ids: Sequence[str]) -> CaseRef | None:
        self.asked = message_ids
        if isinstance(self.answer, ConnectorError):
            raise self.answer
        return self.answer


def test_i6_the_crm_may_know_what_a_lost_ledger_forgot(ledger: Ledger) -> None:
    crm = _Remembers(CASE)
    assert _where(_reply(references=("old@x", PARENT)), ledger, crm).case == CASE
    # The connector's promise: the last one wins.
    assert crm.asked == ("old@x", PARENT)


def test_a_crm_that_does_not_know_either_gets_a_new_case(ledger: Ledger) -> None:
    found = _where(_reply(), ledger, _Remembers(None))
    assert (found.case, found.follows, found.error) == (None, None, None)


def test_a_crm_that_cannot_be_asked_is_no_answer(ledger: Ledger) -> None:
    """Else a second case would be opened because of a moment's trouble."""
    assert isinstance(_where(_reply(), ledger, _Remembers(Retryable("busy"))).error, Retryable)
