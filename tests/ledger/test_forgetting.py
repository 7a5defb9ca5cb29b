"""Retention and erasure: nothing unfinished is lost, nothing of a person is left, nothing is doubled for it (I6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from connectors.contract import CaseRef
from tests.ledger.conftest import Open
from tests.ledger.samples import CASE, FOLDER, MAILBOX, VALIDITY, digest, facts, key, link, routed, slot
from tests.ledger.test_privacy import dumped
from worker.ledger import EscalationAsk, Ledger, Link, ReplyAsk, ReplyLimits, SlotEnd
from worker.outcome import Delivered

YEAR_S = 366 * 24 * 3600.0
ANN = "one@customer.example"
LIMITS = ReplyLimits(recipient=3, domain=30, case=1, total=1000)


def delivered(ledger: Ledger, name: str = "one", uid: int = 1, case: CaseRef = CASE) -> str:
    """From its arrival to its leaving the folder."""
    made = routed(ledger, name, uid)
    claim = ledger.claim(made)
    assert claim
    ledger.settle(claim, Delivered(case), link=link(name, case))
    ledger.conclude([SlotEnd(slot(uid), "finished", None, "")])
    ledger.forget([slot(uid)])
    return made


def answered(ledger: Ledger, name: str = "one", case: CaseRef = CASE) -> None:
    ask = ReplyAsk(
        key=digest(f"reply {name}"),
        identity=digest(name),
        template="billing",
        connector="crm",
        case=case,
        recipient=f"{name}@customer.example",
        message_ids=(f"token-{name}.reply@ours.example", f"token-{name}"),
    )
    grant = ledger.begin_reply(ask, LIMITS)
    ledger.end_reply(ask.key, grant.call, "sent")


def age(ledger: Ledger, seconds: float = YEAR_S) -> None:
    """Time passes."""
    columns = {
        "messages": ("first_seen_s", "received_at_s"),
        "deliveries": ("first_seen_s", "changed_at_s"),
        "events": ("at_s",),
        "links": ("linked_at_s",),
        "replies": ("at_s", "changed_at_s"),
        "escalations": ("at_s", "changed_at_s"),
        "slots": ("first_seen_s",),
    }
    with ledger._engines.writer.begin() as connection:
        for table, names in columns.items():
            changes = ", ".join(f"{name} = {name} - {seconds}" for name in names)
            connection.execute(text(f"UPDATE {table} SET {changes}"))


def rows(ledger: Ledger, table: str) -> int:
    with ledger._engines.reader.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def forget_all(ledger: Ledger, days: float = 365) -> int:
    return sum(iter(lambda: ledger.forget_old(days), 0))


PERSONAL = ("messages", "deliveries", "events", "links", "participants", "replies", "escalations")


def test_what_is_finished_and_old_is_forgotten_whole(ledger: Ledger) -> None:
    delivered(ledger)
    answered(ledger)
    ledger.watch("crm", [], [])
    assert all(rows(ledger, table) for table in PERSONAL[:-1])
    assert forget_all(ledger) == 0
    age(ledger)
    assert forget_all(ledger) > 0
    assert {table: rows(ledger, table) for table in PERSONAL} == dict.fromkeys(PERSONAL, 0)


def test_what_is_young_stays_though_older_mail_goes(ledger: Ledger) -> None:
    delivered(ledger, "one", 1)
    age(ledger)
    young = delivered(ledger, "two", 2)
    forget_all(ledger)
    assert set(ledger.state([key(), young])) == {young}
    assert [known.case for known in ledger.conversation("crm", ["two@example.com"])] == [CASE]
    assert ledger.conversation("crm", ["one@example.com"]) == []
    # The case lives on, and so does everybody's part in it.
    assert ledger.is_participant("crm", CASE.id, ANN)


def test_what_is_unfinished_or_still_in_its_folder_is_kept_however_old(ledger: Ledger) -> None:
    waits = routed(ledger, "one", 1)
    lies = routed(ledger, "two", 2)
    claim = ledger.claim(lies)
    assert claim
    ledger.settle(claim, Delivered(CASE), link=link("two"))
    ledger.conclude([SlotEnd(slot(2), "finished", None, "")])
    age(ledger)
    forget_all(ledger)
    assert set(ledger.state([waits, lies])) == {waits, lies}
    assert ledger.agenda(MAILBOX, FOLDER, VALIDITY, []).finished == (2,)


def test_an_operators_word_holds_as_long_as_the_mail_waits(ledger: Ledger) -> None:
    made = routed(ledger)
    ledger.retry([made])
    age(ledger)
    forget_all(ledger)
    assert ledger.released(made)


def test_a_message_that_was_never_read_is_forgotten_once_discarded(ledger: Ledger) -> None:
    ledger.hold_unrouted(slot(), None, "u1", "too large")
    age(ledger)
    forget_all(ledger)
    assert ledger.held()
    ledger.discard("u1")
    ledger.forget([slot()])
    age(ledger)
    forget_all(ledger)
    assert rows(ledger, "deliveries") == 0


def test_i6_forgotten_mail_counts_as_older_than_the_ledger(opened: Open) -> None:
    """So the CRM is asked for its key before a case is made; in every worker, and after a restart."""
    ledger, other = opened("a"), opened("b")
    delivered(ledger)
    received = datetime.now(UTC) - timedelta(days=30)
    assert ledger.born_at > received
    with ledger._engines.writer.begin() as connection:
        connection.execute(text("UPDATE meta SET value = '0.0' WHERE name = 'born_at_s'"))
    ledger, other = opened("a"), opened("b")
    assert ledger.born_at < received
    age(ledger, 30 * 24 * 3600.0)
    assert ledger.forget_old(20)
    assert ledger.born_at > received
    other.forget_old(20)
    assert other.born_at >= ledger.born_at - timedelta(seconds=1)
    assert opened("c").born_at >= ledger.born_at - timedelta(seconds=1)


def test_batches_are_small_and_end(ledger: Ledger) -> None:
    for number in range(60):
        delivered(ledger, f"m{number}", number + 1, CaseRef(str(number), f"C-{number}"))
    age(ledger)
    rounds = list(iter(lambda: ledger.forget_old(365), 0))
    assert 1 < len(rounds) < 10
    assert rows(ledger, "deliveries") == rows(ledger, "links") == rows(ledger, "events") == 0


def test_an_escalation_is_remembered_as_long_as_its_case_waits(ledger: Ledger) -> None:
    from tests.ledger.test_escalations import STATE

    ledger.watch("crm", [STATE], [])
    (case,) = ledger.waiting_cases("crm")
    wanted = EscalationAsk(key("esc"), case, "escalations[1]", provable=True)
    grant = ledger.begin_escalation(wanted)
    assert grant
    ledger.end_escalation(wanted.key, grant, "applied", "")
    age(ledger)
    forget_all(ledger)
    assert ledger.begin_escalation(wanted) is None
    ledger.forget_waiting("crm", CASE.id)
    forget_all(ledger)
    assert rows(ledger, "escalations") == 0


def test_erase_leaves_no_hash_of_the_person(ledger: Ledger) -> None:
    made = delivered(ledger)
    answered(ledger)
    hashes = [ledger.hash_of(one) for one in (ANN, "Question one", "one@example.com", "token-one", "@customer.example")]
    assert all(one in dumped(ledger) for one in hashes)
    known = ledger.known_of("One@Customer.Example")
    assert known.cases == (("crm", CASE),)
    erased = ledger.erase("One@Customer.Example", ("token-one", "token-one.reply@ours.example"))
    assert (erased.messages, erased.participations, erased.replies) == (1, 1, 1)
    assert erased.links == 3
    left = dumped(ledger)
    assert [one for one in hashes if one in left] == []
    assert "customer.example" not in left
    assert ledger.known_of(ANN).cases == ()
    assert ledger.where(ANN) == []
    # What was done stays known by its key, so the mail does not become a second case.
    assert ledger.state([made])[made].state == "delivered"
    assert ledger.claim(made) is None


def test_erase_spares_everybody_else_in_a_shared_case(ledger: Ledger) -> None:
    delivered(ledger, "one", 1)
    delivered(ledger, "two", 2)
    ledger.erase(ANN)
    assert ledger.conversation("crm", ["one@example.com"]) == []
    assert ledger.conversation("crm", ["two@example.com"])
    assert ledger.is_participant("crm", CASE.id, "two@customer.example")
    assert ledger.where("two@customer.example")


def test_erase_of_somebody_who_was_only_copied(ledger: Ledger) -> None:
    made = routed(ledger)
    claim = ledger.claim(made)
    assert claim
    ledger.settle(
        claim, Delivered(CASE), link=Link("crm", CASE, ("one@example.com",), (ANN, "copied@elsewhere.example"))
    )
    assert ledger.known_of("copied@elsewhere.example").cases == (("crm", CASE),)
    assert ledger.erase("copied@elsewhere.example").participations == 1
    assert ledger.hash_of("copied@elsewhere.example") not in dumped(ledger)
    assert ledger.is_participant("crm", CASE.id, ANN)


def test_erase_says_what_is_under_way_and_lets_it_go_on(ledger: Ledger) -> None:
    made = routed(ledger)
    assert ledger.known_of(ANN).unfinished == 1
    ledger.erase(ANN)
    assert ledger.claim(made)


def test_erase_of_a_stranger_changes_nothing(ledger: Ledger) -> None:
    delivered(ledger)
    before = {table: rows(ledger, table) for table in PERSONAL if table != "events"}
    erased = ledger.erase("nobody@nowhere.example")
    assert set(vars(erased).values()) == {0}
    assert {table: rows(ledger, table) for table in before} == before


@pytest.mark.parametrize("address", ["", "@", "%", "ann@example.com' OR 1=1"])
def test_erase_of_nonsense_is_harmless(ledger: Ledger, address: str) -> None:
    delivered(ledger)
    ledger.record(slot(9), facts("bare", author="", message_id="", subject=""), [])
    ledger.erase(address)
    assert ledger.where(ANN)
