"""Attempts to write into somebody else's case (I20, H41 to H60), on a real ledger, through the real decision."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import Capabilities, CaseRef, Dedupe
from tests.fakes.rigged import RiggedCrm
from tests.steps import hijacks
from tests.steps.hijacks import ANN, ATTEMPTS, BOB, CAROL, EVE, FIRST, IN_7, MARK, NOTED, TOKENS, Attempt
from tests.steps.letters import read
from worker.authority import Trust, trust_of
from worker.conversations import TOKEN_LIFE, Continuation, correlate, link_of
from worker.ledger import Ledger, Link, MessageFacts, Planned
from worker.outcome import Delivered
from worker.settings import MailboxSettings
from worker.slot import Slot

NOTES = RiggedCrm(Capabilities(dedupe=Dedupe.NATIVE, internal_notes=True))
PLAIN = RiggedCrm()
PAGE = Path(__file__).parents[2] / "docs" / "conversations.md"
PEOPLE = {6: (ANN,), 7: (ANN, BOB), 8: (CAROL,), 9: (EVE,)}
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Four cases; that of #6 is older than a mark lives."""
    file = tmp_path / "ledger.db"
    with closing(Ledger.open(f"sqlite:///{file}")) as opened:
        for number, people in PEOPLE.items():
            ids = (FIRST[number], hijacks.ANSWER[number], MARK[number])
            _deliver(opened, Link("crm", CaseRef(str(number), f"#{number}"), ids, people), number)
        with closing(sqlite3.connect(file)) as db:
            old_s = (TOKEN_LIFE + timedelta(days=1)).total_seconds()
            db.execute("UPDATE links SET linked_at_s = linked_at_s - ? WHERE case_id = '6'", (old_s,))
            db.commit()
        yield opened


def _deliver(ledger: Ledger, link: Link, uid: int) -> None:
    key = f"{uid:040x}"
    facts = MessageFacts(
        identity=key,
        message_id=f"{uid}@x",
        author=ANN,
        subject="s",
        received_at=NOW,
        size_bytes=1,
        kind="customer",
        mailbox="support",
    )
    ledger.record(Slot("support", "INBOX", 1, uid), facts, [Planned(key, "crm", "", "", "")])
    claim = ledger.claim(key)
    assert claim
    ledger.settle(claim, Delivered(link.case), link=link)


def _trust(one: Attempt) -> Trust:
    settings = MailboxSettings(authserv_id="mx.example.com" if one.is_set else ())
    return trust_of(settings, TOKENS, {"help@example.com"})


def _where(one: Attempt, ledger: Ledger, crm: RiggedCrm) -> Continuation:
    return correlate(read(one.mail), "crm", crm, ledger, _trust(one))


def _became(found: Continuation) -> str:
    if found.case:
        return f"in case {found.case.number}" if found.public else f"a note in case {found.case.number}"
    return f"a new case that follows {found.follows.number}" if found.follows else "a new case"


@pytest.mark.parametrize("one", ATTEMPTS, ids=[one.name for one in ATTEMPTS])
def test_i20_what_an_attempt_becomes(one: Attempt, ledger: Ledger) -> None:
    assert read(one.mail).error is None
    noted, plain = _became(_where(one, ledger, NOTES)), _became(_where(one, ledger, PLAIN))
    expected = (one.became, one.became)
    if one.became.startswith("a note"):
        number = one.became[-1]
        expected = (f"a note in case #{number}", f"a new case that follows #{number}")
    assert (noted, plain) == expected, _where(one, ledger, NOTES)


REFUSED = [one for one in ATTEMPTS if not one.name.startswith("(")]


@pytest.mark.parametrize("one", REFUSED, ids=[one.name for one in REFUSED])
@pytest.mark.parametrize("crm", [NOTES, PLAIN], ids=["notes", "no notes"])
def test_i20_h46_no_attempt_opens_the_case_for_the_next_mail(one: Attempt, crm: RiggedCrm, ledger: Ledger) -> None:
    """Neither as a participant nor by a Message-ID; and Ann is not shut out, nor led into Eve's case."""
    found = _where(one, ledger, crm)
    case = found.case or CaseRef("666", "#666")
    _deliver(ledger, link_of("crm", case, read(one.mail), found, _trust(one)), 100)
    eve = Attempt("again", (hijacks.AS_EVE, hijacks.BORDER, hijacks.REPLY), NOTED)
    assert _became(_where(eve, ledger, NOTES)) in ("a note in case #7", "in case #666")
    ann = Attempt("answers", (hijacks.AS_ANN, hijacks.BORDER, hijacks.REPLY), IN_7, ANN)
    assert _became(_where(ann, ledger, NOTES)) == IN_7


def test_i11_a_message_id_used_again_suppresses_nothing(ledger: Ledger) -> None:
    """Both mails go their way: what they are is told by their content as well."""
    again = next(one for one in ATTEMPTS if one.name == "Ann's Message-ID used again")
    real = Attempt("real", (f"Message-ID: <{FIRST[7]}>",), "", ANN, body="My order 4711 is broken.")
    assert read(again.mail).message_id == read(real.mail).message_id
    assert read(again.mail).identity != read(real.mail).identity


def test_h43_nobody_guesses_a_mark(ledger: Ledger) -> None:
    rng = random.Random(7)
    guesses = " ".join(f"{rng.getrandbits(208):052x}" for _ in range(5_000))
    assert TOKENS.found_in(guesses) == ()


def test_the_page_shows_the_table() -> None:
    """``python -m tests.steps.hijacks`` prints it."""
    assert hijacks.table() in PAGE.read_text(encoding="utf-8")
    assert len(REFUSED) >= 50
