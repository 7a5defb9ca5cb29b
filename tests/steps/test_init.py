"""`init` writes settings that load, and never over somebody's file."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.cli.init import CONNECTOR_KEYS, Answers, init_command, write_settings
from worker.settings import load

ANSWERS = Answers(host="imap.example.com", user="support@example.com", since=date(2026, 11, 1))
ENVIRON = {"MAILBOX_PASSWORD": "x", "ZENDESK_CLIENT_SECRET": "y"}


@pytest.mark.parametrize("kind", CONNECTOR_KEYS)
def test_what_is_written_loads(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "settings.toml"
    answers = Answers(host="imap.example.com", user="a@b.c", connector_type=kind, options=CONNECTOR_KEYS[kind])
    assert init_command(path, answers, force=False) == 0
    settings = load(path, ENVIRON)
    assert settings.connectors["desk"].options == dict(CONNECTOR_KEYS[kind])
    assert settings.mailboxes["support"].since == answers.since
    assert "MAILBOX_PASSWORD is not set" in capsys.readouterr().out


def test_an_existing_file_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("mine")
    assert init_command(path, ANSWERS, force=False) == 2
    assert path.read_text() == "mine"
    assert "--force" in capsys.readouterr().err
    assert init_command(path, ANSWERS, force=True) == 0
    assert path.read_text() == write_settings(ANSWERS)
    assert [file.name for file in tmp_path.iterdir()] == ["settings.toml"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert init_command(tmp_path / "no" / "settings.toml", ANSWERS, force=False) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_without_a_terminal_flags_are_asked_for(tmp_path: Path) -> None:
    path = str(tmp_path / "settings.toml")
    program = f"from worker.cli.init import *; raise SystemExit(init_command(Path({path!r}), None, False))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, "flags" in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


@given(*[st.text(max_size=12)] * 4)
def test_any_text_is_quoted(host: str, user: str, folder: str, option: str) -> None:
    written = tomllib.loads(
        write_settings(Answers(host=host, user=user, folder=folder, address=user, options={"path": option}))
    )
    mailbox = written["mailboxes"]["support"]
    assert (mailbox["host"], mailbox["user"], mailbox["folder"]) == (host, user, folder)
    assert written["connectors"]["desk"]["path"] == option


def test_questions_on_a_terminal(tmp_path: Path) -> None:
    """Enter takes what is usual; a wrong answer is asked for again; then check is offered."""
    path = tmp_path / "settings.toml"
    program = (
        "from worker.cli.init import *\n"
        f"raise SystemExit(init_command(Path({str(path)!r}), None, False, lambda path: print('CHECKED', path) or 7))"
    )
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **ENVIRON}
    )
    os.close(theirs)
    os.write(ours, b"me@example.org\nnonsense\ndesk\n\n\n\n\nnever\n2026-11-01\n\n\n\ny\n")
    said = _all_of(ours)
    assert child.wait(30) == 7
    assert "CHECKED" in said
    settings = load(path, ENVIRON)
    assert settings.mailboxes["support"].host == "imap.example.org"
    assert settings.mailboxes["support"].since == date(2026, 11, 1)


def _all_of(terminal: int) -> str:
    said = b""
    try:
        while select.select([terminal], [], [], 30)[0]:
            part = os.read(terminal, 4096)
            if not part:
                break
            said += part
    except OSError:
        # Linux tells the end of a terminal as an input/output error.
        pass
    finally:
        os.close(terminal)
    return said.decode()
