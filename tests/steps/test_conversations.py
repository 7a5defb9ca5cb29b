"""Which case a message continues, and who may write into it: on a real ledger."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connectors.contract import Capabilities, CaseRef, ConnectorError, Dedupe, Retryable
from connectors.desk import Desk
from tests.fakes.rigged import RiggedCrm
from tests.steps.letters import HEADER, multipart, read, source
from worker.authority import Trust, trust_of
from worker.compose import compose
from worker.conversations import Continuation, correlate, ids_of, link_of, participants_of
from worker.ledger import Ledger, Link, MessageFacts, Planned
from worker.message import InboundMessage
from worker.outcome import Delivered, Held
from worker.settings import MailboxSettings
from worker.slot import Slot
from worker.tokens import Tokens

NOW = datetime(2026, 11, 21, tzinfo=UTC)
CASE = CaseRef("7", "#7")
PARENT = "parent@example.com"
NOTES = Capabilities(dedupe=Dedupe.NATIVE, internal_notes=True)
PASSES = "Authentication-Results: mx.example.com; dmarc=pass header.from=example.com\r\n"
REMEMBERS = Capabilities(dedupe=Dedupe.NATIVE, correlates=True)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger.open(f"sqlite:///{tmp_path}/ledger.db")) as opened:
        yield opened


def _message(author: str = "ann@example.com", fields: str = "", body: str = "Hello") -> InboundMessage:
    head = f"From: {author}\r\nTo: help@example.com\r\nSubject: Order\r\nMessage-ID: <m1@example.com>\r\n"
    return read(f"{fields}{head}\r\n{body}\r\n".encode())


def _reply(author: str = "ann@example.com", references: str = "", fields: str = "") -> InboundMessage:
    return _message(author, f"{fields}In-Reply-To: <{PARENT}>\r\nReferences: {references}\r\n")


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
    fields = "In-Reply-To: <c@x> <m1@example.com>\r\nReferences: <a@x> <b@x> <c@x> <m1@example.com>\r\n"
    assert ids_of(_message(fields=fields)) == ("c@x", "b@x", "a@x")


class TestWhoTakesPart:
    """What is remembered of a message that became, or joined, a case."""

    FIELDS = 'Cc: Bob <bob@x.example>, "nobody" <>, ann@example.com\r\nReply-To: home@x.example\r\n'
    OURS = Trust(own_addresses={"help@example.com"}, tokens=Tokens(b"secret"))

    def people(self, continuation: Continuation, trust: Trust = OURS, **kind: str) -> set[str]:
        return set(link_of("crm", CASE, _message(fields=self.FIELDS, **kind), continuation, trust).participants)

    def test_whom_the_opening_message_names_but_not_ourselves(self) -> None:
        assert self.people(Continuation()) == {"ann@example.com", "home@x.example", "bob@x.example"}

    def test_h46_one_who_is_not_vouched_for_brings_nobody(self) -> None:
        assert self.people(Continuation(case=CASE, admits=False)) == {"ann@example.com"}

    def test_i20_a_stranger_does_not_come_to_take_part_by_writing(self) -> None:
        assert self.people(Continuation(case=CASE, public=False, admits=False)) == set()
        assert self.people(Continuation(case=CaseRef("6", "#6"), public=False, admits=False)) == {"ann@example.com"}

    def test_h59_we_take_no_part_with_or_without_a_detail(self) -> None:
        assert self.people(Continuation(admits=False), author="Help+x@example.com") == set()
        assert participants_of(_message(fields="Cc: help+id7@Example.com\r\n"), self.OURS) == ("ann@example.com",)

    def test_h54_mail_does_not_take_an_id_of_ours_over(self) -> None:
        assert link_of("crm", CASE, _message(), Continuation(), self.OURS).message_ids == ("m1@example.com",)
        forged = f"{Tokens(b'secret').mint('x')}.reply@example.com"
        message = read(HEADER.replace(b"m1@example.com", forged.encode()) + b"\r\nx\r\n")
        assert message.message_id == forged
        assert link_of("crm", CASE, message, Continuation(), self.OURS).message_ids == ()


def test_a_message_that_answers_nothing_starts_a_conversation(ledger: Ledger) -> None:
    assert _where(_message(), ledger) == Continuation()
    assert _where(_message(fields="In-Reply-To: <>\r\nReferences: < > (none) x\r\n"), ledger) == Continuation()


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
    assert _where(_reply("<>"), ledger).follows == CASE


def test_h56_a_known_subject_is_no_conversation(ledger: Ledger) -> None:
    _known(ledger, "ann@example.com")
    assert _where(_message(fields=f"Subject: Re: Order [#7] {PARENT}\r\n"), ledger).case is None


def test_the_nearest_message_decides_between_cases(ledger: Ledger) -> None:
    _known(ledger, "ann@example.com", message_id="old@x", key="b" * 40, case=CaseRef("1", "#1"))
    _known(ledger, "ann@example.com")
    assert _where(_reply(references=f"<old@x> <{PARENT}>"), ledger).case == CASE


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
    monkeypatch.setattr("worker.conversations.deciding.PARENT_PATIENCE_S", 0.0)
    assert _where(_reply(), ledger).why == "answers a message we do not know"


def test_self_contradicting_evidence_goes_where_the_author_may_write_and_says_so(ledger: Ledger) -> None:
    """The nearest decides among those; a case of others is never chosen before one's own."""
    other = CaseRef("1", "#1")
    _known(ledger, "bob@example.com")
    _known(ledger, "ann@example.com", message_id="old@x", key="b" * 40, case=other)
    found = _where(_reply(references="<old@x>"), ledger)
    assert (found.case, found.public) == (other, True)
    assert "1 further case spoke against it" in found.why
    assert found.evidence == ("References: case #1", "In-Reply-To: case #7")
    assert _where(_reply("bob@example.com", references="<old@x>"), ledger).case == CASE


