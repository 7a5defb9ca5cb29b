"""The command itself: starts fast, and no mistake of an operator's ends in a traceback."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.house.installation import Operator, mail
from worker.cli.app import app

_VERBS = (
    ("once",),
    ("run",),
    ("check",),
    ("release",),
    ("status",),
    ("held",),
    ("show", "abc"),
    ("where", "abc"),
    ("retry", "abc"),
    ("discard", "abc"),
    ("explain", "abc"),
    ("desk",),
)


def typed(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command as a process."""
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-m", "worker", *words]
    return subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("words", [("--help",), ("once", "--help")])
def test_help_costs_less_than_0_4_s_of_cpu(tmp_path: Path, words: tuple[str, ...]) -> None:
    costs = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = typed(*words, folder=tmp_path)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0
        costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(costs) < 0.4


@pytest.mark.parametrize("verb", _VERBS, ids=lambda verb: verb[0])
def test_missing_settings_are_one_line_and_exit_2(
    tmp_path: Path, verb: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(app, [*verb, "--settings", "nowhere.toml"], catch_exceptions=False)
    assert run.exit_code == 2
    assert "nowhere.toml" in run.stderr
    assert "mail-to-case init" in run.stderr
    assert not run.stdout
    assert list(tmp_path.iterdir()) == []


def test_no_traceback_from_the_process_either(tmp_path: Path) -> None:
    run = typed("status", folder=tmp_path)
    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1
    assert "Traceback" not in run.stderr


def test_wrong_settings_are_all_told_at_once(tmp_path: Path) -> None:
    operator = Operator(tmp_path, worker={"poll_second": 5}, connector={"type": "dsk", "path": "desk"})
    run = operator.types("status")
    assert run.code == 2
    assert "poll_seconds" in run.stderr
    assert "connectors.crm" in run.stderr


def test_the_whole_way_as_processes(tmp_path: Path) -> None:
    """What a cron line and a script see: once, desk, status, where."""
    operator = Operator(tmp_path)
    operator.receive(mail("Broken lamp"))
    house = operator.house
    assert house.verb("once").stdout.startswith("listed=1 fetched=1 delivered=1 ")
    assert "Broken lamp" in house.verb("desk").stdout
    assert house.verb("status").code == 0
    assert house.verb("where", "Broken lamp").code == 0
    assert house.verb("once").stdout.startswith("listed=0 fetched=0 delivered=0 ")


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    """``mail-to-case held | head -1``"""
    operator = Operator(tmp_path)
    settings = str(operator.house._written())
    command = [sys.executable, "-m", "worker", "status", "--settings", settings]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait(timeout=30)
