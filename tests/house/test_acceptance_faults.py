"""What must not stop the rest: ill-formed mails, a second worker, a second mailbox, a mailbox out of reach."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dovecot import Account
from tests.house.checker import desk_messages, is_marked, lying, verdict
from tests.house.harness import House, house_of, mailbox
from tests.house.ill_formed import ill_formed
from worker.bench.mails import mails

pytestmark = pytest.mark.dovecot


def test_ill_formed_mails_stop_nothing(tmp_path: Path, account: Account) -> None:
    """I12: each kind between sound mails; all become cases, or are held with a reason, and the sound ones all do."""
    broken = ill_formed()
    assert len(broken) >= 33
    sound = {mail.ref: mail.raw for mail in mails(len(broken), seed=5)}
    for bad, good in zip(broken.values(), sound.values(), strict=True):
        account.append(bad, good)
    house = house_of(tmp_path, account)
    run = house.once()
    tally = run.tally
    assert run.exceptions == [], run.stderr
    assert tally["delivered"] + tally["held"] + tally["discarded"] == 2 * len(broken)
    assert verdict(sound, lying(account), desk_messages(house.desk), "move:Processed").faults() == {}
    waiting = [one for one in lying(account) if one.folder == "INBOX"]
    assert len(waiting) == tally["held"]
    assert all("\\Flagged" in one.flags for one in waiting)
    assert len(desk_messages(house.desk)) == tally["delivered"]
    assert house.once().tally["fetched"] == 0


@pytest.mark.parametrize("ledgers", ["one", "two"])
def test_two_workers_at_once(tmp_path: Path, account: Account, ledgers: str) -> None:
    """I8: ``once`` from cron beside another one, on the same ledger and on separate ones."""
    injected = {mail.ref: mail.raw for mail in mails(120, seed=7)}
    account.append(*injected.values())
    house = house_of(tmp_path, account)
    (tmp_path / "other").mkdir()
    other = house_of(tmp_path / "other", account)
    other.connector = house.connector
    if ledgers == "one":
        other.database = house.database
    with house.started("once") as first, other.started("once") as second:
        assert {first.wait(100), second.wait(100)} <= {0, 3}, house.log.read_text() + other.log.read_text()
    for _ in range(3):
        last = house.once()
    assert last.code == 0, last.stderr
    found = verdict(injected, lying(account), desk_messages(house.desk), "move:Processed")
    assert found.doubled == ()
    assert found.lost == ()
    assert found.unmarked == ()


@pytest.mark.parametrize("order", ["at once", "one after the other"])
def test_same_mail_in_two_mailboxes_is_one_case(tmp_path: Path, account: Account, order: str) -> None:
    """I10: a mail to two of our addresses lies in both mailboxes, and is one case."""
    injected = {mail.ref: mail.raw for mail in mails(10, seed=9)}
    account.append(*injected.values())
    account.append(*injected.values(), folder="Second")
    house = house_of(tmp_path, account)
    house.mailboxes["second"] = mailbox(account, folder="Second", processed="seen")
    if order == "at once":
        # What the other mailbox's poll has in hand at that moment is left for later: exit 3.
        assert house.once().code in (0, 3)
    else:
        assert [house.once("--mailbox", name).code for name in house.mailboxes] == [0, 0]
        seen = lying(account)
        assert sum(one.folder == "Processed" for one in seen) == len(injected)
        assert sum(one.folder == "Second" and is_marked(one, "seen") for one in seen) == len(injected)
    assert sorted(message.ref for message in desk_messages(house.desk)) == sorted(injected)


_Spoil = Callable[[House, dict[str, object]], str]


def _wrong_password(house: House, bad: dict[str, object]) -> str:
    house.environment["WRONG"] = "not the password"
    bad["password_env"] = "WRONG"
    return "password"


def _dead_host(house: House, bad: dict[str, object]) -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bad["port"] = probe.getsockname()[1]
    return str(bad["port"])


def _unknown_folder(house: House, bad: dict[str, object]) -> str:
    bad["folder"] = "No Such Folder"
    return "No Such Folder"


@pytest.mark.parametrize("spoil", [_wrong_password, _dead_host, _unknown_folder])
def test_bad_mailbox_beside_a_good_one(tmp_path: Path, account: Account, spoil: _Spoil) -> None:
    """I12: one clear line, exit 4, the good one done, nothing touched in the bad one."""
    injected = {mail.ref: mail.raw for mail in mails(5, seed=11)}
    account.append(*injected.values())
    account.append(*injected.values(), folder="Other")
    house = house_of(tmp_path, account)
    bad = mailbox(account, folder="Other")
    word = spoil(house, bad)
    house.mailboxes = {"bad": bad, **house.mailboxes}
    run = house.verb("once")
    assert run.code == 4
    told = [line for line in run.stderr.splitlines() if "bad" in line and not line.startswith("{")]
    assert len(told) == 1, run.stderr
    assert word in told[0]
    assert "Traceback" not in run.stderr
    assert "not the password" not in run.stderr
    assert len(desk_messages(house.desk)) == len(injected)
    assert all(one.flags <= {"\\Recent"} for one in lying(account) if one.folder == "Other")
