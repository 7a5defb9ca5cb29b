"""check: every finding with its cure, nothing written, and a mended connector opened again."""

from __future__ import annotations

import base64
import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from tests.house.installation import Operator, mail
from worker.cli.checking_oauth import ready_made
from worker.demo.server import TestMailbox
from worker.ledger import Ledger
from worker.settings import OAuth

WITH_TOKEN = OAuth(provider="generic", token_env="CHECK_TOKEN")


def jwt(payload: object) -> str:
    """A JSON Web Token without a signature worth the name."""
    return f"e30.{base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip('=')}.sig"


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    """An installation with two mails waiting."""
    operator = Operator(tmp_path)
    operator.receive(mail("One"), mail("Two"))
    return operator


@pytest.fixture
def closed_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def findings(operator: Operator, where: str) -> list[dict[str, Any]]:
    return [one for one in operator.asks("check")["findings"] if one["where"] == where]


def test_a_sound_installation(operator: Operator) -> None:
    before = {path: path.read_bytes() for path in operator.mails.rglob("*.eml")}
    told = operator.asks("check")
    assert told["stops_mail"] is False
    assert operator.types("check").code == 0
    assert {one["severity"] for one in told["findings"]} == {"ok"}
    assert {one["where"] for one in told["findings"]} == {
        "settings",
        "worker.database",
        "mailboxes.support",
        "connectors.crm",
    }
    facts = "\n".join(one["fact"] for one in findings(operator, "mailboxes.support"))
    for words in ("2 messages wait", "UIDVALIDITY", "MOVE", "is moved", "Processed", "IDLE", "\\Seen"):
        assert words in facts
    assert {path: path.read_bytes() for path in operator.mails.rglob("*.eml")} == before
    assert not (operator.folder / "desk").exists()


def test_plain_lines_are_severity_place_fact_and_cure(operator: Operator) -> None:
    operator.mailbox = {"embedded": str(operator.mails), "processed": "label:Done"}
    run = operator.types("check")
    assert run.code == 1
    (line,) = [line for line in run.stdout.splitlines() if line.startswith("stops mail")]
    assert "  mailboxes.support  " in line
    assert "labels exist on Gmail only" in line
    assert "→" in line


