"""parse, explain, desk: what is read out of a mail, and what would become of it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.house.installation import Operator, mail

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
KEYS = {
    *("file", "from", "from_name", "to", "cc", "reply_to", "subject", "date", "message_id", "in_reply_to"),
    *("references", "text", "html", "reply_text", "attachments", "classification", "reasons", "may_auto_respond"),
    *("bounce_recipients", "bounce_status", "unpacked_tnef", "error"),
}


def parsed(*files: Path | str, **environment: str) -> list[dict[str, object]]:
    """The lines of ``parse``, from a process."""
    command = [sys.executable, "-m", "worker", "parse", *map(str, files)]
    env = {**os.environ, **environment}
    done = subprocess.run(command, capture_output=True, env=env, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path)


def snapshot(folder: Path) -> dict[str, str]:
    """Every file of a folder, but for the settings, with a digest of what it holds."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "settings.toml"]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_parse_gives_one_line_a_file_in_order_whatever_the_file_is(tmp_path: Path) -> None:
    """H-class: missing, a folder, empty, binary rubbish, a name that is no UTF-8."""
    good, empty, rubbish = tmp_path / "a.eml", tmp_path / "b.eml", tmp_path / "c.eml"
    odd = tmp_path / os.fsdecode(b"\xff.eml")
    good.write_bytes(mail("Grüße"))
    empty.write_bytes(b"")
    rubbish.write_bytes(os.urandom(2000))
    odd.write_bytes(mail("Odd name"))
    files = [good, tmp_path / "missing.eml", tmp_path, empty, rubbish, odd, Path("/dev/zero"), good]
    lines = parsed(*files)
    assert [line["file"] for line in lines] == [path.name for path in files]
    assert all(set(line) >= KEYS for line in lines)
    assert lines[0]["subject"] == "Grüße"
    assert lines[0]["from"] == "ann@customer.example"
    assert "No such file" in str(lines[1]["error"])
    assert lines[2]["error"]
    assert lines[5]["subject"] == "Odd name"
    assert lines[6]["error"]
    assert lines[-1] == lines[0]


