"""status, held, show, where, retry, discard: what an operator is told, and what comes of an order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.house.installation import Operator, mail
from worker.ledger import Ledger

DAY_S = 86_400.0


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    """Three mails were polled: one is a case, one is held as spam, one has no route."""
    operator = Operator(tmp_path)
    operator.receive(
        mail("Broken lamp"),
        mail("Win money", X_Spam_Flag="YES"),
        mail("Lost", to="nobody@elsewhere.example"),
    )
    assert operator.asks("once")["mailboxes"][0]["held"] == 2
    return operator


def held_key(operator: Operator, connector: str | None) -> str:
    (row,) = [row for row in operator.asks("held")["held"] if row["connector"] == connector]
    return str(row["key"])


def test_held_names_each_message_with_its_reason(operator: Operator) -> None:
    rows = operator.asks("held")["held"]
    assert {row["state"] for row in rows} == {"held"}
    assert {row["connector"] for row in rows} == {"crm", None}
    assert all(row["why"] and row["first_seen_at"].endswith("Z") for row in rows)
    plain = operator.types("held")
    assert plain.code == 0
    assert plain.stdout.splitlines()[0].split()[:3] == ["key", "mailbox", "connector"]
    assert "no route" in plain.stdout
    assert "spam" in plain.stdout


def test_plain_tables_are_aligned(operator: Operator) -> None:
    heading, *rows = operator.types("held").stdout.splitlines()
    column = heading.index("mailbox")
    assert all(row[column:].startswith("support") and row[column - 1] == " " for row in rows)


def test_show_takes_a_unique_beginning_and_tells_every_step(operator: Operator) -> None:
    key = held_key(operator, "crm")
    told = operator.asks("show", key[:10].upper())
    assert told["delivery"]["key"] == key
    assert next(event["kind"] for event in told["events"]) == "routed"
    assert all(event["at"].endswith("Z") for event in told["events"])
    plain = operator.types("show", key)
    assert key in plain.stdout
    assert "routed" in plain.stdout


@pytest.mark.parametrize("verb", ["show", "retry", "discard"])
@pytest.mark.parametrize("key", ["ffffffffffffffff", "not a key", "%", ""])
def test_an_unknown_key_is_one_line_and_exit_1(operator: Operator, verb: str, key: str) -> None:
    run = operator.types(verb, key)
    assert run.code == 1
    assert "no delivery has a key that begins with" in run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert len(operator.asks("held")["held"]) == 2


def test_an_ambiguous_key_is_refused(operator: Operator) -> None:
    keys = [f"{number:040x}" for number in (0xABC0, 0xABC1)]
    with_two(operator, keys)
    run = operator.types("show", keys[0][:-1])
    assert run.code == 1
    assert "begins several keys" in run.stderr
    assert operator.types("show", keys[0]).code == 0


def with_two(operator: Operator, keys: list[str]) -> None:
    """Two more deliveries whose keys differ in the last digit only."""
    from worker.slot import Slot

    ledger = Ledger.open(f"sqlite:///{operator.ledger}")
    for uid, key in enumerate(keys, 900):
        ledger.hold_unrouted(Slot("support", "INBOX", 1, uid), None, key, "made for this test")
    ledger.close()


def test_where_finds_by_sender_subject_message_id_case_and_key(operator: Operator) -> None:
    (case,) = operator.asks("desk")["cases"]
    for query, count in (
        ("ann@customer.example", 3),
        ("ANN@customer.example", 3),
        ("Broken lamp", 1),
        ("<Broken-lamp@customer.example>", 1),
        (case["number"], 1),
        (case["key"], 1),
    ):
        trails = operator.asks("where", query)["trails"]
        assert len(trails) == count, query
    (trail,) = operator.asks("where", "Broken lamp")["trails"]
    assert trail["deliveries"][0]["case"]["number"] == case["number"]
    assert {"routed", "attempt", "delivered"} <= {event["kind"] for event in trail["events"]}
    assert case["number"] in operator.types("where", "Broken lamp").stdout


def test_where_says_when_it_knows_nothing(operator: Operator) -> None:
    run = operator.types("where", "stranger@example.org")
    assert run.code == 1
    assert not run.stdout
    assert "knows no mail" in run.stderr


def test_retry_delivers_what_was_held_and_no_second_time(operator: Operator) -> None:
    key = held_key(operator, "crm")
    assert operator.asks("retry", key) == {"retried": 1, "keys": [key]}
    assert operator.asks("once")["mailboxes"][0]["delivered"] == 1
    again = operator.types("retry", key)
    assert again.code == 1
    assert "delivered already, as case" in again.stderr
    assert len(operator.asks("desk")["cases"]) == 2


def test_retry_all_takes_in_an_unrouted_message_by_the_new_rules(operator: Operator) -> None:
    operator.routes = [*operator.routes, {"address": "*", "connector": "crm"}]
    assert operator.types("retry", "--all").stdout == "retried=2\n"
    assert operator.asks("once")["mailboxes"][0]["delivered"] == 2
    assert operator.asks("held")["held"] == []
    assert operator.types("held").stdout == ""
    assert operator.types("retry", "--all").stdout == "retried=0\n"


@pytest.mark.parametrize("words", [(), ("abc", "--all")])
def test_retry_wants_either_keys_or_all(operator: Operator, words: tuple[str, ...]) -> None:
    run = operator.types("retry", *words)
    assert run.code == 2
    assert "--all" in run.stderr
    assert len(operator.asks("held")["held"]) == 2


def test_one_wrong_key_among_several_changes_nothing(operator: Operator) -> None:
    key = held_key(operator, "crm")
    assert operator.types("retry", key, "ffffffffffffffff").code == 1
    assert operator.types("discard", key, "ffffffffffffffff").code == 1
    (case,) = operator.asks("desk")["cases"]
    assert operator.types("discard", key, case["key"]).code == 1
    assert len(operator.asks("held")["held"]) == 2


def test_discard_ends_it_and_the_mail_leaves_the_folder(operator: Operator) -> None:
    keys = [held_key(operator, None), held_key(operator, "crm")]
    assert operator.asks("discard", *keys) == {"discarded": 2, "keys": keys}
    assert operator.asks("once")["mailboxes"][0]["acknowledged"] == 2
    assert list(operator.mails.glob("*.eml")) == []
    assert len(operator.asks("desk")["cases"]) == 1
    assert operator.types("status").code == 0


def test_status_counts_and_calls_held_mail_stuck(operator: Operator) -> None:
    told = operator.asks("status")
    assert operator.types("status").code == 1
    (mailbox,) = told["mailboxes"]
    assert (mailbox["name"], mailbox["held"], mailbox["waiting"], mailbox["deferred"]) == ("support", 2, 0, 0)
    assert mailbox["last_poll"].endswith("Z")
    assert told["deliveries"]["delivered"] == 1
    assert told["connectors"] == [{"name": "crm", "type": "desk", "pauses": []}]
    assert told["leases"] == []
    assert len(told["stuck"]) == 1
    assert "2 held" in told["stuck"][0]


def test_status_of_a_new_installation_is_well(tmp_path: Path) -> None:
    operator = Operator(tmp_path)
    run = operator.types("status")
    assert run.code == 0
    assert "never" in run.stdout
    assert operator.asks("status")["mailboxes"][0]["last_poll"] is None


def test_status_names_a_paused_connector_with_its_reason(operator: Operator) -> None:
    ledger = Ledger.open(f"sqlite:///{operator.ledger}")
    ledger.pause("crm", "", None, "the desk is on fire")
    ledger.pause("crm", "17", 60.0, "slow down")
    ledger.close()
    told = operator.asks("status")
    assert {pause["bucket"] for pause in told["connectors"][0]["pauses"]} == {"", "17"}
    assert any("the desk is on fire" in line for line in told["stuck"])
    assert operator.types("status").code == 1
    assert "until a person acts: the desk is on fire" in operator.types("status").stdout


def test_status_notices_what_a_dead_worker_left_behind(operator: Operator) -> None:
    """A delivering row whose lease is long over, and mail that has waited for more than an hour."""
    age(operator, "UPDATE deliveries SET state = 'delivering', owner = 'host:1', lease_until_s = changed_at_s + 120")
    stuck = operator.asks("status")["stuck"]
    assert sum("left by a worker that is gone" in line for line in stuck) == 3
    assert any("has waited 1 d" in line for line in stuck)


def test_status_shows_who_polls_now(operator: Operator) -> None:
    ledger = Ledger.open(f"sqlite:///{operator.ledger}", owner="other-host:7")
    lease = ledger.acquire("support")
    told = operator.asks("status")
    assert [(one["name"], one["owner"]) for one in told["leases"]] == [("support", "other-host:7")]
    assert told["mailboxes"][0]["polled_now"] is True
    assert "other-host:7" in operator.types("status").stdout
    assert lease
    ledger.release(lease)
    ledger.close()
    assert operator.asks("status")["leases"] == []


def age(operator: Operator, change: str) -> None:
    """Make every delivery a day older, and change it."""
    import sqlite3

    db = sqlite3.connect(operator.ledger)
    db.execute("UPDATE deliveries SET first_seen_s = first_seen_s - ?, changed_at_s = changed_at_s - ?", (DAY_S, DAY_S))
    db.execute(change)
    db.commit()
    db.close()


@pytest.mark.parametrize("verb", [("held",), ("status",), ("where", "x"), ("show", "ab"), ("retry", "--all")])
def test_a_ledger_that_cannot_be_opened_is_one_line_and_exit_4(tmp_path: Path, verb: tuple[str, ...]) -> None:
    operator = Operator(tmp_path, database=f"sqlite:///{tmp_path}/missing/ledger.db")
    run = operator.types(*verb)
    assert run.code == 4
    assert "worker.database" in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_json_is_one_line_with_stable_keys(operator: Operator) -> None:
    run = operator.types("held", "--json")
    assert len(run.stdout.splitlines()) == 1
    assert set(json.loads(run.stdout)["held"][0]) == {
        *("key", "state", "why", "mailbox", "connector", "target", "route", "trace", "case", "attempts", "in_doubt"),
        *("identity", "slot", "first_seen_at", "changed_at", "next_attempt_at", "age_s"),
    }
