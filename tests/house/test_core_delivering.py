"""One delivery among several: also-connectors, conversations, doubts about time, and who holds an attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.contract import (
    Capabilities,
    CaseRef,
    Dedupe,
    InDoubt,
    Rejected,
    Retryable,
    Throttled,
    Unusable,
)
from tests.fakes.rigged import RiggedCrm, Script
from tests.house.core import Build, mail
from worker.outcome import Delivered
from worker.settings import Route
from worker.slot import Waiting

BOTH = (Route(address="*", connector="crm", also=("archive",)),)


@pytest.mark.parametrize("error", [Throttled("slow", 60.0), Retryable("busy"), InDoubt("cut"), Rejected("bad field")])
def test_also_with_one_of_two_down_neither_loses_nor_doubles(core: Build, error: Exception) -> None:
    """What one has is not sent to it again; the message is marked when both have it, and not before (I2)."""
    archive = RiggedCrm(script=[Script(error)])
    one = core(crms={"crm": RiggedCrm(), "archive": archive}, routes=BOTH, lanes=1)
    one.receive(mail(1))
    one.poll()
    assert (len(one.crm.entries), len(archive.entries), one.marked()) == (1, 0, 0)
    one.end_pauses()
    one.house.ledger.retry([row.key for row in one.house.ledger.held()])
    one.make_due()
    one.poll()
    assert (len(one.crm.entries), len(archive.entries), one.marked()) == (1, 1, 1)


def test_also_discarded_by_a_person_leaves_with_the_other_one(core: Build) -> None:
    archive = RiggedCrm(script=[Script(Rejected("bad field"))])
    one = core(crms={"crm": RiggedCrm(), "archive": archive}, routes=BOTH)
    one.receive(mail(1))
    one.poll()
    assert one.house.ledger.discard(one.house.ledger.held()[0].key)
    assert one.poll().acknowledged == 1
    assert one.marked() == 1


def test_i22_a_reply_to_what_waits_for_a_dead_crm_joins_its_case(core: Build) -> None:
    crm = RiggedCrm(script=[Script(Unusable("no scope"))])
    one = core(crms={"crm": crm})
    one.receive(mail(1), mail(2, In_Reply_To="<m1@customer.example>"))
    one.poll()
    one.end_pauses()
    one.make_due()
    one.poll()
    assert [(entry.delivery.subject, entry.appended) for entry in crm.entries] == [("Mail 1", False), ("Mail 2", True)]


def test_a_mail_that_names_itself_as_its_parent_does_not_wait_for_itself(core: Build) -> None:
    one = core()
    one.receive(mail(1, References="<m1@customer.example>"))
    assert one.poll().delivered == 1


def test_i20_a_stranger_does_not_become_a_participant_by_writing(core: Build) -> None:
    """His first mail is for agents' eyes only, and so is his second."""
    crm = RiggedCrm(Capabilities(dedupe=Dedupe.NATIVE, internal_notes=True))
    one = core(crms={"crm": crm}, lanes=1)
    one.receive(mail(1))
    one.poll()
    for number in (2, 3):
        one.receive(mail(number, sender="eve@evil.example", In_Reply_To="<m1@customer.example>"))
        one.poll()
    one.receive(mail(4, In_Reply_To="<m2@customer.example>"))
    one.poll()
    assert [(entry.case.id, entry.delivery.public) for entry in crm.entries] == [
        ("1", True),
        ("1", False),
        ("1", False),
        ("1", True),
    ]


def test_m32_a_date_in_the_future_is_no_proof_of_youth(core: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail server's clock is wrong and the ledger was lost: a CRM that only searches is asked first."""
    crm = RiggedCrm(Capabilities(dedupe=Dedupe.SEARCH))
    one = core(crms={"crm": crm})
    one.receive(mail(1))
    one.poll()
    other, mailbox = one.another("other.db"), one.reach(processed="keyword:Other")
    real = mailbox.describe

    def from_the_future(uids: Sequence[int]) -> tuple[Waiting, ...]:
        return tuple(replace(one, received_at=one.received_at + timedelta(days=9000)) for one in real(uids))

    monkeypatch.setattr(mailbox, "describe", from_the_future)
    one.poll(mailbox, other)
    assert crm.calls[-1] == "find"
    assert len(crm.entries) == 1


def test_a_large_file_makes_the_attempt_ours_for_longer(core: Build) -> None:
    """100 kB/s is a rate we put up with: 12 MB may take two minutes more."""
    left: list[float] = []
    one = core()

    def look(_: object) -> None:
        left.extend(row.due_in_s for row in one.house.ledger.deliveries_in("delivering"))

    one.crm.before_write = look
    body = "QUJD" * (4 << 20)
    attached = mail(
        1, MIME_Version="1.0", Content_Type="application/pdf; name=a.pdf", Content_Transfer_Encoding="base64"
    )
    one.receive(attached.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body.encode() + b"\r\n")
    assert one.poll().delivered == 1
    assert left[0] > 220


def test_a_zombie_says_what_the_new_holder_made_of_it(core: Build) -> None:
    """P6: the CRM refused a worker whose time was up, and took it from the next: the message is not held for ever."""
    one = core()
    one.receive(mail(1))

    def taken_over(delivery: object) -> None:
        ledger, key = one.house.ledger, str(getattr(delivery, "key", ""))
        one.crm.before_write = lambda _: None
        with ledger._engines.writer.begin() as connection:
            connection.exec_driver_sql("UPDATE deliveries SET lease_until_s = 0")
        claim = ledger.claim(key)
        assert claim
        ledger.settle(claim, Delivered(CaseRef("7", "7")))
        raise Rejected("too late")

    one.crm.before_write = taken_over
    tally = one.poll()
    assert (tally.delivered, tally.held) == (1, 0)
    assert one.marked() == 1
