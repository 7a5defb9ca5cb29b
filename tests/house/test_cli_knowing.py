"""simulate, replay, canary, and what explain says of conditions: with a real mailbox, ledger and desk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.fakes.smtp_sink import SmtpSink
from tests.house.harness import Run
from tests.house.installation import Operator, mail
from worker.cli.app import app
from worker.demo.server import TestMailbox

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
PASSWORD = "KNOWING_PASSWORD"

TWELVE = (
    {"spam_mark": True, "connector": "crm", "spam": "discard"},
    {"subject": "[VIP]", "connector": "crm", "fields": {"priority": "High", "queue": "{tag}"}},
    {"subject": r"re:(?:order|bestellung) #?(\d+)", "connector": "crm", "fields": {"queue": "Order {1}"}},
    {"domain": "*.google.com, google.com", "connector": "crm", "fields": {"queue": "{sender.domain}"}},
    {"attachment": "*.pdf", "connector": "crm", "fields": {"queue": "Bills"}},
    {"attachment": "type:image/*", "connector": "crm", "fields": {"queue": "Pictures"}},
    {"size": ">100kB", "connector": "crm", "fields": {"queue": "Big"}},
    {"language": "ja", "connector": "crm", "fields": {"queue": "Tokyo"}},
    {"language": "de, fr, es", "connector": "crm", "fields": {"queue": "Europe {language}"}},
    {"header": "X-Priority: 1", "connector": "crm", "fields": {"priority": "High"}},
    {"sender": "re:.*(?:daemon|postmaster).*", "connector": "crm", "automatic": "hold"},
    {"address": "*", "connector": "crm"},
)


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path)


def tagged(content: bytes) -> bytes:
    return content.replace(b"Subject: Lamp", b"Subject: [Lamp]")


def typed(*words: str) -> Run:
    done = CliRunner().invoke(app, [*words], catch_exceptions=False)
    return Run(done.exit_code, done.stdout, done.stderr)


def kept(operator: Operator, name: str, **changes: Any) -> Path:
    """The settings as they would be with these changes, beside the present ones."""
    other = replace(operator, **changes)
    written = other.house._written().read_text()
    path = operator.folder / name
    path.write_text(written)
    operator.house._written()
    return path


def snapshot(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".toml",)]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def simulated(operator: Operator, new: Path, *words: str) -> Run:
    present = operator.house._written()
    return typed("simulate", "--settings", str(new), "--present", str(present), "--since", "30d", *words)


def test_simulate_says_old_and_new_and_changes_nothing(operator: Operator) -> None:
    operator.receive(mail("One", to="billing@example.com"), mail("Two"), mail("Three", to="x@elsewhere.example"))
    operator.asks("once")
    operator.receive(mail("Four", X_Spam_Flag="YES"))
    operator.types("held")
    new = kept(operator, "new.toml", routes=({"address": "*@example.com", "connector": "crm", "spam": "discard"},))
    ledger = operator.ledger.read_bytes()
    # The server numbers what it has not seen yet; from then on not even its own notes may change.
    simulated(operator, new)
    before = snapshot(operator.mails)
    told = json.loads(simulated(operator, new, "--json").stdout)
    assert (told["mails"], told["differences"]) == (4, 2)
    lines = {line["subject"]: line for line in told["lines"]}
    assert lines["One"]["old"]["fields"] == {"crm": {"priority": "High"}}
    assert lines["One"]["new"]["fields"] == {"crm": {}}
    assert not lines["Two"]["differs"]
    assert lines["Three"]["new"]["outcome"] == "held"
    assert (lines["Four"]["old"]["outcome"], lines["Four"]["new"]["outcome"]) == ("held", "discarded")
    assert [line["differs"] for line in told["lines"]] == [True, True, False, False]
    shown = simulated(operator, new)
    assert shown.code == 0
    assert "4 mails, of which 2 would end differently" in shown.stdout
    assert snapshot(operator.mails) == before
    assert operator.ledger.read_bytes() == ledger


def test_simulate_names_a_mistake_of_the_new_settings(operator: Operator) -> None:
    operator.receive(mail("One"))
    new = operator.folder / "new.toml"
    new.write_text("[[routes]]\n")
    assert simulated(operator, new).code == 2
    run = typed("simulate", "--settings", str(operator.house._written()), "--present", "x.toml", "--since", "soon")
    assert run.code == 2


@pytest.mark.corpus
def test_twelve_rules_on_the_corpus(operator: Operator) -> None:
    """Each of 30 hard mails is explained rule by rule, and simulated as explained."""
    operator.routes = TWELVE
    operator.receive(*(path.read_bytes() for path in sorted(CORPUS.glob("*.eml"))[::8]))
    files = sorted(operator.mails.glob("*.eml"))
    assert len(files) >= 20
    settings = operator.house._written()
    told = json.loads(simulated(operator, settings, "--json").stdout)
    assert told["mails"] == len(files)
    assert told["differences"] == 0
    by_subject: dict[str | None, str] = {line["message_id"]: line["old"]["route"] for line in told["lines"]}
    for path in files[:24]:
        seen = operator.asks("explain", str(path))
        assert len(seen["rules"]) == 12
        for rule in seen["rules"]:
            assert rule["why"]
            assert rule["conditions"]
            won = all(one["holds"] for one in rule["conditions"])
            assert rule["matched"] <= won
        first = next(rule for rule in seen["rules"] if all(one["holds"] for one in rule["conditions"]))
        assert first["matched"]
        assert seen["route"].startswith(f"routes[{first['rule']}]")
        assert by_subject[seen["message"]["message_id"]] == seen["route"] or seen["message"]["message_id"] is None


def test_explain_says_what_the_border_the_reply_and_the_fields_come_to(operator: Operator) -> None:
    operator.routes = (
        {"address": "*", "connector": "crm", "fields": {"queue": "{tag}", "priority": "{sender.domain}"}},
    )
    operator.receive(tagged(mail("Lamp broken and not repaired for the third time, please help")))
    told = operator.asks("explain", str(operator.mails / "0000.eml"))
    assert told["authentication"]["dmarc"] == "unknown"
    assert told["authentication"]["authenticated"] is False
    assert told["language"] == "en"
    assert told["outcome"] == "deliver"
    assert told["reply"] == {
        "template": None,
        "recipient": None,
        "why": "the route has no reply, or makes no case of it",
    }
    assert told["connectors"][0]["fields"] == {"queue": "Lamp", "priority": "customer.example"}
    shown = operator.types("explain", str(operator.mails / "0000.eml")).stdout
    for words in ("author: not authenticated", "language: en", "automatic answer: none", "fields: queue = Lamp"):
        assert words in shown


def test_fields_reach_the_crm_filled_in(operator: Operator) -> None:
    operator.routes = ({"address": "*", "connector": "crm", "fields": {"queue": "{tag}"}},)
    operator.receive(tagged(mail("Lamp broken")))
    operator.asks("once")
    operator.types("desk")
    assert "Lamp" in operator.types("desk").stdout.splitlines()[1]


def test_replay_asks_and_then_makes_one_case_of_each(operator: Operator) -> None:
    """Held by a rule, discarded by a rule, wanted by no route: delivered once the settings say so, and only once."""
    operator.routes = (
        {"address": "spam@example.com", "connector": "crm"},
        {"address": "gone@example.com", "connector": "crm", "spam": "discard"},
    )
    operator.receive(
        mail("Held", to="spam@example.com", X_Spam_Flag="YES"),
        mail("Gone", to="gone@example.com", X_Spam_Flag="YES"),
        mail("Lost", to="lost@example.com"),
    )
    operator.asks("once")
    assert operator.asks("desk")["cases"] == []
    operator.routes = ({"address": "*@example.com", "connector": "crm", "spam": "deliver"},)
    asked = operator.types("replay", "--since", "1d")
    assert asked.code == 2
    assert "3 mails would be put through again; give --yes" in asked.stderr
    assert operator.asks("desk")["cases"] == []
    told = operator.asks("replay", "--since", "1d", "--yes")
    assert sorted(one["subject"] for one in told["replayed"]) == ["Gone", "Held", "Lost"]
    assert {one["outcome"] for one in told["replayed"]} == {"delivered"}
    assert sorted(case["subject"] for case in operator.asks("desk")["cases"]) == ["Gone", "Held", "Lost"]
    assert operator.asks("replay", "--since", "1d", "--yes") == {"replayed": []}
    operator.asks("once")
    assert len(operator.asks("desk")["cases"]) == 3
    assert operator.asks("held") == {"held": []}
    assert list(operator.mails.glob("*.eml")) == []


def test_replay_leaves_alone_what_the_rules_still_hold_and_what_a_person_discarded(operator: Operator) -> None:
    operator.receive(mail("Spam", X_Spam_Flag="YES"), mail("No", X_Spam_Flag="YES"))
    operator.asks("once")
    assert operator.asks("replay", "--since", "1d", "--yes") == {"replayed": []}
    keys = {row["why"] + row["key"]: row["key"] for row in operator.asks("held")["held"]}
    operator.types("discard", next(iter(keys.values())))
    operator.routes = ({"address": "*", "connector": "crm", "spam": "deliver"},)
    assert len(operator.asks("replay", "--since", "1d", "--yes")["replayed"]) == 1


def test_a_verification_is_held_and_shown_with_its_code(operator: Operator) -> None:
    asked = mail("(#123456789) Gmail Forwarding Confirmation - Receive Mail from ann@y.org")
    operator.receive(asked.replace(b"Ann Lee <ann@customer.example>", b"forwarding-noreply@google.com"))
    operator.asks("once")
    (row,) = operator.asks("held")["held"]
    assert "verification of forwarding (Gmail)" in row["why"]
    assert "code 123456789" in operator.types("show", row["key"]).stdout
    assert operator.asks("desk")["cases"] == []


def test_the_junk_folder_is_swept(operator: Operator) -> None:
    operator.mailbox = {"embedded": str(operator.mails), "junk": "Junk"}
    operator.receive(mail("Good"))
    (operator.mails / "Junk").mkdir()
    (operator.mails / "Junk" / "1.eml").write_bytes(mail("Win money"))
    tally = operator.asks("once")["mailboxes"]
    assert {one["mailbox"]: (one["delivered"], one["held"]) for one in tally} == {
        "support": (1, 0),
        "support:junk": (0, 1),
    }
    (row,) = operator.asks("held")["held"]
    assert "it lies in the junk folder" in row["why"]
    assert operator.asks("explain", row["key"])["spam_mark"] == "it lies in the junk folder"


@pytest.fixture
def served(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestMailbox]:
    """A mailbox on the net that takes mail by SMTP: what is sent to it lies there."""
    operator.mails.mkdir()
    with TestMailbox(operator.mails) as server:
        monkeypatch.setenv(PASSWORD, server.password)
        operator.mailbox = {
            "host": "127.0.0.1",
            "port": server.imap_port,
            "security": "plaintext",
            "user": server.user,
            "password_env": PASSWORD,
        }
        yield server


def canary(operator: Operator, port: int, *words: str) -> Run:
    path = operator.house._written()
    path.write_text(f'{path.read_text()}\n[smtp]\nurl = "smtp://127.0.0.1:{port}"\n')
    sent = ("canary", "help@example.com", "--from", "probe@example.net", "--settings", str(path), *words)
    return typed(*sent)


def test_a_canary_comes_back_by_the_right_route(operator: Operator, served: TestMailbox) -> None:
    run = canary(operator, served.smtp_port, "--timeout", "20s", "--json")
    told = json.loads(run.stdout)
    assert (run.code, told["arrived"], told["wrong"]) == (0, True, [])
    assert told["route"] == told["expected_route"] == "routes[2] *@example.com"
    assert told["from_intact"] is True
    assert told["road"]
    operator.asks("once")
    assert operator.asks("desk")["cases"] == []
    (trail,) = operator.asks("where", told["message_id"])["trails"]
    assert trail["deliveries"][0]["state"] == "discarded"
    assert trail["deliveries"][0]["why"].startswith("canary, as it should be")


def test_a_canary_that_does_not_come_is_late(operator: Operator, served: TestMailbox) -> None:
    sink = SmtpSink().start()
    try:
        run = canary(operator, sink.port, "--timeout", "2s")
    finally:
        sink.stop()
    assert run.code == 1
    assert run.stdout.startswith("late: ")
    assert len(sink.messages) == 1


def test_a_canary_wants_smtp(operator: Operator, served: TestMailbox) -> None:
    run = operator.types("canary", "help@example.com", "--from", "probe@example.net")
    assert run.code == 2
    assert "[smtp]" in run.stderr
