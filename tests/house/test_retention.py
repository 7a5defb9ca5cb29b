"""What was forgotten and turns up again: the CRM is asked for its key, and there is no second case (I6)."""

from __future__ import annotations

import imaplib

import pytest

from connectors.contract import Capabilities, Dedupe
from tests.fakes.rigged import RiggedCrm
from tests.house.core import Build, Core, mail, subjects
from worker.demo.server import PASSWORD, USER
from worker.retention import forget


def unmark(core: Core) -> None:
    """Somebody takes every mark away."""
    with imaplib.IMAP4("127.0.0.1", core.server.imap_port) as client:
        client.login(USER, PASSWORD)
        client.select("INBOX")
        client.store("1:*", "-FLAGS", "(Done)")


@pytest.mark.parametrize("dedupe", [Dedupe.NATIVE, Dedupe.SEARCH])
def test_i6_forgotten_mail_without_its_mark_is_found_by_its_key(core: Build, dedupe: Dedupe) -> None:
    at = core(crms={"crm": RiggedCrm(Capabilities(dedupe=dedupe))})
    at.receive(mail(1), mail(2))
    assert at.poll().delivered == 2
    ledger = at.house.ledger
    while ledger.forget_old(0.0):
        pass
    assert ledger.summary().deliveries == {}
    unmark(at)
    tally = at.poll(at.reach())
    assert (tally.delivered, subjects(at.crm)) == (2, ["Mail 1", "Mail 2"])
    assert at.crm.calls[-2:] == ["find", "find"]
    assert at.marked() == 2


def test_the_settings_say_how_long_and_whether(core: Build) -> None:
    at = core(worker={"retention_days": 0})
    at.receive(mail(1))
    at.poll()
    assert forget(at.house) == 0
    aged = at.another()
    with aged.ledger._engines.writer.begin() as connection:
        for table, columns in {
            "messages": ("first_seen_s",),
            "deliveries": ("changed_at_s",),
            "events": ("at_s",),
        }.items():
            for column in columns:
                connection.exec_driver_sql(f"UPDATE {table} SET {column} = {column} - 366 * 86400")
    assert forget(at.house) == 0
    assert aged.ledger.summary().deliveries == {"delivered": 1}
    at.worker = {"retention_days": 365}
    assert forget(at.another()) > 0
    assert aged.ledger.summary().deliveries == {}