def test_a_closed_port_stops_mail_and_the_rest_is_still_checked(
    operator: Operator, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHECK_PASSWORD", "secret")
    operator.mailbox = {"host": "127.0.0.1", "port": closed_port, "security": "plaintext", "user": "u"}
    operator.mailbox |= {"password_env": "CHECK_PASSWORD"}
    told = operator.asks("check")
    assert told["stops_mail"] is True
    (finding,) = [one for one in told["findings"] if one["where"] == "mailboxes.support"]
    assert finding["severity"] == "stops mail"
    assert str(closed_port) in finding["fact"]
    assert finding["cure"]
    assert any(one["where"] == "connectors.crm" for one in told["findings"])


def test_a_wrong_password_names_its_variable_and_not_its_value(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHECK_PASSWORD", "mistyped-secret")
    with TestMailbox(operator.mails, password="right") as server:
        operator.mailbox = {"host": "127.0.0.1", "port": server.imap_port, "security": "plaintext"}
        operator.mailbox |= {"user": server.user, "password_env": "CHECK_PASSWORD"}
        run = operator.types("check")
    assert run.code == 1
    assert "mailboxes.support.password_env" in run.stdout
    assert "mistyped-secret" not in run.stdout + run.stderr


def test_a_missing_folder_stops_mail(operator: Operator) -> None:
    operator.mailbox = {"embedded": str(operator.mails), "folder": "Nowhere"}
    (finding,) = findings(operator, "mailboxes.support")
    assert finding["severity"] == "stops mail"
    assert "mailboxes.support.folder" in finding["fact"]


def test_an_embedded_folder_that_cannot_be_made(operator: Operator) -> None:
    (operator.folder / "file").write_text("in the way")
    operator.mailbox = {"embedded": str(operator.folder / "file" / "mail")}
    (finding,) = findings(operator, "mailboxes.support")
    assert finding["severity"] == "stops mail"
    assert "embedded" in finding["cure"]


def test_an_unwritable_desk_stops_mail_and_a_mended_one_is_opened_again(operator: Operator) -> None:
    """The pause that a dead connector got is over once check has seen it well."""
    (operator.folder / "file").write_text("in the way")
    operator.connector = {"type": "desk", "path": str(operator.folder / "file" / "desk")}
    assert operator.types("once").code == 4
    assert operator.asks("check")["stops_mail"] is True
    assert operator.asks("status")["connectors"][0]["pauses"]
    operator.connector = {}
    said = [one["fact"] for one in findings(operator, "connectors.crm")]
    assert any("was paused" in fact for fact in said)
    assert operator.asks("status")["connectors"][0]["pauses"] == []
    assert not any("was paused" in one["fact"] for one in findings(operator, "connectors.crm"))


def test_a_great_backlog_is_a_warning_that_names_since(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.cli.checking_mail.BACKLOG_MESSAGES", 1)
    (finding,) = [one for one in findings(operator, "mailboxes.support") if one["severity"] == "warning"]
    assert "2 messages wait" in finding["fact"]
    assert "mailboxes.support.since" in finding["cure"]
    operator.mailbox = {"embedded": str(operator.mails), "since": "2020-01-01"}
    assert {one["severity"] for one in findings(operator, "mailboxes.support")} == {"ok"}


@pytest.mark.parametrize(
    ("hidden", "processed", "severity", "words"),
    [
        ({"MOVE"}, "move:Done", "ok", "is copied, and then is deleted (UID EXPUNGE)"),
        ({"MOVE", "UIDPLUS"}, "move:Done", "warning", "stays marked as deleted"),
        ({"UIDPLUS"}, "delete", "warning", "stays marked as deleted"),
        ({"KEYWORDS"}, "keyword:Done", "stops mail", "keeps no keywords"),
        ({"KEYWORDS"}, "seen", "ok", "is marked as read"),
        (set(), "keyword:Done", "ok", "gets the keyword Done"),
        ({"IDLE"}, "seen", "ok", "has no IDLE"),
    ],
)
def test_what_processed_will_do_on_this_server(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, hidden: set[str], processed: str, severity: str, words: str
) -> None:
    monkeypatch.setenv("CHECK_PASSWORD", "right")
    with TestMailbox(operator.mails, password="right", capabilities_hidden=frozenset(hidden)) as server:
        operator.mailbox = {"host": "127.0.0.1", "port": server.imap_port, "security": "plaintext"}
        operator.mailbox |= {"user": server.user, "password_env": "CHECK_PASSWORD", "processed": processed}
        found = findings(operator, "mailboxes.support")
    (finding,) = [one for one in found if words in one["fact"]]
    assert finding["severity"] == severity


@pytest.mark.parametrize(
    ("left_s", "said"), [(3660, ("warning", "1 h 1 min")), (90_060, ("ok", "1 d 1 h")), (-5, ("warning", "0 s"))]
)
def test_a_bearer_token_that_says_when_it_ends(
    monkeypatch: pytest.MonkeyPatch, left_s: int, said: tuple[str, str]
) -> None:
    monkeypatch.setenv("CHECK_TOKEN", jwt({"exp": time.time() + left_s}))
    (finding,) = ready_made(WITH_TOKEN)
    assert (finding.severity.value, finding.fact) == (said[0], f"the bearer token ends in {said[1]}")


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "..", jwt(["exp"]), jwt({"exp": "soon"}), jwt({})])
def test_a_bearer_token_that_does_not(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("CHECK_TOKEN", token)
    assert list(ready_made(WITH_TOKEN)) == []


def test_sqlite_on_a_dyno(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNO", "worker.1")
    refused = operator.types("check")
    assert refused.code == 2
    assert "heroku-postgresql" in refused.stderr
    operator.worker = {"allow_ephemeral_database": True}
    assert [one["severity"] for one in findings(operator, "worker.database")] == ["ok", "warning"]


def test_a_ledger_that_cannot_be_opened_is_a_finding(operator: Operator) -> None:
    operator.database = f"sqlite:///{operator.folder}/missing/ledger.db"
    (finding,) = findings(operator, "worker.database")
    assert finding["severity"] == "stops mail"


def test_release_migrates_and_checks(operator: Operator) -> None:
    assert operator.types("release").code == 0
    ledger = Ledger.look(f"sqlite:///{operator.ledger}")
    assert ledger is not None
    ledger.close()
