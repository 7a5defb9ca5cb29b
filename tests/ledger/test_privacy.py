"""No body, subject, name or address is in the ledger (I18; privacy: minimisation)."""

from __future__ import annotations

import re

from sqlalchemy import select

from connectors.contract import CaseRef
from tests.ledger.samples import RECEIVED, facts, slot, waiting
from worker.ledger import Ledger, Link, Planned, SlotEnd
from worker.ledger.schema import metadata
from worker.outcome import Deferred, Delivered

CANARIES = ("canaryauthor", "canarysubject", "canaryid", "canaryother", "canary.name")


def test_no_content_of_a_mail_is_written_anywhere(ledger: Ledger) -> None:
    author, other = "CanaryAuthor@customer.example", '"Canary.Name x"@customer.example'
    told = facts(author=author, subject="CanarySubject of mine", message_id="CanaryId@customer.example")
    ledger.enter(waiting(1))
    ledger.record(slot(1), told, [Planned("k1", "crm", "", "billing", f"sender {author} and {other} did not match")])
    claim = ledger.claim("k1")
    assert claim
    ledger.settle(claim, Deferred(0, f"422: requester <{author}> is suspended"))
    claim = ledger.claim("k1")
    assert claim
    link = Link("crm", CaseRef("1", "C-1"), ("CanaryId@customer.example",), (author, "canaryother@customer.example"))
    ledger.settle(claim, Delivered(link.case, f"found for {author}"), link=link)
    ledger.conclude([SlotEnd(slot(1), "deferred", 5, f"later for {author}")])
    ledger.hold_unrouted(slot(2), None, "u1", f"no route for {author}")
    ledger.pause("crm", "", 30, f"unknown user {author}")
    ledger.acquire("support")
    dump = dumped(ledger)
    assert "…@customer.example" in dump
    for canary in CANARIES:
        assert canary not in dump.casefold()
    assert ledger.hash_of(author) in dump
    assert str(RECEIVED.timestamp()) in dump


def test_hashes_of_two_ledgers_cannot_be_compared(ledger: Ledger) -> None:
    assert re.fullmatch("[0-9a-f]{32}", ledger.hash_of("ann@example.com"))
    other = Ledger(ledger._engines, "b", {"pepper": "00" * 32, "born_at_s": "0"})
    assert other.hash_of("ann@example.com") != ledger.hash_of("ann@example.com")


def dumped(ledger: Ledger) -> str:
    """Every value of every table."""
    with ledger._engines.reader.connect() as connection:
        return "\n".join(str(row) for table in metadata.sorted_tables for row in connection.execute(select(table)))
