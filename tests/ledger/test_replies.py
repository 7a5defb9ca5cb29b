"""Automatic answers in the ledger: once for each key, within the budgets, whoever asks how often (I5)."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from connectors.contract import CaseRef
from tests.ledger.conftest import Open
from tests.ledger.samples import digest
from tests.ledger.test_privacy import dumped
from worker.ledger import Ledger, ReplyAsk, ReplyLimits

PLENTY = ReplyLimits(recipient=1000, domain=1000, case=1000, total=1000)


def asked(name: str = "one", recipient: str = "ann@customer.example", case: str = "C-1") -> ReplyAsk:
    return ReplyAsk(
        key=digest(f"reply {name}")[:40],
        identity=digest(name),
        template="billing",
        connector="crm",
        case=CaseRef(case, case),
        recipient=recipient,
        message_ids=(f"{name}.reply@ours.example",),
    )


def test_permission_is_given_once(ledger: Ledger) -> None:
    first = ledger.begin_reply(asked(), PLENTY)
    assert (first.granted, first.state) == (True, "sending")
    again = ledger.begin_reply(asked(), PLENTY)
    assert (again.granted, again.state) == (False, "sending")
    assert not ledger.end_reply(asked().key, "somebody else", "sent")
    assert ledger.end_reply(asked().key, first.call, "sent")
    assert not ledger.end_reply(asked().key, first.call, "failed")
    assert ledger.begin_reply(asked(), PLENTY).state == "sent"
    assert ledger.suppress_reply(asked(), "late").state == "sent"
    assert [one.kind for one in ledger.events_of(asked().key)] == ["reply_begun", "reply_sent"]


def test_i5_of_many_workers_one_may_send(opened: Open) -> None:
    ledgers = [opened(f"worker {number}") for number in range(3)]
    with ThreadPoolExecutor(9) as pool:
        grants = list(pool.map(lambda number: ledgers[number % 3].begin_reply(asked(), PLENTY), range(18)))
    assert [one.granted for one in grants].count(True) == 1


def test_many_workers_together_draw_no_more_than_the_budget(opened: Open) -> None:
    ledgers = [opened(f"worker {number}") for number in range(3)]
    limits = replace(PLENTY, domain=7)
    with ThreadPoolExecutor(9) as pool:
        grants = list(
            pool.map(
                lambda n: ledgers[n % 3].begin_reply(asked(str(n), f"{n}@customer.example", str(n)), limits), range(30)
            )
        )
    assert [one.granted for one in grants].count(True) == 7
    assert {one.state for one in grants} == {"sending", "suppressed"}


@pytest.mark.parametrize(
    ("limits", "others", "words"),
    [
        (replace(PLENTY, recipient=2), [asked("2", case="2"), asked("3", case="3")], "address"),
        (replace(PLENTY, domain=1), [asked("2", "ben@Customer.example", "2")], "domain"),
        (replace(PLENTY, case=1), [asked("2", "ben@other.example")], "conversation"),
        (replace(PLENTY, total=1), [asked("2", "ben@other.example", "2")], "within an hour"),
        (replace(PLENTY, total=0), [], "within an hour"),
    ],
)
def test_each_budget_ends(ledger: Ledger, limits: ReplyLimits, others: list[ReplyAsk], words: str) -> None:
    for other in others:
        assert ledger.begin_reply(other, limits).granted
    refused = ledger.begin_reply(asked(), limits)
    assert (refused.granted, refused.state) == (False, "suppressed")
    assert words in refused.why
    assert ledger.reply_state(asked().key) == ("suppressed", refused.why)
    assert ledger.begin_reply(asked(), PLENTY).state == "suppressed"


def test_the_windows_move_on(ledger: Ledger) -> None:
    limits = ReplyLimits(recipient=1, domain=1, case=5, total=1)
    assert ledger.begin_reply(asked("1"), limits).granted
    _age(ledger, 3700)
    assert "24 hours" in ledger.begin_reply(asked("2"), limits).why
    assert ledger.begin_reply(asked("3", "ben@customer.example"), limits).granted
    _age(ledger, 24 * 3600)
    assert ledger.begin_reply(asked("4"), limits).granted


def test_what_surely_was_not_sent_costs_nothing(ledger: Ledger) -> None:
    limits = ReplyLimits(recipient=1, domain=1, case=1, total=1)
    for number in range(3):
        grant = ledger.begin_reply(asked(str(number)), limits)
        assert grant.granted
        ledger.end_reply(asked(str(number)).key, grant.call, "failed", "550 nobody")


def test_crash_points_11_and_12_maybe_sent_is_never_repeated(opened: Open, url: str) -> None:
    """A process dies between intent and result."""
    code = (
        "from worker.ledger import *; from connectors.contract import CaseRef; import os\n"
        f"ask = ReplyAsk(key={asked().key!r}, identity='i', template='t', connector='crm', case=CaseRef('1', '1'),"
        " recipient='ann@customer.example')\n"
        f"grant = Ledger.open({url!r}).begin_reply(ask, ReplyLimits(recipient=9, domain=9, case=9, total=9))\n"
        "print(grant.granted, flush=True); os._exit(9)"
    )
    died = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert died.stdout == "True\n", died.stderr
    ledger = opened()
    grant = ledger.begin_reply(asked(), PLENTY)
    assert (grant.granted, grant.state) == (False, "unsure")
    assert "maybe sent, not repeated" in grant.why
    assert ledger.begin_reply(asked("2", case="1"), replace(PLENTY, case=1)).state == "suppressed"


def test_what_nobody_asks_about_again_is_put_down_as_unsure(ledger: Ledger) -> None:
    grant = ledger.begin_reply(asked(), PLENTY)
    assert ledger.end_lost_replies() == 0
    _age(ledger, 4000)
    assert ledger.end_lost_replies() == 1
    assert ledger.reply_state(asked().key) == ("unsure", "an earlier attempt never came back: maybe sent, not repeated")
    assert not ledger.end_reply(asked().key, grant.call, "sent")


def test_the_answer_to_an_answer_finds_the_case(ledger: Ledger) -> None:
    ledger.begin_reply(asked(), PLENTY)
    assert [one.case.id for one in ledger.conversation("crm", ["one.reply@ours.example"])] == ["C-1"]


def test_no_address_is_written(ledger: Ledger) -> None:
    ledger.begin_reply(asked(recipient="CanaryPerson@customer.example"), PLENTY)
    ledger.suppress_reply(asked("2", "CanaryPerson@customer.example"), "author CanaryPerson@customer.example")
    grant = ledger.begin_reply(asked("3", "CanaryPerson@customer.example", "3"), PLENTY)
    ledger.end_reply(asked("3").key, grant.call, "failed", "550 CanaryPerson@customer.example is unknown")
    assert "canaryperson" not in dumped(ledger).casefold()


def _age(ledger: Ledger, seconds: float) -> None:
    with ledger._engines.writer.begin() as connection:
        connection.execute(text("UPDATE replies SET at_s = at_s - :s"), {"s": seconds})