def test_parse_gives_one_line_even_to_readers_that_know_other_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(mail("Lines").replace(b"Text of", "a\u2028b\u0085c".encode()))
    command = [sys.executable, "-m", "worker", "parse", str(tmp_path / "a.eml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert len(done.stdout.splitlines()) == 1


def test_parse_on_a_terminal_that_is_no_utf_8(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(mail("Grüße"))
    (line,) = parsed(tmp_path / "a.eml", PYTHONIOENCODING="ascii")
    assert line["subject"] == "Grüße"


@pytest.mark.corpus
def test_parse_takes_the_whole_corpus_quickly_and_fails_on_none() -> None:
    files = sorted(CORPUS.rglob("*.eml"))
    begun = time.monotonic()
    lines = parsed(*files)
    assert len(lines) == len(files) >= 250
    assert [line["file"] for line in lines] == [path.name for path in files]
    assert [line["file"] for line in lines if line["error"]] == []
    assert time.monotonic() - begun < 60


def test_explain_a_file_says_everything_and_leaves_nothing_behind(operator: Operator) -> None:
    """No ledger is begun, no desk is made, no CRM is written to."""
    operator.receive(mail("Invoice", to="Billing <billing@example.com>"))
    operator.types("held", "--help")
    before = snapshot(operator.folder)
    told = operator.asks("explain", str(operator.mails / "0000.eml"))
    assert snapshot(operator.folder) == before
    assert told["addresses"][0] == {
        "address": "billing@example.com",
        "detail": None,
        "header": "To",
        "believed": True,
        "position": told["addresses"][0]["position"],
    }
    assert [(rule["rule"], rule["matched"]) for rule in told["rules"]] == [(1, True), (2, False)]
    assert all(rule["why"] for rule in told["rules"])
    assert told["classification"] == "customer"
    assert told["recipient"] == "billing@example.com"
    (errand,) = told["connectors"]
    assert errand["policy"] == "deliver"
    assert errand["ledger"] is None
    assert "no ledger" in errand["conversation"]["why"]
    assert len(errand["requests"]) == 1
    assert errand["requests"][0]["method"] == "create"
    assert "Text of Invoice" in errand["requests"][0]["body"]


def test_explain_in_words(operator: Operator) -> None:
    operator.receive(mail("Invoice", to="Billing <billing@example.com>", X_Spam_Flag="YES"))
    run = operator.types("explain", str(operator.mails / "0000.eml"))
    assert run.code == 0
    for words in ("billing@example.com", "not matched", "matched", "verdict: spam", "policy: held", "connector crm"):
        assert words in run.stdout
    assert "would send" not in run.stdout


def test_explain_mail_that_no_rule_wants(operator: Operator) -> None:
    operator.receive(mail("Lost", to="nobody@elsewhere.example"))
    told = operator.asks("explain", str(operator.mails / "0000.eml"))
    assert told["route"] is None
    assert told["connectors"] == []
    assert "none matches" in operator.types("explain", str(operator.mails / "0000.eml")).stdout


def test_explain_a_key_reads_the_mail_without_touching_it(operator: Operator) -> None:
    operator.receive(mail("Win money", X_Spam_Flag="YES"))
    operator.asks("once")
    (row,) = operator.asks("held")["held"]
    before = set(operator.mails.rglob("*"))
    told = operator.asks("explain", row["key"][:12])
    assert told["message"]["subject"] == "Win money"
    assert told["mailbox"] == "support"
    assert told["connectors"][0]["ledger"]["state"] == "held"
    assert told["connectors"][0]["policy"] == "held"
    assert set(operator.mails.rglob("*")) == before
    operator.types("retry", row["key"])
    assert operator.asks("explain", row["key"])["connectors"][0]["policy"] == "deliver"
    assert operator.asks("once")["mailboxes"][0]["delivered"] == 1


def test_explain_a_reply_names_the_case_it_would_go_to(operator: Operator) -> None:
    operator.receive(mail("Broken lamp"))
    operator.asks("once")
    (case,) = operator.asks("desk")["cases"]
    reply = operator.folder / "reply.eml"
    reply.write_bytes(mail("Re Broken lamp", In_Reply_To="<Broken-lamp@customer.example>"))
    before = snapshot(operator.folder)
    (errand,) = operator.asks("explain", str(reply))["connectors"]
    assert snapshot(operator.folder) == before
    assert errand["conversation"]["case"]["number"] == case["number"]
    assert errand["requests"][0]["method"] == "append"


def test_explain_says_when_the_mail_is_no_longer_there(operator: Operator) -> None:
    operator.receive(mail("Broken lamp"))
    operator.asks("once")
    (case,) = operator.asks("desk")["cases"]
    run = operator.types("explain", case["key"])
    assert run.code == 1
    assert "no longer" in run.stderr


@pytest.mark.parametrize("what", ["missing.eml", "abc", "", "/"])
def test_explain_something_that_is_no_mail(operator: Operator, what: str) -> None:
    run = operator.types("explain", what)
    assert run.code == 1
    assert run.stderr.startswith("explain: ")
    assert not run.stdout
    operator.types("status")
    assert operator.types("explain", what).code == 1


def test_explain_shows_control_characters_as_nothing(operator: Operator) -> None:
    """H36: a mail cannot write to the operator's terminal."""
    operator.receive(mail("x").replace(b"Subject: x", b"Subject: =?utf-8?q?=1B]0;owned=07=1B[2Jx?="))
    run = operator.types("explain", str(operator.mails / "0000.eml"))
    assert run.code == 0
    assert "\x1b" not in run.stdout
    assert "\x07" not in run.stdout


def test_desk_shows_the_cases(operator: Operator) -> None:
    assert operator.asks("desk") == {"cases": []}
    operator.receive(mail("Broken lamp"), mail("Invoice", to="billing@example.com"))
    operator.asks("once")
    cases = operator.asks("desk")["cases"]
    assert sorted((case["subject"], case["priority"]) for case in cases) == [
        ("Broken lamp", "normal"),
        ("Invoice", "High"),
    ]
    assert set(cases[0]) == {
        *("id", "number", "subject", "status", "priority", "owner", "requester", "key", "messages"),
    }
    assert "Broken lamp" in operator.types("desk").stdout


def test_desk_wants_to_know_which_one(operator: Operator) -> None:
    run = operator.types("desk", "--connector", "other")
    assert run.code == 2
    assert "crm" in run.stderr


def test_desk_that_cannot_be_read(operator: Operator) -> None:
    (operator.folder / "desk").mkdir()
    (operator.folder / "desk" / "desk.db").write_text("no database at all, but long enough to be looked at" * 100)
    run = operator.types("desk")
    assert run.code == 4
    assert "connectors.crm" in run.stderr
    assert "Traceback" not in run.stderr