def test_h54_whoever_uses_a_message_id_again_does_not_take_the_conversation_over(ledger: Ledger) -> None:
    _known(ledger, "ann@example.com")
    _known(ledger, "eve@evil.example", "ann@example.com", key="b" * 40, case=CaseRef("666", "#666"))
    assert _where(_reply(), ledger).case == CASE


def test_hints_are_told_and_never_followed(ledger: Ledger) -> None:
    _known(ledger, "ann@example.com")
    fields = (
        "Thread-Index: AdQ1xk2b0sHqk5cXRZ2xqvQmYl3Ncg==\r\nCc: support+id1G7EOR-0Q2J@corp.zendesk.com\r\n"
        "Subject: Re: [PROJ-7] case #7 ref:_00D50aBcd._50050xyz:ref\r\n"
    )
    found = _where(_message(fields=fields, body="thread::aBcDeFgHiJkLmNoP-q::\n[1G7EOR-0Q2J]"), ledger)
    assert found.case is None
    for name in ("Thread-Index", "Zendesk's address", "Salesforce's old mark", "Salesforce's mark", "an issue's key"):
        assert any(one.startswith(name) and one.endswith("(hint)") for one in found.evidence), name


class TestMarks:
    """Our signed mark, which an automatic answer carries in its Message-ID, Reply-To, or where the template puts it."""

    TOKENS = Tokens(b"secret")
    MARK = TOKENS.mint("the answer to m0")
    TRUST = Trust(tokens=TOKENS, authserv_ids=("mx.example.com",), lenient=False)
    PLACES: ClassVar = {
        "the recipient's address": f"Cc: help+{MARK}@example.com\r\n",
        "Delivered-To": f"Delivered-To: help+{MARK.upper()}@example.com\r\n",
        "the subject": f"Subject: Re: Order [ref:{MARK}]\r\n",
        "Reply-To": f"Reply-To: help+{MARK}@example.com\r\n",
        "In-Reply-To": f"In-Reply-To: <{MARK}.reply@rewritten.example>\r\n",
        "References": f"References: <{MARK}.reply@rewritten.example> <x@x>\r\n",
    }

    @pytest.fixture(autouse=True)
    def linked(self, ledger: Ledger) -> None:
        _known(ledger, "ann@example.com", message_id=self.MARK)

    def where(self, message: InboundMessage, ledger: Ledger) -> Continuation:
        return correlate(message, "crm", RiggedCrm(), ledger, self.TRUST)

    @pytest.mark.parametrize("place", PLACES)
    def test_a_mark_leads_a_participant_to_his_case(self, place: str, ledger: Ledger) -> None:
        fields = self.PLACES[place].replace("Subject", "X-Subject")
        message = _message(fields=fields)
        if place == "the subject":
            message = read(HEADER.replace(b"Order", f"Order [ref:{self.MARK}]".encode()) + b"\r\nHello\r\n")
        found = self.where(message, ledger)
        assert (found.case, found.public, found.admits) == (CASE, True, True)
        assert f"our mark in {place}" in found.why

    def test_in_the_text_and_in_an_attached_mail(self, ledger: Ledger) -> None:
        assert self.where(_message(body=f"> see {self.MARK}\r\n"), ledger).case == CASE
        inner = f"Content-Type: message/rfc822\r\n\r\nMessage-ID: <{self.MARK}.reply@example.com>\r\n\r\nx\r\n"
        assert self.where(read(multipart(inner.encode())), ledger).case == CASE

    def test_one_that_is_not_ours_leads_nowhere(self, ledger: Ledger) -> None:
        forged = self.MARK[:-1] + ("0" if self.MARK[-1] != "0" else "1")
        assert self.where(_message(body=forged), ledger) == Continuation()
        assert self.where(_message(body=Tokens(b"other").mint("the answer to m0")), ledger) == Continuation()

    def test_h45_an_expired_one_is_no_authority(self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("worker.conversations.deciding.TOKEN_LIFE", timedelta(0))
        found = self.where(_message(body=self.MARK), ledger)
        assert (found.case, found.follows) == (None, CASE)
        assert "expired" in found.why
        assert self.where(_message(body=self.MARK, fields=PASSES), ledger).case == CASE


class TestAuthentication:
    """What the border says of the author decides, whatever his address (section 4.3)."""

    STRICT = Trust(authserv_ids=("mx.example.com",), lenient=False)
    FAILS = "Authentication-Results: mx.example.com; dmarc=fail\r\n"

    def where(self, ledger: Ledger, fields: str, trust: Trust) -> Continuation:
        _known(ledger, "ann@example.com")
        return correlate(_reply(fields=fields), "crm", RiggedCrm(), ledger, trust)

    def test_h41_an_author_who_passes_is_believed_and_brings_others(self, ledger: Ledger) -> None:
        found = self.where(ledger, PASSES, self.STRICT)
        assert (found.case, found.admits) == (CASE, True)

    @pytest.mark.parametrize("lenient", [True, False])
    def test_h41_one_who_fails_is_not_believed_whatever_the_setting(self, lenient: bool, ledger: Ledger) -> None:
        found = self.where(ledger, self.FAILS, dataclasses.replace(self.STRICT, lenient=lenient))
        assert (found.case, found.follows, found.admits) == (None, CASE, False)
        assert "DMARC says fail" in found.why

    @pytest.mark.parametrize(("lenient", "case"), [(True, CASE), (False, None)])
    def test_the_setting_decides_when_the_border_says_nothing(
        self, lenient: bool, case: CaseRef | None, ledger: Ledger
    ) -> None:
        found = self.where(ledger, "", dataclasses.replace(self.STRICT, lenient=lenient))
        assert found.case == case
        assert not (found.case and found.admits)

    def test_h48_a_mail_that_did_not_pass_the_named_border_proves_nothing(self, ledger: Ledger) -> None:
        trust = dataclasses.replace(self.STRICT, trusted_border=("mx.example.com",), below=True)
        assert self.where(ledger, "Received: by mx.example.com\r\n" + PASSES, trust).case == CASE
        forged = _reply(fields="Received: by inner.example\r\n" + PASSES)
        assert correlate(forged, "crm", RiggedCrm(), ledger, trust).case is None
        assert "did not pass the trusted border" in correlate(forged, "crm", RiggedCrm(), ledger, trust).why

    @pytest.mark.parametrize(
        ("settings", "lenient"),
        [
            ({}, True),
            ({"authserv_id": "mx.example.com"}, False),
            ({"authserv_id": ("mx.example.com",), "unauthenticated": "participant"}, True),
            ({"unauthenticated": "stranger"}, False),
        ],
    )
    def test_as_the_settings_have_it(self, settings: dict[str, Any], lenient: bool) -> None:
        trust = trust_of(MailboxSettings(**settings), None, ())
        assert trust.lenient is lenient
        assert trust.authserv_ids == (("mx.example.com",) if "authserv_id" in settings else ())


class _Remembers(RiggedCrm):
    """A CRM that keeps Message-IDs with its cases, or cannot be asked."""

    def __init__(self, answer: CaseRef | ConnectorError | None, part: bool | None = True) -> None:
        super().__init__(REMEMBERS)
        self.answer, self.part = answer, part
        self.asked: Sequence[str] = ()

    def correlate(self, message_ids: Sequence[str]) -> CaseRef | None:
        self.asked = message_ids
        if isinstance(self.answer, ConnectorError):
            raise self.answer
        return self.answer

    def takes_part(self, case: CaseRef, address: str) -> bool | None:
        assert (case, address) == (CASE, "ann@example.com")
        return self.part


def test_i6_the_crm_may_know_what_a_lost_ledger_forgot(ledger: Ledger) -> None:
    crm = _Remembers(CASE)
    assert _where(_reply(references=f"<old@x> <{PARENT}>"), ledger, crm).case == CASE
    # The connector's promise: the last one wins.
    assert crm.asked == ("old@x", PARENT)


def test_a_crm_that_does_not_know_either_gets_a_new_case(ledger: Ledger) -> None:
    found = _where(_reply(), ledger, _Remembers(None))
    assert (found.case, found.follows, found.error) == (None, None, None)


def test_a_crm_that_cannot_be_asked_is_no_answer(ledger: Ledger) -> None:
    """Else a second case would be opened because of a moment's trouble."""
    assert isinstance(_where(_reply(), ledger, _Remembers(Retryable("busy"))).error, Retryable)


@pytest.mark.parametrize("part", [False, None])
def test_i6_i20_who_is_not_known_to_take_part_is_not_let_in_because_the_ledger_was_lost(
    part: bool | None, ledger: Ledger
) -> None:
    found = _where(_reply(), ledger, _Remembers(CASE, part))
    assert (found.case, found.follows) == (None, CASE)


def test_i6_the_desk_can_tell_who_takes_part(tmp_path: Path, ledger: Ledger) -> None:
    """With the ledger lost its own participants are let in, and others are not."""
    desk = Desk(path=str(tmp_path / "desk"))
    try:
        opening = read(HEADER.replace(b"m1@example.com", PARENT.encode()) + b"\r\nHello\r\n")
        case = desk.create(compose(opening, source(b"x"), "a" * 40, "help@example.com", {}))
        found = [correlate(_reply(who), "crm", desk, ledger) for who in ("ANN@example.com", "eve@evil.example")]
    finally:
        desk.close()
    assert [(one.case, one.public) for one in found] == [(case, True), (case, False)]
